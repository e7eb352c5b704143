#include "flashsale/runtime/runner.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "flashsale/testing/simulated_clock.h"

namespace flashsale {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;

constexpr Time kStart = kMinTime + 1h;

// Sleeps in simulated time: as soon as the test lets it.
class SimulatedSleeper final : public Sleeper {
 public:
  explicit SimulatedSleeper(SimulatedClock& clock) : clock_(clock) {}

  void SleepUntil(Time until) override {
    asked_.store(until);
    sleeps_.fetch_add(1);
    while (allowed_.load() == 0 && !woken_.load()) std::this_thread::yield();
    if (woken_.exchange(false)) return;
    allowed_.fetch_sub(1);
    if (until != kMaxTime) clock_.Set(until);
  }
  void Wake() override { woken_.store(true); }

  // Lets it sleep to the end once, and waits until it sleeps again.
  void PassOnce() {
    const int before = AwaitSleep();
    allowed_.fetch_add(1);
    while (sleeps_.load() == before) std::this_thread::yield();
  }
  // Waits for the first sleep; how many there were.
  int AwaitSleep() const {
    while (sleeps_.load() == 0) std::this_thread::yield();
    return sleeps_.load();
  }
  int sleeps() const { return sleeps_.load(); }
  Time asked() const { return asked_.load(); }

 private:
  SimulatedClock& clock_;
  std::atomic<int> allowed_ = 0;
  std::atomic<bool> woken_ = false;
  std::atomic<int> sleeps_ = 0;
  std::atomic<Time> asked_ = kMinTime;
};

TEST_CASE("a runner calls its functions at their times and sleeps in between") {
  SimulatedClock clock(kStart);
  SimulatedSleeper sleeper(clock);
  Mutex mutex;
  std::vector<Time> called;
  {
    const auto runner = Runner::New(clock, {[&](Time now) {
                                      const MutexLock lock(mutex);
                                      called.push_back(now);
                                      return now + 10s;
                                    }},
                                    {}, &sleeper);
    REQUIRE(runner.ok());
    sleeper.AwaitSleep();
    CHECK(sleeper.asked() == kStart + 10s);
    sleeper.PassOnce();
    sleeper.PassOnce();
    CHECK(sleeper.asked() == kStart + 30s);
  }
  CHECK(called == std::vector<Time>{kStart, kStart + 10s, kStart + 20s});
}

TEST_CASE("a woken runner calls all of its functions before their time") {
  SimulatedClock clock(kStart);
  SimulatedSleeper sleeper(clock);
  std::atomic<int> calls = 0;
  const auto runner = Runner::New(clock, {[&](Time) {
                                    ++calls;
                                    return kMaxTime;
                                  }},
                                  {}, &sleeper);
  REQUIRE(runner.ok());
  const int before = sleeper.AwaitSleep();
  CHECK(calls == 1);
  (*runner)->Wake();
  while (sleeper.sleeps() == before) std::this_thread::yield();
  CHECK(calls == 2);
}

TEST_CASE("a function that throws is counted and called again after the back-off") {
  SimulatedClock clock(kStart);
  SimulatedSleeper sleeper(clock);
  const auto runner = Runner::New(
      clock, {[](Time) -> Time { throw std::runtime_error("out of luck"); }}, {}, &sleeper);
  REQUIRE(runner.ok());
  sleeper.AwaitSleep();
  CHECK(sleeper.asked() == kStart + 1s);
  sleeper.PassOnce();
  CHECK((*runner)->exceptions() == 2);
}

TEST_CASE(
    "a runner on a real clock wakes when it is told to, and ends though it would sleep long") {
  const auto clock = NewSystemClock();
  std::atomic<int> calls = 0;
  {
    const auto runner = Runner::New(*clock, {[&](Time now) {
      ++calls;
      calls.notify_all();
      return now + 1h;
    }});
    REQUIRE(runner.ok());
    for (int seen = 0; seen < 50; seen = calls.load()) {
      (*runner)->Wake();
      calls.wait(seen);
    }
  }
  CHECK(calls >= 50);
}

TEST_CASE("a runner on a real clock comes back when a function's time has come") {
  const auto clock = NewSystemClock();
  std::atomic<int> calls = 0;
  const auto runner = Runner::New(*clock, {[&](Time now) {
    ++calls;
    calls.notify_all();
    return now;
  }});
  REQUIRE(runner.ok());
  for (int seen = 0; seen < 5; seen = calls.load()) calls.wait(seen);
  CHECK(calls >= 5);
}

TEST_CASE("a runner refuses what its schedule refuses") {
  const auto clock = NewSystemClock();
  CHECK(Runner::New(*clock, {nullptr}).status().code() == StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flashsale
