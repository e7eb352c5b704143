// What does it cost to wait in a queue of millions?
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "bench/machine_limits.h"
#include "bench/question.h"
#include "bench/queue_under_test.h"
#include "bench/random.h"

namespace flashsale::bench {
namespace {

constexpr std::size_t kBatch = QueueUnderTest::kBatch;

// One by one a join waits for memory, in a batch it need not.
const char* LimitName(std::size_t batch) {
  return batch == 1 ? "dependent load" : "independent update";
}
double LimitOf(MachineLimits& limits, std::size_t batch) {
  return batch == 1 ? limits.DependentLoad() : limits.IndependentUpdate();
}
const char* CallName(std::size_t batch) { return batch == 1 ? "one" : "batch"; }

// The order in which people leave, and those who are left are looked for.
struct ThinnedOut {
  explicit ThinnedOut(std::uint64_t users)
      : order(users), leavers(users / 3), stayers(users - users / 3) {}

  std::uint64_t Leaver(std::uint64_t i) const { return order[i]; }
  std::uint64_t Stayer(std::uint64_t i) const { return order[leavers + i % stayers]; }

  ScatteredOrder order;
  std::uint64_t leavers;
  std::uint64_t stayers;
};

// A queue of so many of whom a third has left, here and there.
std::shared_ptr<QueueUnderTest> ThinnedQueue(std::uint64_t seed, std::uint64_t users) {
  auto queue = std::make_shared<QueueUnderTest>(seed);
  const ThinnedOut who(users);
  queue->JoinAll(users);
  queue->Each(QueueVerb::kLeave, who.leavers, kBatch, Code::kDone,
              [&who](std::uint64_t i) { return who.Leaver(i); });
  return queue;
}

Question Fills(std::uint64_t users, std::size_t batch) {
  return {
      .name = fmt::format("queue_fill_{}_{}", CallName(batch), SizeName(users)),
      .asks = fmt::format("What does a join cost, {} a call, place told, over all the {} who "
                          "come to an empty queue, its growth included, against {} over the "
                          "memory that it takes in the end?",
                          batch, users, batch == 1 ? "a dependent load" : "an independent update"),
      .unit = "ns",
      .reference_name = LimitName(batch),
      .target = Target::RatioAtMost(batch == 1 ? 1 : 3),
      .prepare = [users, batch](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsAtQueue(s, users);
        return [users, batch, seed = s.seed, &limits]() -> Sample {
          QueueUnderTest queue(seed);
          return {.ours = queue.JoinAll(users, batch), .reference = LimitOf(limits, batch)};
        };
      }};
}

Question Joins(std::uint64_t users, std::size_t batch) {
  return {
      .name = fmt::format("queue_join_{}_{}", CallName(batch), SizeName(users)),
      .asks = fmt::format("What does a join cost, {} a call, place told, while {} wait "
                          "already, against {} over the queue's memory?",
                          batch, users, batch == 1 ? "a dependent load" : "an independent update"),
      .unit = "ns",
      .reference_name = LimitName(batch),
      .target = {},
      .prepare = [users, batch](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsAtQueue(s, users);
        auto queue = std::make_shared<QueueUnderTest>(s.seed);
        queue->JoinAll(users);
        return [queue, users, batch, &limits]() -> Sample {
          const std::uint64_t few = FewOf(users);
          const auto newcomer = [users](std::uint64_t i) { return users + i; };
          const double joins = queue->Each(QueueVerb::kJoin, few, batch, Code::kDone, newcomer);
          queue->Each(QueueVerb::kLeave, few, kBatch, Code::kDone, newcomer);
          return {.ours = joins, .reference = LimitOf(limits, batch)};
        };
      }};
}

Question Positions(std::uint64_t users, std::size_t batch) {
  return {.name = fmt::format("queue_position_{}_{}", CallName(batch), SizeName(users)),
          .asks = fmt::format("What does it cost to tell somebody their exact position, {} a call, "
                              "among {} of whom a third has left here and there, against a "
                              "dependent load over the queue's memory?",
                              batch, users),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = Target::RatioAtMost(1.5),
          .prepare = [users, batch](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtQueue(s, users);
            const auto queue = ThinnedQueue(s.seed, users);
            return [queue, who = ThinnedOut(users), users, batch, &limits]() -> Sample {
              return {.ours = queue->Each(QueueVerb::kLook, FewOf(users), batch, Code::kAlreadyDone,
                                          [&who](std::uint64_t i) { return who.Stayer(i); }),
                      .reference = limits.DependentLoad()};
            };
          }};
}

Question Leaves(std::uint64_t users) {
  return {.name = fmt::format("queue_leave_{}", SizeName(users)),
          .asks = fmt::format("What does it cost to leave from anywhere among {} who wait, one a "
                              "call, against a dependent load over the queue's memory?",
                              users),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = {},
          .prepare = [users](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtQueue(s, users);
            auto queue = std::make_shared<QueueUnderTest>(s.seed);
            queue->JoinAll(users);
            // Others each time: who left and came back stands at the end.
            return [queue, order = ScatteredOrder(users), users, begin = std::uint64_t{0},
                    &limits]() mutable -> Sample {
              const std::uint64_t few = FewOf(users);
              const auto at = [&](std::uint64_t i) { return order[(begin + i) % users]; };
              const double leaves = queue->Each(QueueVerb::kLeave, few, 1, Code::kDone, at);
              queue->Each(QueueVerb::kJoin, few, kBatch, Code::kDone, at);
              begin += few;
              return {.ours = leaves, .reference = limits.DependentLoad()};
            };
          }};
}

// Of one and a half times as many, a third has left.
Question Admissions(std::uint64_t users) {
  constexpr double kNsPerMs = 1e6;
  return {.name = fmt::format("queue_admit_{}", SizeName(users)),
          .asks = fmt::format("How long does it take to let in {0}, 4,096 a call, the state read "
                              "before each, of a queue that half as many have left here and there, "
                              "against {0} dependent loads over its memory?",
                              users),
          .unit = "ms",
          .reference_name = "dependent loads",
          .target = Target::OursAtMost(300),
          .prepare = [users](const Settings& s) -> Trial {
            const std::uint64_t all = users * 3 / 2;
            MachineLimits& limits = LimitsAtQueue(s, all);
            return [users, all, seed = s.seed, &limits]() -> Sample {
              const auto queue = ThinnedQueue(seed, all);
              return {.ours = queue->AdmitAll(users) / kNsPerMs,
                      .reference = limits.DependentLoad() * static_cast<double>(users) / kNsPerMs};
            };
          }};
}

// The caches hold the small queue and not the large one; a load feels that, and so may a join.
Question Growth(std::uint64_t few, std::uint64_t many) {
  return {.name = fmt::format("queue_join_growth_{}", SizeName(many)),
          .asks = fmt::format("How many times as much as with {} does a join cost with {} who wait "
                              "already, one a call, against the growth of a dependent load over "
                              "the memory of both?",
                              few, many),
          .unit = "x",
          .reference_name = "dependent load",
          .target = Target::RatioAtMost(1),
          .prepare = [few, many](const Settings& s) -> Trial {
            MachineLimits& small = LimitsAtQueue(s, few);
            MachineLimits& large = LimitsAtQueue(s, many);
            auto short_queue = std::make_shared<QueueUnderTest>(s.seed);
            auto long_queue = std::make_shared<QueueUnderTest>(s.seed);
            short_queue->JoinAll(few);
            long_queue->JoinAll(many);
            return [=, &small, &large]() -> Sample {
              // Rounds of a tenth, so that the short queue stays short.
              const auto join = [](QueueUnderTest& queue, std::uint64_t users,
                                   std::uint64_t rounds) {
                const auto newcomer = [users](std::uint64_t i) { return users + i; };
                double taken = 0;
                for (std::uint64_t i = 0; i < rounds; ++i) {
                  taken += queue.Each(QueueVerb::kJoin, FewOf(users), 1, Code::kDone, newcomer);
                  queue.Each(QueueVerb::kLeave, FewOf(users), kBatch, Code::kDone, newcomer);
                }
                return taken / static_cast<double>(rounds);
              };
              constexpr std::uint64_t kRounds = 100;
              return {.ours = join(*long_queue, many, 1) / join(*short_queue, few, kRounds),
                      .reference = large.DependentLoad() / small.DependentLoad()};
            };
          }};
}

Question BytesPerWaitingUser(std::uint64_t users) {
  return {.name = fmt::format("queue_memory_per_user_{}", SizeName(users)),
          .asks = fmt::format("How many bytes are resident for each of {} who wait, against their "
                              "ids alone?",
                              users),
          .unit = "B",
          .reference_name = "an id",
          .target = Target::OursAtMost(40),
          .prepare = [users](const Settings& s) -> Trial {
            const auto bytes = static_cast<double>(QueueFootprint(s, users));
            return [sample = Sample{.ours = bytes / static_cast<double>(users),
                                    .reference = sizeof(UserId)}] { return sample; };
          }};
}

std::vector<Question> QueueQuestions(const Settings& settings) {
  std::vector<Question> questions;
  // The memory first: what others leave in the allocator would be counted for the queue.
  for (const std::uint64_t users : {settings.users / 10, settings.users}) {
    questions.push_back(BytesPerWaitingUser(users));
    for (const std::size_t batch : {std::size_t{1}, kBatch}) {
      questions.push_back(Fills(users, batch));
      questions.push_back(Joins(users, batch));
      questions.push_back(Positions(users, batch));
    }
    questions.push_back(Leaves(users));
  }
  questions.push_back(Admissions(settings.users / 10));
  questions.push_back(Growth(std::max<std::uint64_t>(settings.users / 1'000, 10), settings.users));
  return questions;
}

const QuestionRegistration kRegistration("queue", &QueueQuestions);

}  // namespace
}  // namespace flashsale::bench
