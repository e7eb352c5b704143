#include "flashsale/policy/behavior_detector.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

// Standard deviation / mean, in thousandths.  Intervals below zero, which no clock measures, count
// as none; where all are none they are as even as can be.
double VariationOf(std::span<const Duration> intervals) {
  const auto count = static_cast<double>(intervals.size());
  const auto length = [](Duration d) {
    return static_cast<double>(std::max<Duration::rep>(d.count(), 0));
  };
  double sum = 0;
  for (const Duration d : intervals) sum += length(d);
  const double mean = sum / count;
  if (mean == 0) return 0;
  double squares = 0;
  for (const Duration d : intervals) squares += (length(d) - mean) * (length(d) - mean);
  return 1'000 * std::sqrt(squares / count) / mean;
}

}  // namespace

Result<std::unique_ptr<BehaviorDetector>> BehaviorDetector::New(const BehaviorOptions& options) {
  FieldCheck check;
  check
      .InRange("least_time_on_page", options.least_time_on_page, Duration{0},
               std::chrono::minutes{1})
      .InRange<unsigned>("too_fast_score", options.too_fast_score, 0, kMaxBotScore)
      .InRange<std::uint32_t>("least_variation", options.least_variation, 1, 1'000)
      .InRange<unsigned>("too_regular_score", options.too_regular_score, 0, kMaxBotScore)
      .InRange<std::size_t>("min_intervals", options.min_intervals, 3, kMostIntervals)
      .InRange<unsigned>("no_signal_score", options.no_signal_score, 0, kMaxBotScore);
  if (!check.ok()) return check.status();
  return std::unique_ptr<BehaviorDetector>(new BehaviorDetector(options));
}

std::optional<BotScore> BehaviorDetector::Score(const BotQuery& query,
                                                const DetectorProbe& /*probe*/, Time /*now*/,
                                                const std::shared_ptr<BotScoreSink>& /*later*/) {
  const BehaviorFeatures& behavior = query.context.behavior;
  BotScore worst;
  bool signal = false;
  if (behavior.time_on_page.has_value()) {
    signal = true;
    if (*behavior.time_on_page < options_.least_time_on_page) {
      worst = {.score = options_.too_fast_score, .reason = BotReason::kTooFast};
    }
  }
  if (behavior.intervals.size() >= options_.min_intervals) {
    signal = true;
    const double variation =
        VariationOf(behavior.intervals.last(std::min(behavior.intervals.size(), kMostIntervals)));
    const double evenness = std::max(0.0, 1 - variation / options_.least_variation);
    const auto score = static_cast<std::uint8_t>(evenness * options_.too_regular_score);
    if (score > worst.score) worst = {.score = score, .reason = BotReason::kTooRegular};
  }
  if (!signal) return BotScore{.score = options_.no_signal_score, .reason = BotReason::kNoSignal};
  return worst;
}

}  // namespace flashsale::inline v0
