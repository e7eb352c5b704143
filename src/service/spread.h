#ifndef FLASHSALE_SRC_SERVICE_SPREAD_H_
#define FLASHSALE_SRC_SERVICE_SPREAD_H_

#include <cstdint>
#include <cstring>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// A time in [0, width) of its own for each user and moment, so that those who are told to come back
// do not come back together.  REQUIRES: 0 <= width < 2^32 us.
inline Duration SpreadOver(Duration width, const UserId& user, Time now) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, user.bytes().data(), sizeof(low));
  std::memcpy(&high, user.bytes().data() + sizeof(low), sizeof(high));
  // Multiplicative mixing: any odd constant without a pattern does.
  std::uint64_t mixed = low ^ static_cast<std::uint64_t>(now.time_since_epoch().count());
  mixed = (mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15 ^ high;
  mixed = (mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15;
  return Duration(
      static_cast<Duration::rep>((mixed >> 32) * static_cast<std::uint64_t>(width.count()) >> 32));
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SPREAD_H_
