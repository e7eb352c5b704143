// What does durability cost beside the disk alone and beside memory alone, and what do we gain over
// the stores that most sites have?
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bench/crowd.h"
#include "bench/disk_folder.h"
#include "bench/durable_sale.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "bench/raw_log.h"
#include "bench/reserve_peers.h"

namespace flashsale::bench {
namespace {

// Of PostgreSQL, each with one call on its way.
constexpr std::uint64_t kClients = 8;

struct Load {
  std::uint64_t in_flight = 0;
  // Reserves of one sample.
  std::uint64_t calls = 0;
  // Reserves before the first sample: enough for the log to be written over from then on, and for
  // the sale to be a large one.
  std::uint64_t before = 0;
  // Of all samples.
  std::uint64_t units = 0;
};

// Fewer callers share a commit: fewer calls take as long.
Load LoadOf(const Settings& settings, std::uint64_t in_flight) {
  const std::uint64_t part = in_flight < 1'000 ? 100 : in_flight < 10'000 ? 20 : 10;
  Load load{.in_flight = in_flight,
            .calls = std::max(settings.users / part, in_flight),
            .before = settings.users / 5};
  load.units = load.before + static_cast<std::uint64_t>(settings.repetitions) * load.calls;
  return load;
}

// Thousands a second.
double Rate(std::uint64_t calls, double nanoseconds) {
  return 1e6 * static_cast<double>(calls) / nanoseconds;
}

// A sale through which the callers of a load go, sample after sample.
class Shop {
 public:
  enum class Kind : std::uint8_t { kDurable, kInMemory };
  Shop(const Settings& settings, const Load& load, Kind kind)
      : folder_(settings.folder),
        crowd_(settings.seed),
        load_(load),
        sale_(kind == Kind::kDurable ? folder_.PathOf("sale") : "", load.units) {
    sale_.Apply(crowd_, {.count = load.before, .batch = kLargestLaneBatch});
    next_ = load.before;
  }

  // Reserves a second, in thousands.
  double Reserve() {
    sale_.TakeCommitSizes();
    const double taken = sale_.ReserveInFlight(
        crowd_, {.first = next_, .count = load_.calls, .callers = load_.in_flight});
    next_ += load_.calls;
    return Rate(load_.calls, taken);
  }
  // The same, of the bytes of the last Reserve alone, as many a write as there were a commit.
  double WriteTheSame() {
    if (raw_ == nullptr) {
      raw_ = std::make_unique<RawLog>(folder_.PathOf("raw"), RawLog::File::kWrittenOver);
    }
    const CommitSizes sizes = sale_.TakeCommitSizes();
    Require(!sizes.empty(), "nothing was committed");
    return Rate(load_.calls, WallNanosecondsOf([&] {
                  for (const std::size_t size : sizes) raw_->Append(size);
                }));
  }

