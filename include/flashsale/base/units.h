#ifndef FLASHSALE_BASE_UNITS_H_
#define FLASHSALE_BASE_UNITS_H_

#include <cstdint>

namespace flashsale::inline v0 {

// A count of pieces of stock.  Sums of units are computed in 64 bits and checked.
using Units = std::uint32_t;

// The most units that one command, one line or one limit may name.
inline constexpr Units kMaxUnits = Units{1} << 30;

// Times, sequence numbers and admission numbers stay below 2^53, so that every store and every
// language that counts in doubles keeps them exact.
inline constexpr std::uint64_t kMaxExactInteger = (std::uint64_t{1} << 53) - 1;

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_UNITS_H_
