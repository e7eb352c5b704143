// What does the way through a lane cost?
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/lockfree/queue.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/backend/memory.h"
#include "flashsale/runtime/lane.h"
#include "flashsale/testing/simulated_clock.h"

namespace flashsale::bench {
namespace {

// Looks until it holds; yields now and then, because the other thread may have to run here.
template <typename Holds>
void WaitUntil(const Holds& holds) {
  for (int looks = 1; !holds(); ++looks) {
    if (looks % 256 == 0) std::this_thread::yield();
  }
}

// Counts answers.
class DoneCount final : public LaneCompletion {
 public:
  void Complete(const Result<Outcome>& answer) override {
    if (!answer.ok() || answer->code != Code::kDone) wrong_.store(true, std::memory_order_relaxed);
    // Release pairs with count(): what went wrong.  One thread completes.
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }
  bool wrong() const { return wrong_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> wrong_{false};
};

struct Load {
  std::uint64_t calls = 0;
  std::uint64_t in_flight = 0;
};

// Reserves a second, in millions, through a lane with one worker; each of a shopper never seen.
double ThroughLane(const Load& load, std::uint64_t seed) {
  auto storage = OpenMemoryStorage();
  Require(storage.ok(), "the storage did not open");
  InventoryRepository& inventory = (*storage)->inventory();
  const auto created =
      inventory.Create({.id = "sale",
                        .lines = {{.product = "thing", .units = static_cast<Units>(load.calls)}},
                        .start = kOpening,
                        .end = kOpening + std::chrono::minutes{30}});
  Require(created.ok(), "the sale was refused");
  const auto sale = inventory.Resolve("sale");
  Require(sale.ok(), "the sale is not there");

  SimulatedClock clock(kOpening);
  const Crowd crowd(seed);
  DoneCount done;
  auto lane = Lane::New(inventory, clock, {.capacity = 4'096});
  Require(lane.ok(), "the lane was refused");
  const double taken = NanosecondsOfThreads(1, [&](unsigned) {
    for (std::uint64_t i = 0; i < load.calls; ++i) {
      WaitUntil([&] { return i - done.count() < load.in_flight; });
      const bool accepted =
          !(*lane)->Submit({.sale = *sale, .command = crowd.Reserve(i)}, done).has_value();
      Require(accepted, "a lane with room refused");
    }
    WaitUntil([&] { return done.count() == load.calls; });
  });
  Require(!done.wrong(), "a reserve with stock for all was refused");
  return 1e3 * static_cast<double>(load.calls) / taken;
}

// Numbers a second, in millions, that go to another thread and come back, over two queues.
double ThroughQueues(const Load& load) {
  using Queue = boost::lockfree::queue<std::uint32_t, boost::lockfree::fixed_sized<true>>;
  Queue there(4'096);
  Queue back(4'096);
  std::uint64_t sum = 0;
  const double taken = NanosecondsOfThreads(2, [&](unsigned thread) {
    std::uint32_t value = 0;
    if (thread == 1) {
      for (std::uint64_t i = 0; i < load.calls; ++i) {
        WaitUntil([&] { return there.pop(value); });
        back.push(value);
      }
      return;
    }
    std::uint64_t returned = 0;
    const auto take_back = [&] {
      while (back.pop(value)) {
        sum += value;
        ++returned;
      }
    };
    for (std::uint64_t i = 0; i < load.calls; ++i) {
      WaitUntil([&] {
        take_back();
        return i - returned < load.in_flight;
      });
      there.push(1);
    }
    WaitUntil([&] {
      take_back();
      return returned == load.calls;
    });
  });
  Require(sum == load.calls, "the queues lost something");
  return 1e3 * static_cast<double>(load.calls) / taken;
}

Question InFlight(const Settings& settings, std::uint64_t in_flight) {
  const std::uint64_t calls = std::max<std::uint64_t>(settings.users / 100, 1'000);
  return {
      .name = fmt::format("lane_in_flight_{}", in_flight),
      .asks = fmt::format("How many reserves a second does one thread get through a lane to the "
                          "memory backend with {} in flight, against bare numbers that go to "
                          "another thread and back over two queues of Boost.Lockfree?",
                          in_flight),
      .unit = "M/s",
      .reference_name = "bare hand-over",
      .target = {},
      .prepare = [load = Load{.calls = calls, .in_flight = in_flight}](const Settings& s) -> Trial {
        return [load, seed = s.seed]() -> Sample {
          return {.ours = ThroughLane(load, seed), .reference = ThroughQueues(load)};
        };
      }};
}

std::vector<Question> LaneQuestions(const Settings& settings) {
  return {InFlight(settings, 1), InFlight(settings, 8), InFlight(settings, 64),
          InFlight(settings, 1'000)};
}

const QuestionRegistration kRegistration("lane", &LaneQuestions);

}  // namespace
}  // namespace flashsale::bench
