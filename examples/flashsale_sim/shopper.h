#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPER_H_

#include <cstdint>

#include "examples/flashsale_sim/dice.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"

namespace flashsale::sim {

// What a shopper makes of a hold.
enum class Intent : std::uint8_t {
  kPays = 0,       // well before the deadline
  kPaysLate = 1,   // around the deadline: some before, most after it
  kTurnsBack = 2,  // takes it out of the cart, and so cancels
  kWalksAway = 3,  // never comes back, and says nothing
};

// Out of a hundred shoppers.
inline constexpr std::uint64_t kPaysPercent = 62;
inline constexpr std::uint64_t kPaysLatePercent = 15;
inline constexpr std::uint64_t kTurnsBackPercent = 5;
inline constexpr std::uint64_t kWalksAwayPercent = 18;
static_assert(kPaysPercent + kPaysLatePercent + kTurnsBackPercent + kWalksAwayPercent == 100);
// Whatever else they do, so many of a hundred try for a second cart at once.
inline constexpr std::uint64_t kGreedyPercent = 4;

struct Decision {
  Intent intent = Intent::kWalksAway;
  // When the shopper pays or turns back, after the hold was taken.
  Duration after{};
};

// How many units the shopper asks for.  REQUIRES: limit >= 1.
inline Units UnitsWanted(const Dice& dice, std::uint32_t shopper, Units limit) {
  return static_cast<Units>(1 + dice.Below(limit, Dice::Purpose::kUnits, shopper));
}

// Whether the shopper, holding a first cart, tries for another.
inline bool IsGreedy(const Dice& dice, std::uint32_t shopper) {
  return dice.Below(100, Dice::Purpose::kGreed, shopper) < kGreedyPercent;
}

// What the shopper does with cart number `cart`, held for `hold`.  REQUIRES: hold >= 1 ms.
inline Decision Decide(const Dice& dice, std::uint32_t shopper, std::uint32_t cart, Duration hold) {
  const std::uint64_t index = (std::uint64_t{cart} << 32) | shopper;
  const auto between = [&dice, index, hold](std::int64_t from_percent, std::int64_t to_percent) {
    const Duration from = hold / 100 * from_percent;
    const auto width =
        static_cast<std::uint64_t>((hold / 100 * (to_percent - from_percent)).count());
    return from + Duration(dice.Below(width, Dice::Purpose::kTiming, index));
  };
  std::uint64_t roll = dice.Below(100, Dice::Purpose::kIntent, index);
  if (roll < kPaysPercent) return {.intent = Intent::kPays, .after = between(1, 90)};
  roll -= kPaysPercent;
  if (roll < kPaysLatePercent) return {.intent = Intent::kPaysLate, .after = between(90, 130)};
  roll -= kPaysLatePercent;
  if (roll < kTurnsBackPercent) return {.intent = Intent::kTurnsBack, .after = between(1, 80)};
  return {.intent = Intent::kWalksAway, .after = {}};
}

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPER_H_
