// What do we gain over the queue that most sites have today, a sorted set of Redis?
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/crowd.h"
#include "bench/question.h"
#include "bench/queue_under_test.h"
#include "bench/random.h"
#include "bench/redis_server.h"

namespace flashsale::bench {
namespace {

constexpr std::size_t kBatch = QueueUnderTest::kBatch;

// A sorted set: its members the 16 bytes of a user's id, their scores the tickets.
class RedisQueue {
 public:
  RedisQueue(std::uint64_t seed, std::uint64_t users) : crowd_(seed) {
    const double before = server_.AllocatedBytes();
    Join(users, [](std::uint64_t i) { return i; });
    bytes_per_user_ = (server_.AllocatedBytes() - before) / static_cast<double>(users);
  }

  // Nanoseconds of the server's for each of users user(0) to user(count - 1).
  template <typename User>
  double Join(std::uint64_t count, User user) {
    return Each(count, 1, [&](std::uint64_t i) {
      server_.connection().Command(4);
      server_.connection().Argument("ZADD");
      server_.connection().Argument(kSet);
      server_.connection().Argument(std::to_string(++last_ticket_));
      Member(user(i));
    });
  }
  template <typename User>
  double Leave(std::uint64_t count, User user) {
    return Each(count, 1, [&](std::uint64_t i) {
      server_.connection().Command(3);
      server_.connection().Argument("ZREM");
      server_.connection().Argument(kSet);
      Member(user(i));
    });
  }
  template <typename User>
  double Look(std::uint64_t count, User user) {
    return Each(count, kAnyNumber, [&](std::uint64_t i) {
      server_.connection().Command(3);
      server_.connection().Argument("ZRANK");
      server_.connection().Argument(kSet);
      Member(user(i));
    });
  }

  double bytes_per_user() const { return bytes_per_user_; }

 private:
  static constexpr std::string_view kSet = "queue";
  static constexpr std::uint64_t kPipeline = 1'000;
  static constexpr std::uint64_t kAnyNumber = ~std::uint64_t{0};

  void Member(std::uint64_t user) {
    const UserId id = crowd_.User(user);
    server_.connection().Argument(
        {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()});
  }

  template <typename Put>
  double Each(std::uint64_t count, std::uint64_t answer, Put put) {
    const double start = server_.ProcessorNanoseconds();
    for (std::uint64_t first = 0; first < count; first += kPipeline) {
      const std::uint64_t size = std::min(kPipeline, count - first);
      for (std::uint64_t i = 0; i < size; ++i) put(first + i);
      const RedisConnection::Answers answers = server_.connection().Run();
      const bool right = answer == kAnyNumber || answers.sum == answer * size;
      Require(answers.numbers == size && right, "a command of Redis was answered wrongly");
    }
    return (server_.ProcessorNanoseconds() - start) / static_cast<double>(count);
  }

  RedisServer server_;
  Crowd crowd_;
  std::uint64_t last_ticket_ = 0;
  double bytes_per_user_ = 0;
};

// Kept for later questions: to fill it takes a while.
RedisQueue& RedisQueueOf(const Settings& settings, std::uint64_t users) {
  static std::map<std::uint64_t, std::unique_ptr<RedisQueue>> kept;
  std::unique_ptr<RedisQueue>& queue = kept[users];
  if (queue == nullptr) queue = std::make_unique<RedisQueue>(settings.seed, users);
  return *queue;
}

// Both at work; both are left as they were found.
struct Contest {
  std::shared_ptr<QueueUnderTest> ours;
  RedisQueue* redis;
  std::uint64_t users;
  std::uint64_t few;
  std::uint64_t round = 0;

  // Others each round: who left and came back stands at the end.
  auto Scattered() const {
    return [order = ScatteredOrder(users), begin = round * few, all = users](std::uint64_t i) {
      return order[(begin + i) % all];
    };
  }
};

Question Against(std::uint64_t users, std::string_view verb, std::string_view command,
                 Sample (*take)(const Contest&)) {
  return {.name = fmt::format("queue_{}_against_redis_{}", verb, SizeName(users)),
          .asks = fmt::format("What does it cost to {} among {} who wait, 64 a call, against the "
                              "processor time that a redis-server takes for {} to a sorted set, "
                              "1,000 a pipeline, its client's not counted?",
                              verb == "position" ? "tell somebody their position" : verb, users,
                              command),
          .unit = "ns",
          .reference_name = fmt::format("redis {}", command),
          .target = Target::RatioAtMost(1.0 / 8),
          .prepare = [users, take](const Settings& s) -> Trial {
            auto ours = std::make_shared<QueueUnderTest>(s.seed);
            ours->JoinAll(users);
            Contest contest{.ours = std::move(ours),
                            .redis = &RedisQueueOf(s, users),
                            .users = users,
                            .few = FewOf(users) / 10 + 1};
            return [contest, take]() mutable {
              const Sample sample = take(contest);
              ++contest.round;
              return sample;
            };
          }};
}

Sample TakeJoins(const Contest& contest) {
  const auto newcomer = [&contest](std::uint64_t i) { return contest.users + i; };
  const Sample sample{
      .ours = contest.ours->Each(QueueVerb::kJoin, contest.few, kBatch, Code::kDone, newcomer),
      .reference = contest.redis->Join(contest.few, newcomer)};
  contest.ours->Each(QueueVerb::kLeave, contest.few, kBatch, Code::kDone, newcomer);
  contest.redis->Leave(contest.few, newcomer);
  return sample;
}

Sample TakePositions(const Contest& contest) {
  const auto at = contest.Scattered();
  return {.ours = contest.ours->Each(QueueVerb::kLook, contest.few, kBatch, Code::kAlreadyDone, at),
          .reference = contest.redis->Look(contest.few, at)};
}

Sample TakeLeaves(const Contest& contest) {
  const auto at = contest.Scattered();
  const Sample sample{
      .ours = contest.ours->Each(QueueVerb::kLeave, contest.few, kBatch, Code::kDone, at),
      .reference = contest.redis->Leave(contest.few, at)};
  contest.ours->Each(QueueVerb::kJoin, contest.few, kBatch, Code::kDone, at);
  contest.redis->Join(contest.few, at);
  return sample;
}

Question MemoryAgainst(std::uint64_t users) {
  return {.name = fmt::format("queue_memory_against_redis_{}", SizeName(users)),
          .asks = fmt::format("How many bytes are resident for each of {} who wait, against what a "
                              "redis-server has allocated for each member of a sorted set?",
                              users),
          .unit = "B",
          .reference_name = "redis sorted set",
          .target = Target::RatioAtMost(0.286),
          .prepare = [users](const Settings& s) -> Trial {
            const auto bytes = static_cast<double>(QueueFootprint(s, users));
            return [sample = Sample{.ours = bytes / static_cast<double>(users),
                                    .reference = RedisQueueOf(s, users).bytes_per_user()}] {
              return sample;
            };
          }};
}

std::vector<Question> RedisQuestions(const Settings& settings) {
  if (!RedisServer::IsInstalled()) {
    fmt::print(stderr,
               "flashsale_bench: no redis-server in PATH: rows named _against_redis are "
               "left out\n");
    return {};
  }
  const std::uint64_t users = settings.users;
  return {MemoryAgainst(users), Against(users, "join", "ZADD", &TakeJoins),
          Against(users, "position", "ZRANK", &TakePositions),
          Against(users, "leave", "ZREM", &TakeLeaves)};
}

const QuestionRegistration kRegistration("redis", &RedisQuestions);

}  // namespace
}  // namespace flashsale::bench