 private:
  const DiskFolder folder_;
  const Crowd crowd_;
  const Load load_;
  SaleOnDisk sale_;
  std::uint64_t next_ = 0;
  std::unique_ptr<RawLog> raw_;
};

std::string Asks(std::uint64_t in_flight, const std::string& against) {
  return fmt::format(
      "How many durable reserves a second come through a lane while {} callers are in flight, each "
      "of whom reserves again once the last is acknowledged, against {}?",
      in_flight, against);
}

Question AgainstRaw(const Settings& settings, std::uint64_t in_flight) {
  return {.name = fmt::format("durable_{}_against_raw", in_flight),
          .asks = Asks(in_flight,
                       "the same bytes in the same batches, by pwrite and fdatasync, into a file "
                       "that was laid down beforehand and is written over"),
          .unit = "k/s",
          .reference_name = fmt::format("bare writes, {}", DiskOf(settings.folder)),
          .target = in_flight == 10'000 ? Target::OursAtLeast(1'500) : Target{},
          .prepare = [in_flight](const Settings& s) -> Trial {
            auto shop = std::make_shared<Shop>(s, LoadOf(s, in_flight), Shop::Kind::kDurable);
            return [shop]() -> Sample {
              const double ours = shop->Reserve();
              return {.ours = ours, .reference = shop->WriteTheSame()};
            };
          }};
}

Question AgainstMemory(std::uint64_t in_flight) {
  return {.name = fmt::format("durable_{}_against_memory", in_flight),
          .asks = Asks(in_flight, "the same through the same lane to the memory backend"),
          .unit = "k/s",
          .reference_name = "without a journal",
          .target = in_flight == 10'000 ? Target::RatioAtLeast(0.6) : Target{},
          .prepare = [in_flight](const Settings& s) -> Trial {
            const Load load = LoadOf(s, in_flight);
            auto shop = std::make_shared<Shop>(s, load, Shop::Kind::kDurable);
            auto memory = std::make_shared<Shop>(s, load, Shop::Kind::kInMemory);
            return [shop, memory]() -> Sample {
              const double ours = shop->Reserve();
              return {.ours = ours, .reference = memory->Reserve()};
            };
          }};
}

Question AgainstRedis(std::uint64_t in_flight) {
  return {.name = fmt::format("durable_{}_against_redis", in_flight),
          .asks = Asks(in_flight,
                       "a Lua script in a redis-server with appendfsync always that does the same, "
                       "as many in flight in pipelines"),
          .unit = "k/s",
          .reference_name = "redis, a script",
          .target = in_flight == 10'000 ? Target::RatioAtLeast(20) : Target{},
          .prepare = [in_flight](const Settings& s) -> Trial {
            const Load load = LoadOf(s, in_flight);
            auto shop = std::make_shared<Shop>(s, load, Shop::Kind::kDurable);
            auto redis = std::make_shared<RedisSale>(s.folder, s.seed, in_flight);
            const std::uint64_t calls = std::max(load.calls / 20, 2 * in_flight);
            return [shop, redis, calls]() -> Sample {
              const double ours = shop->Reserve();
              return {.ours = ours, .reference = Rate(calls, redis->Reserve(calls))};
            };
          }};
}

Question AgainstPostgres(std::uint64_t in_flight) {
  return {.name = fmt::format("durable_{}_against_postgres", in_flight),
          .asks = Asks(in_flight,
                       fmt::format("a PL/pgSQL function in a PostgreSQL as it comes that does the "
                                   "same, a call a commit, {} clients",
                                   kClients)),
          .unit = "k/s",
          .reference_name = "postgres, a function",
          .target = Target::RatioAtLeast(300),
          .prepare = [in_flight](const Settings& s) -> Trial {
            auto shop = std::make_shared<Shop>(s, LoadOf(s, in_flight), Shop::Kind::kDurable);
            auto postgres = std::make_shared<PostgresSale>(s.folder, s.seed, kClients);
            const std::uint64_t calls = s.users / 5'000 + 4 * kClients;
            return [shop, postgres, calls]() -> Sample {
              const double ours = shop->Reserve();
              return {.ours = ours, .reference = Rate(calls, postgres->Reserve(calls))};
            };
          }};
}

std::vector<Question> DurableQuestions(const Settings& settings) {
  constexpr std::uint64_t kMost = 10'000;
  const bool has_redis = RedisServer::IsInstalled();
  std::vector<Question> questions;
  for (const std::uint64_t in_flight : {std::uint64_t{64}, std::uint64_t{1'000}, kMost}) {
    questions.push_back(AgainstRaw(settings, in_flight));
    questions.push_back(AgainstMemory(in_flight));
    if (has_redis) questions.push_back(AgainstRedis(in_flight));
  }
  const std::string why_not = PostgresServer::WhyNot(settings.folder);
  if (why_not.empty()) {
    questions.push_back(AgainstPostgres(kMost));
  } else {
    fmt::print(stderr, "flashsale_bench: {}: rows named _against_postgres are left out\n", why_not);
  }
  return questions;
}

const QuestionRegistration kRegistration("durable", &DurableQuestions);

}  // namespace
}  // namespace flashsale::bench
