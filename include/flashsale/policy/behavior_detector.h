#ifndef FLASHSALE_POLICY_BEHAVIOR_DETECTOR_H_
#define FLASHSALE_POLICY_BEHAVIOR_DETECTOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"

namespace flashsale::inline v0 {

struct BehaviorOptions {
  // Who asks sooner than this after the page was shown had no time to read it.  0 to 1 minute.
  Duration least_time_on_page = std::chrono::milliseconds{800};
  std::uint8_t too_fast_score = 60;

  // The coefficient of variation (standard deviation / mean) of the intervals between inputs, in
  // thousandths.  People's intervals vary by as much as their mean; below this they look like a
  // timer's, the more so the less they vary: 0 scores too_regular_score, this and above 0.
  // 1 to 1,000.
  std::uint32_t least_variation = 150;
  std::uint8_t too_regular_score = 80;
  // Fewer intervals tell nothing.  3 to 64.
  std::size_t min_intervals = 8;

  // Where the host measured nothing, or too little.
  std::uint8_t no_signal_score = 0;
};

// Too fast or too even for a person; the worse of both is the score.  It believes what it is told:
// a host that measures in the client's code has the client's word for it.
//
// Thread safety: any thread.  Blocking: never.  Ownership: none.  Clock: none.
class FLASHSALE_EXPORT BehaviorDetector final : public BotDetector {
 public:
  // The most intervals that are looked at, the last ones.
  static constexpr std::size_t kMostIntervals = 64;

  // Errors: InvalidArgument, which names the option ("min_intervals: …").
  static Result<std::unique_ptr<BehaviorDetector>> New(const BehaviorOptions& options = {});

  std::string_view name() const override { return "behavior"; }
  DetectorCost cost() const override { return DetectorCost::kArithmetic; }
  // kTooFast or kTooRegular, or kNoSignal.
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                const std::shared_ptr<BotScoreSink>& later) override;

 private:
  explicit BehaviorDetector(const BehaviorOptions& options) : options_(options) {}

  const BehaviorOptions options_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_BEHAVIOR_DETECTOR_H_
