#include "flashsale/base/clock.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>

#include "flashsale/testing/simulated_clock.h"
#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kNoon{std::chrono::hours{24 * 365 * 54 + 12}};

TEST_CASE("the system's clock tells the time of day and never steps back") {
  const std::unique_ptr<Clock> clock = NewSystemClock();
  const Time before = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  Time last = clock->Now();
  // Far wider than any delay between two lines, far narrower than a wrong epoch or unit.
  CHECK(last > before - 24h);
  CHECK(last < before + 24h);
  for (int i = 0; i < 10'000; ++i) {
    const Time now = clock->Now();
    REQUIRE(now >= last);
    last = now;
  }
  while (clock->Now() == last) {
  }
  CHECK(clock->Now() > last);
}

TEST_CASE("a service's clock stands while its source steps back, a day or a microsecond") {
  SimulatedClock source(kNoon);
  ServiceClock clock(source);
  CHECK(clock.Now() == kNoon);
  source.Advance(-24h);
  CHECK(clock.Now() == kNoon);
  source.Set(kNoon - 1us);
  CHECK(clock.Now() == kNoon);
  source.Set(kNoon);
  CHECK(clock.Now() == kNoon);
  source.Advance(1us);
  CHECK(clock.Now() == kNoon + 1us);
  CHECK_FALSE(clock.held());
}

TEST_CASE("time goes on from the mark of the run before, even if the source is behind it") {
  SimulatedClock source(kNoon - 10min);
  ServiceClock clock(source, {.high_water_mark = kNoon});
  CHECK_FALSE(clock.held());
  CHECK(clock.Now() == kNoon);
  source.Set(kNoon + 1s);
  CHECK(clock.Now() == kNoon + 1s);
}

TEST_CASE("a first run has no mark to leap from") {
  SimulatedClock source(kNoon);
  ServiceClock clock(source, {.high_water_mark = kMinTime, .clock_guard = 1us});
  CHECK_FALSE(clock.held());
  CHECK(clock.Now() == kNoon);
}

TEST_CASE("a restart just within the guard goes on, one beyond it is held at the mark") {
  SimulatedClock source(kNoon + 1h);
  ServiceClock within(source, {.high_water_mark = kNoon});
  CHECK_FALSE(within.held());
  CHECK(within.Now() == kNoon + 1h);

  source.Advance(1us);
  ServiceClock beyond(source, {.high_water_mark = kNoon});
  CHECK(beyond.held());
  CHECK(beyond.Now() == kNoon);
  source.Advance(24h);
  CHECK(beyond.Now() == kNoon);

  beyond.Trust();
  CHECK_FALSE(beyond.held());
  CHECK(beyond.Now() == kNoon + 25h + 1us);
}

TEST_CASE("a held clock that is trusted still never steps back") {
  SimulatedClock source(kNoon + 2h);
  ServiceClock clock(source, {.high_water_mark = kNoon});
  REQUIRE(clock.held());
  source.Set(kNoon - 3h);  // it was the source that was wrong, and it was mended
  clock.Trust();
  CHECK(clock.Now() == kNoon);
}

TEST_CASE("a mark near the end of time does not overflow the guard") {
  SimulatedClock source(kMaxTime);
  const ServiceClock clock(source, {.high_water_mark = kMaxTime - 1us, .clock_guard = 24h});
  CHECK_FALSE(clock.held());
}

TEST_CASE("a reading that no call would accept is as if the source stood still") {
  SimulatedClock source(kMinTime + 100s);
  ServiceClock clock(source);
  CHECK(clock.Now() == kMinTime + 100s);
  source.Set(Time(Duration(std::int64_t{1} << 60)));
  CHECK(clock.Now() == kMinTime + 100s);
  source.Set(Time(Duration(-1)));
  CHECK(clock.Now() == kMinTime + 100s);
  source.Set(kMinTime + 200s);
  CHECK(clock.Now() == kMinTime + 200s);
}

TEST_CASE("no thread sees a service's clock step back, whatever the source does") {
  SimulatedClock source(kNoon);
  ServiceClock clock(source);
  std::atomic<int> steps_back = 0;
  std::atomic<Duration::rep> latest{0};
  AtOnce(4, [&](std::size_t thread) {
    for (int i = 0; i < Rounds(200'000); ++i) {
      source.Advance((i + static_cast<int>(thread)) % 3 == 0 ? -7us : 5us);
      // What some thread had seen before this reading began.
      const Duration::rep seen = latest.load();
      const Duration::rep now = clock.Now().time_since_epoch().count();
      if (now < seen) ++steps_back;
      Duration::rep last = latest.load();
      while (now > last && !latest.compare_exchange_weak(last, now)) {
      }
    }
  });
  CHECK(steps_back == 0);
  CHECK(latest > kNoon.time_since_epoch().count());
}

}  // namespace
}  // namespace flashsale
