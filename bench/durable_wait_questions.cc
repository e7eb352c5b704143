// How long does somebody wait until what they were promised is on the disk?
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/disk_folder.h"
#include "bench/durable_sale.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "bench/raw_log.h"
#include "flashsale/runtime/lane.h"

namespace flashsale::bench {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

constexpr double kNsPerUs = 1e3;

double Microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

// A sale so far on that its log is written over.
struct Shop {
  // Of which so many more are reserved each time.
  Shop(const Settings& settings, std::uint64_t calls)
      : folder(settings.folder),
        crowd(settings.seed),
        sale(folder.PathOf("sale"),
             settings.users / 5 + static_cast<std::uint64_t>(settings.repetitions) * calls),
        next(settings.users / 5) {
    sale.Apply(crowd, {.count = next, .batch = kLargestLaneBatch});
    sale.TakeCommitSizes();
  }

  const DiskFolder folder;
  const Crowd crowd;
  SaleOnDisk sale;
  std::uint64_t next;  // shopper
};

Question Alone(const Settings& settings, RawLog::File file) {
  const bool grows = file == RawLog::File::kGrows;
  return {
      .name = fmt::format("durable_alone_against_{}", grows ? "append" : "overwrite"),
      .asks = fmt::format(
          "How long does one caller alone wait for a durable reserve, by direct blocking calls, "
          "against a bare write of as many bytes and fdatasync, {}?",
          grows ? "appended to a file that grows"
                : "into a file that was laid down beforehand and is written over"),
      .unit = "us",
      .reference_name = fmt::format("write and sync, {}", DiskOf(settings.folder)),
      .target = grows ? Target::RatioAtMost(1.5) : Target{},
      .prepare = [file](const Settings& s) -> Trial {
        const std::uint64_t calls = std::max<std::uint64_t>(s.users / 10'000, 10);
        auto shop = std::make_shared<Shop>(s, calls);
        auto raw = std::make_shared<RawLog>(shop->folder.PathOf("raw"), file);
        return [shop, raw, calls]() -> Sample {
          const double taken = WallNanosecondsOf([&] {
            shop->sale.Apply(shop->crowd, {.first = shop->next, .count = calls, .batch = 1});
          });
          shop->next += calls;
          const CommitSizes sizes = shop->sale.TakeCommitSizes();
          Require(sizes.size() == calls, "a call alone shared a commit");
          const double bare = WallNanosecondsOf([&] {
            for (const std::size_t size : sizes) raw->Append(size);
          });
          const double each = kNsPerUs * static_cast<double>(calls);
          return {.ours = taken / each, .reference = bare / each};
        };
      }};
}

// Somebody whose call was due at an instant, whether or not it could be sent then.
class Waiting final : public LaneCompletion {
 public:
  void set_due(SteadyTime due) { due_ = due; }
  void Complete(const Result<Outcome>& answer) override {
    acknowledged_ = std::chrono::steady_clock::now();
    done_ = answer.ok() && answer->code == Code::kDone;
  }
  SteadyTime due() const { return due_; }
  SteadyTime acknowledged() const { return acknowledged_; }
  bool done() const { return done_; }

 private:
  SteadyTime due_;
  SteadyTime acknowledged_;
  bool done_ = false;
};

constexpr nanoseconds kBetween{2'000};  // half a million a second

// Offers so many reserves, one each two microseconds, whatever has become of those before.
std::vector<Waiting> Offer(Shop& shop, std::uint64_t calls) {
  std::vector<Waiting> waiting(calls);
  auto lane = Given(Lane::New(shop.sale.inventory(), shop.sale.clock(),
                              {.capacity = std::size_t{1} << 16, .max_batch = kLargestLaneBatch}));
  const SteadyTime start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < calls; ++i) {
    Waiting& call = waiting[i];
    call.set_due(start + static_cast<nanoseconds::rep>(i) * kBetween);
    // The lane's thread may have been put on this processor.
    while (std::chrono::steady_clock::now() < call.due()) std::this_thread::yield();
    const LaneCall asked{.sale = shop.sale.ref(), .command = shop.crowd.Reserve(shop.next + i)};
    // Where so many wait already, it waits before the lane.
    while (lane->Submit(asked, call).has_value()) std::this_thread::yield();
  }
  lane->Drain();
  shop.next += calls;
  Require(std::ranges::all_of(waiting, &Waiting::done), "a reserve with stock for all was refused");
  return waiting;
}

std::uint64_t OfferedCalls(const Settings& settings) {
  return std::max<std::uint64_t>(settings.users / 40, 100);
}

Question Percentiles(const Settings& settings, int percent, double bound) {
  return {
      .name = fmt::format("durable_offered_500k_p{}", percent),
      .asks = fmt::format(
          "How long, at the {}th percentile, from the instant at which a reserve is due until "
          "it is acknowledged, with 500,000 a second offered to a lane, against a bare write of "
          "64 KB and fdatasync, into a file that is written over?  The first fifth is left out.",
          percent),
      .unit = "us",
      .reference_name = fmt::format("64 KB and sync, {}", DiskOf(settings.folder)),
      .target = Target::RatioAtMost(bound),
      .prepare = [percent](const Settings& s) -> Trial {
        auto shop = std::make_shared<Shop>(s, OfferedCalls(s));
        auto raw = std::make_shared<RawLog>(shop->folder.PathOf("raw"), RawLog::File::kWrittenOver);
        const double share = percent / 100.0;
        const std::uint64_t writes = std::max<std::uint64_t>(s.users / 20'000, 20);
        return [shop, raw, share, writes, calls = OfferedCalls(s)]() -> Sample {
          std::vector<double> waits;
          waits.reserve(calls);
          const std::vector<Waiting> waiting = Offer(*shop, calls);
          // The first fifth, in which threads find their processors, is left out.
          for (const Waiting& call : std::span(waiting).subspan(waiting.size() / 5)) {
            waits.push_back(Microseconds(call.due(), call.acknowledged()));
          }
          std::vector<double> bare;
          bare.reserve(writes);
          for (std::uint64_t i = 0; i < writes; ++i) {
            bare.push_back(WallNanosecondsOf([&] { raw->Append(std::size_t{64} << 10); }) /
                           kNsPerUs);
          }
          return {.ours = Percentile(std::move(waits), share),
                  .reference = Percentile(std::move(bare), share)};
        };
      }};
}

Question OfferedRate() {
  return {.name = "durable_offered_500k_rate",
          .asks =
              "How many reserves a second are acknowledged, from the first that is due to the "
              "last answer, with 500,000 a second offered to a lane, against what is offered?",
          .unit = "k/s",
          .reference_name = "offered",
          .target = {},
          .prepare = [](const Settings& s) -> Trial {
            auto shop = std::make_shared<Shop>(s, OfferedCalls(s));
            return [shop, calls = OfferedCalls(s)]() -> Sample {
              const std::vector<Waiting> waiting = Offer(*shop, calls);
              const Waiting& last = *std::ranges::max_element(waiting, {}, &Waiting::acknowledged);
              const double taken = Microseconds(waiting.front().due(), last.acknowledged());
              return {.ours = 1e3 * static_cast<double>(calls) / taken,
                      .reference = 1e6 / static_cast<double>(kBetween.count())};
            };
          }};
}

std::vector<Question> DurableWaitQuestions(const Settings& settings) {
  return {Alone(settings, RawLog::File::kGrows), Alone(settings, RawLog::File::kWrittenOver),
          OfferedRate(), Percentiles(settings, 50, 3), Percentiles(settings, 99, 8)};
}

const QuestionRegistration kRegistration("durable_wait", &DurableWaitQuestions);

}  // namespace
}  // namespace flashsale::bench
