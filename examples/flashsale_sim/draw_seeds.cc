#include "examples/flashsale_sim/draw_seeds.h"

#include <cstddef>

#include "examples/flashsale_sim/simulation_plan.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::sim {

LotterySeed LotterySecretOf(const Dice& dice) {
  LotterySeed seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) {
    seed[i] = static_cast<std::uint8_t>(dice.Roll(Dice::Purpose::kLotterySeed, i) >> 56);
  }
  return seed;
}

LotterySeed LotterySeedOf(const Dice& dice, std::uint8_t tier) {
  // All simulated sales have one name.
  const SaleId sale = TermsOf(SimulationPlan{}).id;
  return DrawSeed::Derive(LotterySecretOf(dice), {.sale = sale, .tier = tier}).bytes();
}

}  // namespace flashsale::sim
