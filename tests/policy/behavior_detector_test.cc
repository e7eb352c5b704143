#include "flashsale/policy/behavior_detector.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tests/policy/bot_doubles.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

BotScore Ask(const BehaviorOptions& options, std::optional<Duration> time_on_page,
             const std::vector<Duration>& intervals = {}) {
  auto made = BehaviorDetector::New(options);
  REQUIRE_MESSAGE(made.ok(), made.status().ToString());
  const Visitor visitor{
      .context = {.behavior = {.time_on_page = time_on_page, .intervals = intervals}}};
  return *(*made)->Score(visitor.query(), {}, kBotStart, nullptr);
}

TEST_CASE("who had no time to read the page is too fast") {
  const BehaviorOptions options{.least_time_on_page = 800ms, .too_fast_score = 60};
  CHECK(Ask(options, 799ms) == BotScore{.score = 60, .reason = BotReason::kTooFast});
  CHECK(Ask(options, 800ms) == BotScore{});
  CHECK(Ask(options, 0ms).score == 60);
  CHECK(Ask(options, -5s).score == 60);
  CHECK(Ask({.least_time_on_page = 0ms}, 0ms).score == 0);
}

TEST_CASE("the evener the intervals, the more they look like a timer's") {
  const BehaviorOptions options{
      .least_variation = 200, .too_regular_score = 80, .min_intervals = 4};
  CHECK(Ask(options, std::nullopt, {100ms, 100ms, 100ms, 100ms}) ==
        BotScore{.score = 80, .reason = BotReason::kTooRegular});
  // Mean 100 ms, standard deviation 10 ms: half of what people vary.
  CHECK(Ask(options, std::nullopt, {90ms, 110ms, 90ms, 110ms}).score == 40);
  CHECK(Ask(options, std::nullopt, {80ms, 120ms, 80ms, 120ms}) == BotScore{});
  CHECK(Ask(options, std::nullopt, {10ms, 190ms, 10ms, 190ms}) == BotScore{});
  CHECK(Ask(options, std::nullopt, {0ms, 0ms, 0ms, 0ms}).score == 80);
  CHECK(Ask(options, std::nullopt, {-1ms, -1h, 0ms, 0ms}).score == 80);
  CHECK(Ask(options, std::nullopt, std::vector<Duration>(50, Duration::max())).score == 80);
}

TEST_CASE("few intervals tell nothing, and of many the last count") {
  const BehaviorOptions options{.too_regular_score = 80, .min_intervals = 8};
  CHECK(Ask(options, std::nullopt, std::vector<Duration>(7, 100ms)) ==
        BotScore{.reason = BotReason::kNoSignal});
  CHECK(Ask(options, std::nullopt, std::vector<Duration>(8, 100ms)).score == 80);
  std::vector<Duration> turned_bot(1'000, 100ms);
  turned_bot.front() = 1h;
  CHECK(Ask(options, std::nullopt, turned_bot).score == 80);
}

TEST_CASE("people are let alone") {
  // Intervals of people are spread log-normally, with a sigma of 0.6 and more.
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> spread(5.5, 0.6);
  for (int person = 0; person < 2'000; ++person) {
    std::vector<Duration> intervals;
    for (int i = 0; i < 12; ++i) {
      intervals.emplace_back(static_cast<Duration::rep>(spread(random) * 1'000));
    }
    CHECK(Ask({}, 3s, intervals).score < 50);
  }
}

TEST_CASE("of two signs the worse is told") {
  const std::vector<Duration> even(10, 100ms);
  CHECK(Ask({.too_fast_score = 60, .too_regular_score = 80}, 0ms, even).reason ==
        BotReason::kTooRegular);
  CHECK(Ask({.too_fast_score = 90, .too_regular_score = 80}, 0ms, even).reason ==
        BotReason::kTooFast);
}

TEST_CASE("where nothing was measured the score is what the options say") {
  CHECK(Ask({.no_signal_score = 20}, std::nullopt) ==
        BotScore{.score = 20, .reason = BotReason::kNoSignal});
}

TEST_CASE("what is wrong with the options of behavior is named") {
  const auto message = [](const BehaviorOptions& options) {
    return BehaviorDetector::New(options).status().message();
  };
  CHECK(message({.least_time_on_page = 2min}) ==
        "least_time_on_page: 120000000 us, expected 0 us to 60000000 us");
  CHECK(message({.too_fast_score = 101}) == "too_fast_score: 101, expected 0 to 100");
  CHECK(message({.least_variation = 0}) == "least_variation: 0, expected 1 to 1000");
  CHECK(message({.too_regular_score = 101}) == "too_regular_score: 101, expected 0 to 100");
  CHECK(message({.min_intervals = 2}) == "min_intervals: 2, expected 3 to 64");
  CHECK(message({.no_signal_score = 200}) == "no_signal_score: 200, expected 0 to 100");
}

}  // namespace
}  // namespace flashsale
