// What does it cost to wait in a queue of millions?
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "bench/random.h"
#include "flashsale/backend/memory.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::bench {
namespace {

constexpr std::size_t kBatch = 64;

// One queue of the memory backend, called as a host does that resolved it once.
class QueueUnderTest {
 public:
  explicit QueueUnderTest(std::uint64_t seed)
      : crowd_(seed), storage_(std::move(*OpenMemoryStorage())), queue_(&storage_->queue()) {
    const QueueTerms terms{.sale = "queue",
                           .pace = {.admissions_per_second = 10'000'000, .max_in_flight = 1U << 20},
                           .max_waiting = std::uint64_t{1} << 31,
                           .heartbeat_timeout = std::chrono::hours{24}};
    Require(queue_->Open(terms, kOpening).ok(), "the queue was not opened");
    const Result<SaleRef> sale = queue_->Resolve(terms.sale);
    Require(sale.ok(), "the queue was not found");
    sale_ = *sale;
  }

  // Nanoseconds a command of `verb` by users user(0) to user(count - 1), so many a call, each of
  // which is answered `code`.
  template <typename User>
  double Each(QueueVerb verb, std::uint64_t count, std::size_t batch, Code code, User user) {
    std::vector<QueueCommand> commands(batch);
    std::vector<QueueAnswer> answers(batch);
    std::uint64_t right = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t first = 0; first < count; first += batch) {
        const std::size_t size = std::min<std::uint64_t>(batch, count - first);
        for (std::size_t i = 0; i < size; ++i) {
          commands[i] = {.verb = verb, .user = crowd_.User(user(first + i))};
        }
        const auto asked = std::span(commands).first(size);
        const auto given = std::span(answers).first(size);
        if (!queue_->Apply(sale_, kOpening, asked, given).ok()) return;
        for (const QueueAnswer& answer : given) right += answer.code == code ? 1U : 0U;
      }
    });
    Require(right == count, "a command of the queue was answered wrongly");
    return taken / static_cast<double>(count);
  }

  void JoinAll(std::uint64_t count) {
    Each(QueueVerb::kJoin, count, kBatch, Code::kDone, [](std::uint64_t i) { return i; });
  }

 private:
  const Crowd crowd_;
  const std::unique_ptr<Storage> storage_;
  QueueRepository* const queue_;
  SaleRef sale_;
};

// Bytes that stay resident for so many who wait.  Measured once, then remembered.
std::uint64_t QueueFootprint(const Settings& settings, std::uint64_t users) {
  static std::map<std::uint64_t, std::uint64_t> known;
  if (const auto found = known.find(users); found != known.end()) return found->second;
  const std::uint64_t before = ReadResidentMemory().all;
  QueueUnderTest queue(settings.seed);
  queue.JoinAll(users);
  const std::uint64_t after = ReadResidentMemory().all;
  return known[users] = std::max<std::uint64_t>(after > before ? after - before : 0, 4'096);
}

// Of a million who wait a tenth, and no fewer than two, does something.
constexpr std::uint64_t FewOf(std::uint64_t users) {
  return std::max<std::uint64_t>(users / 10, 2);
}

Question Joins(std::uint64_t users, std::size_t batch) {
  return {
      .name = fmt::format("queue_join_{}_{}", batch == 1 ? "one" : "batch", SizeName(users)),
      .asks = fmt::format("What does a join cost, {} a call, place told, while {} wait already, "
                          "against a dependent load over the queue's memory?",
                          batch, users),
      .unit = "ns",
      .reference_name = "dependent load",
      .target = {},
      .prepare = [users, batch](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsOf(QueueFootprint(s, users), s.seed);
        auto queue = std::make_shared<QueueUnderTest>(s.seed);
        queue->JoinAll(users);
        return [queue, users, batch, &limits]() -> Sample {
          const std::uint64_t few = FewOf(users);
          const auto newcomer = [users](std::uint64_t i) { return users + i; };
          const double joins = queue->Each(QueueVerb::kJoin, few, batch, Code::kDone, newcomer);
          queue->Each(QueueVerb::kLeave, few, kBatch, Code::kDone, newcomer);
          return {.ours = joins, .reference = limits.DependentLoad()};
        };
      }};
}

Question Positions(std::uint64_t users, std::size_t batch) {
  return {
      .name = fmt::format("queue_position_{}_{}", batch == 1 ? "one" : "batch", SizeName(users)),
      .asks = fmt::format("What does it cost to tell somebody their exact position, {} a call, "
                          "among {} of whom a tenth has left here and there, against a "
                          "dependent load over the queue's memory?",
                          batch, users),
      .unit = "ns",
      .reference_name = "dependent load",
      .target = {},
      .prepare = [users, batch](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsOf(QueueFootprint(s, users), s.seed);
        auto queue = std::make_shared<QueueUnderTest>(s.seed);
        const ScatteredOrder order(users);
        const std::uint64_t leavers = FewOf(users);
        const auto at = [order](std::uint64_t i) { return order[i]; };
        queue->JoinAll(users);
        queue->Each(QueueVerb::kLeave, leavers, kBatch, Code::kDone, at);
        return [queue, order, leavers, users, batch, &limits]() -> Sample {
          const std::uint64_t few = std::min(FewOf(users), users - leavers);
          return {.ours = queue->Each(QueueVerb::kLook, few, batch, Code::kAlreadyDone,
                                      [&](std::uint64_t i) { return order[leavers + i]; }),
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
            MachineLimits& limits = LimitsOf(QueueFootprint(s, users), s.seed);
            auto queue = std::make_shared<QueueUnderTest>(s.seed);
            queue->JoinAll(users);
            return [queue, order = ScatteredOrder(users), users, &limits]() -> Sample {
              const auto at = [&order](std::uint64_t i) { return order[i]; };
              const std::uint64_t few = FewOf(users);
              const double leaves = queue->Each(QueueVerb::kLeave, few, 1, Code::kDone, at);
              queue->Each(QueueVerb::kJoin, few, kBatch, Code::kDone, at);
              return {.ours = leaves, .reference = limits.DependentLoad()};
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
          .target = Target::OursAtMost(80),
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
    questions.push_back(Joins(users, 1));
    questions.push_back(Joins(users, kBatch));
    questions.push_back(Positions(users, 1));
    questions.push_back(Positions(users, kBatch));
    questions.push_back(Leaves(users));
  }
  return questions;
}

const QuestionRegistration kRegistration("queue", &QueueQuestions);

}  // namespace
}  // namespace flashsale::bench
