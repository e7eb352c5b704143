#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_DRAW_SEEDS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_DRAW_SEEDS_H_

#include <cstdint>

#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/lottery_rank.h"

namespace flashsale::sim {

// What a simulation's shop draws by: its secret, and the seed of each tier, which is published.
LotterySeed LotterySecretOf(const Dice& dice);
LotterySeed LotterySeedOf(const Dice& dice, std::uint8_t tier = 0);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_DRAW_SEEDS_H_
