#ifndef FLASHSALE_POLICY_ADAPTIVE_PACE_H_
#define FLASHSALE_POLICY_ADAPTIVE_PACE_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// How the pace of admissions follows what the store can bear: additive increase, multiplicative
// decrease (D. Chiu and R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion
// Avoidance in Computer Networks", 1989).  Beside it stands the CircuitBreaker, the hard stop.
struct AdaptivePaceOptions {
  // The bounds of the pace, in per cent of that with which the queue was opened; 1 to 100, and 100
  // to 1,000.  It begins at what it was opened with.
  std::uint32_t floor_percent = 10;
  std::uint32_t ceiling_percent = 100;
  // How long to watch before the next step, at the least; 100 ms to 1 min.
  Duration interval = std::chrono::seconds{1};
  // Fewer calls than this decide nothing: they are watched for longer; 1 to 1,000,000.
  std::uint32_t min_calls = 20;
  // A call that took so long is slow; 1 us to 1 min.
  Duration slow_call = std::chrono::milliseconds{50};
  // The store has too much to do where at least so many of the calls were slow, or failed; per
  // cent, 1 to 100.
  std::uint32_t slow_percent = 10;
  std::uint32_t failure_percent = 5;
  // Then the pace falls to this share of itself; per cent, 1 to 99.
  std::uint32_t decrease_percent = 70;
  // Else it rises by this share of the ceiling; per cent, 1 to 100.
  std::uint32_t increase_percent = 5;
};

// OK, or an InvalidArgument that names the member, its value and what was expected.
FLASHSALE_EXPORT Status Validate(const AdaptivePaceOptions& options);

// Calls of a store that were watched.
struct StoreCalls {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;  // longer than AdaptivePaceOptions::slow_call

  friend StoreCalls operator-(const StoreCalls& a, const StoreCalls& b) {
    return {
        .calls = a.calls - b.calls, .failures = a.failures - b.failures, .slow = a.slow - b.slow};
  }
};

// The pace after the calls of one step, in admissions a second, both given in them too: `opened` is
// that with which the queue was opened.  Nothing where the calls were too few.
// REQUIRES: Validate(options) is OK, opened > 0.
FLASHSALE_EXPORT std::optional<std::uint32_t> NextPace(const AdaptivePaceOptions& options,
                                                       std::uint32_t opened, std::uint32_t pace,
                                                       const StoreCalls& calls);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_ADAPTIVE_PACE_H_
