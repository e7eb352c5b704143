#include "examples/flashsale_sim/calendar.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(1)};

TEST_CASE("everything is due once, in its tick") {
  Calendar calendar(kStart, 10s);
  CHECK(calendar.tick() == Duration(1ms));
  calendar.Put(calendar.TickAt(kStart + 5ms), 1);
  calendar.Put(calendar.TickAt(kStart + 5ms), 2);
  calendar.Put(calendar.TickAt(kStart + 7ms), 3);
  for (Calendar::Tick tick = 0; tick < 5; ++tick) CHECK(calendar.IsEmpty(tick));
  std::set<std::uint32_t> due;
  while (!calendar.IsEmpty(5)) due.insert(calendar.Take(5));
  CHECK(due == std::set<std::uint32_t>{1, 2});
  CHECK(calendar.IsEmpty(6));
  CHECK(calendar.Take(7) == 3);
  CHECK(calendar.IsEmpty(7));
}

TEST_CASE("an instant is never due before itself, and none after the end") {
  const Calendar calendar(kStart, 10s);
  CHECK(calendar.TickAt(kStart - 1s) == 0);
  CHECK(calendar.TimeOf(calendar.TickAt(kStart + 1us)) == kStart + 1ms);
  CHECK(calendar.TickAt(kStart + 10s) != Calendar::kNever);
  CHECK(calendar.TickAt(kStart + 11s) == Calendar::kNever);
}

TEST_CASE("a year of weeks has longer ticks, not more memory") {
  const Calendar weeks(kStart, std::chrono::days(70));
  CHECK(weeks.tick() > Duration(1s));
  CHECK(weeks.memory_bytes() < 20'000'000);
  CHECK(weeks.TimeOf(weeks.end() - 1) >= kStart + std::chrono::days(70));
}

TEST_CASE("entries that were taken make room for others") {
  Calendar calendar(kStart, 10s);
  for (Calendar::Tick tick = 0; tick < 1'000; ++tick) {
    calendar.Put(tick, tick);
    CHECK(calendar.Take(tick) == tick);
  }
  CHECK(calendar.memory_bytes() < 100'000);
  calendar.Put(Calendar::kNever, 1);  // is never due
}

}  // namespace
}  // namespace flashsale::sim
