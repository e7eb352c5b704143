#ifndef FLASHSALE_DOMAIN_QUOTA_H_
#define FLASHSALE_DOMAIN_QUOTA_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// How much may be taken, and how fast: `permits` in each span of `per`, and up to `burst` at once
// by who has been idle for long enough.
struct Quota {
  std::uint32_t permits = 0;  // 1 to 10,000,000; at most 10,000,000 a second
  Duration per{0};            // 1 us to 1 day
  std::uint32_t burst = 1;    // 1 to 1,000,000; `burst` permits take at most 30 days to come back

  friend bool operator==(const Quota&, const Quota&) = default;
};

// OK, or an InvalidArgument that names `field` and its member, the value and what was expected.
FLASHSALE_EXPORT Status Validate(const Quota& quota, std::string_view field);

// The answer of a limiter.
struct RateDecision {
  bool allowed = false;
  // Where it is not allowed: the very same request is allowed this much later, if nobody else takes
  // anything meanwhile.  Rounded up to the microsecond: at most 1 us longer than need be.  kNever
  // for a weight above the burst.
  Duration retry_after{0};

  static constexpr Duration kNever = Duration::max();

  friend bool operator==(const RateDecision&, const RateDecision&) = default;
};

// The generic cell rate algorithm (ITU-T I.371, annex A, "virtual scheduling"), on plain numbers:
// all that is known of a bucket is one instant, the theoretical arrival time (TAT) of the next
// permit in a steady stream.  A TAT that has passed means a full bucket.  Times in nanoseconds, so
// that ten million permits a second are exact enough; the time of a permit is rounded up, so that
// the rate is never exceeded.
class CellRate {
 public:
  // A rate of nothing: whatever is asked for is refused.
  constexpr CellRate() = default;
  // REQUIRES: Validate(quota) is OK.
  explicit constexpr CellRate(const Quota& quota)
      : permit_ns_((quota.per.count() * 1'000 + quota.permits - 1) / quota.permits),
        burst_ns_(permit_ns_ * quota.burst),
        burst_(quota.burst) {}

  constexpr std::int64_t permit_ns() const { return permit_ns_; }
  constexpr std::int64_t burst_ns() const { return burst_ns_; }
  constexpr std::uint32_t burst() const { return burst_; }

  struct Step {
    RateDecision decision;
    std::int64_t tat_ns = 0;  // the new TAT, where it is allowed
  };
  // What `weight` permits at `now_ns` make of a bucket.  REQUIRES: weight >= 1.
  constexpr Step Take(std::int64_t tat_ns, std::int64_t now_ns, std::uint32_t weight) const {
    if (weight > burst_) return {.decision = {.retry_after = RateDecision::kNever}};
    const std::int64_t next = std::max(tat_ns, now_ns) + permit_ns_ * weight;
    const std::int64_t wait_ns = next - now_ns - burst_ns_;
    if (wait_ns <= 0) return {.decision = {.allowed = true}, .tat_ns = next};
    // Rounded up: whoever comes back then does not come too early.
    return {.decision = {.retry_after = Duration((wait_ns + 999) / 1'000)}};
  }

  // How many permits, each of weight one, are there at `now_ns`: at most the burst.
  constexpr std::uint32_t Fitting(std::int64_t tat_ns, std::int64_t now_ns) const {
    if (permit_ns_ == 0) return 0;
    const std::int64_t spare_ns = now_ns + burst_ns_ - std::max(tat_ns, now_ns);
    return spare_ns <= 0 ? 0 : static_cast<std::uint32_t>(spare_ns / permit_ns_);
  }
  // The first instant at which there is a permit; in the past where there has been one for a while.
  constexpr std::int64_t NextNs(std::int64_t tat_ns) const {
    return tat_ns + permit_ns_ - burst_ns_;
  }

  static constexpr std::int64_t Nanoseconds(Time t) { return t.time_since_epoch().count() * 1'000; }

 private:
  std::int64_t permit_ns_ = 0;
  std::int64_t burst_ns_ = 0;
  std::uint32_t burst_ = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_QUOTA_H_
