#include "flashsale/policy/adaptive_pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr StoreCalls kWell{.calls = 100};
constexpr StoreCalls kSlow{.calls = 100, .slow = 10};
constexpr StoreCalls kFailing{.calls = 100, .failures = 5};

TEST_CASE(
    "the pace rises by a fixed step while the store is well, and falls by a share of itself") {
  const AdaptivePaceOptions options;
  CHECK(NextPace(options, 1'000, 500, kWell) == 550U);
  CHECK(NextPace(options, 1'000, 550, kWell) == 600U);
  CHECK(NextPace(options, 1'000, 600, kSlow) == 420U);
  CHECK(NextPace(options, 1'000, 600, kFailing) == 420U);
  CHECK(NextPace(options, 1'000, 600, {.calls = 100, .failures = 4, .slow = 9}) == 650U);
}

TEST_CASE("the pace keeps to its floor and its ceiling") {
  AdaptivePaceOptions options{.floor_percent = 20, .ceiling_percent = 150};
  CHECK(NextPace(options, 1'000, 250, kSlow) == 200U);
  CHECK(NextPace(options, 1'000, 200, kSlow) == 200U);
  CHECK(NextPace(options, 1'000, 1'490, kWell) == 1'500U);
  // Set by an operator beyond the bounds: the next step brings it back.
  CHECK(NextPace(options, 1'000, 9'000, kWell) == 1'500U);
  // Never none at all, and never faster than a queue can be.
  CHECK(NextPace(options, 1, 1, kSlow) == 1U);
  CHECK(NextPace({.ceiling_percent = 1'000}, 10'000'000, 10'000'000, kWell) == 10'000'000U);
}

TEST_CASE("too few calls decide nothing") {
  const AdaptivePaceOptions options{.min_calls = 20};
  CHECK(!NextPace(options, 100, 50, {.calls = 19, .failures = 19}).has_value());
  CHECK(NextPace(options, 100, 50, {.calls = 20, .failures = 20}) == 35U);
}

TEST_CASE("an overloaded store and its pace settle between the floor and the ceiling") {
  // A store that bears 400 a second, and is slow beyond it.
  const AdaptivePaceOptions options;
  std::uint32_t pace = 1'000;
  std::uint32_t lowest = pace;
  std::uint32_t highest = 0;
  for (int step = 0; step < 200; ++step) {
    pace = *NextPace(options, 1'000, pace, pace > 400 ? kSlow : kWell);
    if (step < 20) continue;
    lowest = std::min(lowest, pace);
    highest = std::max(highest, pace);
  }
  CHECK(lowest >= 280);
  CHECK(highest <= 450);
}

TEST_CASE("options of a pace are checked by their names") {
  CHECK(Validate(AdaptivePaceOptions{}).ok());
  const auto message = [](const std::function<void(AdaptivePaceOptions&)>& change) {
    AdaptivePaceOptions options;
    change(options);
    return Validate(options).message();
  };
  CHECK(message([](auto& o) { o.floor_percent = 0; }) == "floor_percent: 0, expected 1 to 100");
  CHECK(message([](auto& o) { o.ceiling_percent = 99; }).starts_with("ceiling_percent: 99"));
  CHECK(message([](auto& o) { o.interval = 99ms; }).starts_with("interval: 99000 us"));
  CHECK(message([](auto& o) { o.min_calls = 0; }).starts_with("min_calls: 0"));
  CHECK(message([](auto& o) { o.slow_call = 0us; }).starts_with("slow_call: 0 us"));
  CHECK(message([](auto& o) { o.slow_percent = 0; }).starts_with("slow_percent: 0"));
  CHECK(message([](auto& o) { o.failure_percent = 101; }).starts_with("failure_percent: 101"));
  CHECK(message([](auto& o) { o.decrease_percent = 100; }).starts_with("decrease_percent: 100"));
  CHECK(message([](auto& o) { o.increase_percent = 0; }).starts_with("increase_percent: 0"));
}

}  // namespace
}  // namespace flashsale
