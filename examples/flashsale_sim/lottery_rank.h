#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_

#include <array>
#include <cstdint>

#include "flashsale/base/id.h"

namespace flashsale::sim {

// The rank that a user has in a draw, worked out from the published seed alone, as anybody could
// who was let in and wonders why: the first eight bytes of HMAC-SHA256(seed, user id), who has the
// lowest is let in first.  It shares no code with the library.
using LotterySeed = std::array<std::uint8_t, 32>;
std::uint64_t LotteryRank(const LotterySeed& seed, const UserId& user);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_
