#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/policy/draw_record.h"

namespace flashsale::sim {

// A draw, worked out from what is published alone, as anybody could who was let in and wonders why:
// see docs/draw.md.  It shares no code with the library but the form of the record.

using LotterySeed = std::array<std::uint8_t, 32>;
using LotteryKey = std::array<std::uint8_t, 32>;

// The key of a lottery's ranks; nothing where the record and the list of its entrants do not hold:
// the seed is not the one that was committed to, or the lists are not those of the freeze.
// `entrants`: who is drawn, sorted.  `first`: who goes before them, in the order of arrival; as
// many as the record's share of all says.
std::optional<LotteryKey> LotteryKeyOf(const DrawRecord& record, std::span<const UserId> entrants,
                                       std::span<const UserId> first = {});

// The rank that a user has: the first eight bytes of HMAC-SHA256(key, user id), who has the lowest
// is let in first.
std::uint64_t LotteryRank(const LotteryKey& key, const UserId& user);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOTTERY_RANK_H_
