#include "examples/flashsale_sim/simulation_plan.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace flashsale::sim {
namespace {

// Any instant will do, as long as it is the same in every run.
constexpr Time kStart{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};

constexpr const char* kSale = "simulation";

// How many of `whole` fall to part number `index` of `parts`, as evenly as it goes.
Units PartOf(Units whole, std::uint32_t parts, std::uint32_t index) {
  return whole / parts + (index < whole % parts ? 1 : 0);
}

}  // namespace

SaleTerms TermsOf(const SimulationPlan& plan) {
  SaleTerms terms{
      .id = kSale,
      .start = kStart,
      .end = kStart + plan.duration,
      .limit_per_user = plan.limit_per_user,
      .hold = plan.hold,
      .longest_hold = std::max(plan.hold, std::min<Duration>(2 * plan.hold, std::chrono::days(30))),
      .late_confirm = LateConfirm::kRevive,
      .requires_admission = true,
      .admissions_per_second = plan.admissions_per_second};
  for (std::uint32_t i = 0; i < plan.lines; ++i) {
    const Units units = PartOf(plan.units, plan.lines, i);
    terms.lines.push_back({.product = "variant-" + std::to_string(i + 1),
                           .units = units,
                           .released_at_first = ReleasedBy(units, plan.waves, 0)});
  }
  if (!plan.operator_waves) terms.waves = WavesOf(plan);
  return terms;
}

std::vector<Wave> WavesOf(const SimulationPlan& plan) {
  std::vector<Wave> waves;
  for (std::uint32_t wave = 1; wave < plan.waves; ++wave) {
    for (std::uint32_t line = 0; line < plan.lines; ++line) {
      waves.push_back(
          {.at = kStart + plan.duration / plan.waves * wave,
           .line = static_cast<std::uint16_t>(line),
           .released = ReleasedBy(PartOf(plan.units, plan.lines, line), plan.waves, wave)});
    }
  }
  return waves;
}

Units ReleasedBy(Units units, std::uint32_t waves, std::uint32_t wave) {
  Units released = 0;
  for (std::uint32_t i = 0; i <= wave; ++i) released += PartOf(units, waves, i);
  return released;
}

Time OpeningOf(const SimulationPlan& plan) {
  // A sale is announced some time before it opens, even where nobody may gather.
  return kStart - plan.pre_queue - std::chrono::seconds(1);
}

Time ClosingOf(const SimulationPlan& plan) {
  // By then the youngest holds have lapsed, and those who pay late have tried.
  return kStart + plan.duration + 2 * plan.hold + std::chrono::seconds(1);
}

Time LineOpensAt(const SimulationPlan& plan, std::uint8_t tier) {
  return tier == 0 ? kStart : kStart + plan.opens_early;
}

std::vector<std::uint32_t> WeightsOf(const SimulationPlan& plan) {
  if (plan.allocation != Allocation::kPriority || !plan.tier_weights.empty()) {
    return plan.allocation == Allocation::kPriority ? plan.tier_weights
                                                    : std::vector<std::uint32_t>();
  }
  std::vector<std::uint32_t> weights;
  weights.reserve(plan.tiers);
  for (std::uint32_t tier = 0; tier < plan.tiers; ++tier) weights.push_back(plan.tiers - tier);
  return weights;
}

Allocation OrderOf(const SimulationPlan& plan) {
  return plan.allocation == Allocation::kPriority ? plan.tier_order : plan.allocation;
}

bool Draws(const SimulationPlan& plan) { return OrderOf(plan) != Allocation::kFifo; }

Duration OfferHoldOf(const SimulationPlan& plan) {
  return plan.offer_hold.value_or(std::min<Duration>(plan.hold, std::chrono::days(1)));
}

std::uint8_t RankOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper) {
  if (plan.tiers <= 1) return 0;
  constexpr std::uint64_t kMillion = 1'000'000;
  std::uint64_t roll = dice.Below(kMillion, Dice::Purpose::kTier, shopper);
  if (plan.tier_shares.empty()) return static_cast<std::uint8_t>(roll * plan.tiers / kMillion);
  for (std::size_t tier = 0; tier + 1 < plan.tier_shares.size(); ++tier) {
    if (roll < plan.tier_shares[tier]) return static_cast<std::uint8_t>(tier);
    roll -= plan.tier_shares[tier];
  }
  return static_cast<std::uint8_t>(plan.tiers - 1);
}

std::uint32_t CreditsOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper) {
  if (plan.credits_for_first == 0) return 0;
  // Of those who have one, each second has another.
  std::uint32_t credits = 0;
  for (std::uint64_t roll = dice.Roll(Dice::Purpose::kCredits, shopper); roll % 2 == 1; roll /= 2) {
    ++credits;
  }
  return credits;
}

std::uint8_t TierOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper) {
  const bool is_lifted =
      plan.credits_for_first != 0 && CreditsOf(plan, dice, shopper) >= plan.credits_for_first;
  return is_lifted ? std::uint8_t{0} : RankOf(plan, dice, shopper);
}

}  // namespace flashsale::sim
