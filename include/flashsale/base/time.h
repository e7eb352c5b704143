#ifndef FLASHSALE_BASE_TIME_H_
#define FLASHSALE_BASE_TIME_H_

#include <chrono>
#include <cstdint>

#include "flashsale/base/units.h"

namespace flashsale::inline v0 {

// A span of time, in microseconds.
using Duration = std::chrono::microseconds;

// An instant: microseconds since 1970-01-01T00:00Z, without leap seconds.  The library accepts
// instants from kMinTime to kMaxTime; it answers Invalid to any other.
using Time = std::chrono::sys_time<Duration>;

inline constexpr Time kMinTime{Duration{0}};
inline constexpr Time kMaxTime{Duration{static_cast<std::int64_t>(kMaxExactInteger)}};

constexpr bool IsValid(Time t) { return t >= kMinTime && t <= kMaxTime; }

// `t + d`, or kMaxTime where the sum lies beyond it.  REQUIRES: IsValid(t), d >= 0.
constexpr Time SaturatingAdd(Time t, Duration d) { return d >= kMaxTime - t ? kMaxTime : t + d; }

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_TIME_H_
