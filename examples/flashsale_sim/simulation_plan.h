#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_PLAN_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_PLAN_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "examples/flashsale_sim/dice.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::sim {

// Who goes before whom; each is a strategy of the library.
enum class Allocation : std::uint8_t { kFifo = 0, kLottery = 1, kHybrid = 2, kPriority = 3 };
inline constexpr std::size_t kAllocations = 4;

// "fifo", "lottery", "hybrid", "priority".
constexpr std::string_view Name(Allocation allocation) {
  switch (allocation) {
    case Allocation::kFifo:
      return "fifo";
    case Allocation::kLottery:
      return "lottery";
    case Allocation::kHybrid:
      return "hybrid";
    case Allocation::kPriority:
      return "priority";
  }
  return "fifo";
}

// A sale and its crowd.
struct SimulationPlan {
  std::uint64_t shoppers = 100'000;
  // So many of a million of them are bots.
  std::uint32_t bots_per_million = 200'000;

  // Over all lines; lines <= units.
  Units units = 10'000;
  std::uint32_t lines = 1;
  Units limit_per_user = 1;
  // The stock comes in so many parts, evenly spaced: the first at the opening, the others by the
  // terms of the sale or, with `operator_waves`, by an operator's act.
  std::uint32_t waves = 1;
  bool operator_waves = false;
  Duration hold = std::chrono::minutes(5);
  Duration duration = std::chrono::minutes(15);

  Allocation allocation = Allocation::kFifo;
  // kHybrid: so many of a thousand of those who came early go first; 0 to 1,000.
  std::uint32_t hybrid_per_mille = 500;
  std::uint32_t admissions_per_second = 500;
  std::uint32_t max_in_flight = 10'000;
  // For how long people may gather before the start; 0: nobody comes before.
  Duration pre_queue = std::chrono::minutes(5);

  // Lines beside each other, 1 to 8; kPriority has at least 2.  With another allocation the lower
  // tier always goes first.
  std::uint32_t tiers = 1;
  // kPriority: how many of each tier are let in in its turn, 1 to 1,000; empty: from `tiers` down
  // to 1.
  std::vector<std::uint32_t> tier_weights = {};
  // kPriority: who orders those of one tier who came early; any other of the strategies.
  Allocation tier_order = Allocation::kFifo;
  // How many of a million shoppers belong to each tier, a million in all; empty: as many to each.
  std::vector<std::uint32_t> tier_shares = {};
  // So much later than that of the first tier the lines of the others open.
  Duration opens_early{0};
  // So many referral credits lift somebody into the first tier; 0: none do.
  std::uint32_t credits_for_first = 0;

  // Whether who comes too late may wait for units that come back, and how long one is held for them
  // (not set: as long as a cart).
  bool waitlist = false;
  std::optional<Duration> offer_hold = std::nullopt;

  // So many of a million people who are let in never come.
  std::uint32_t no_shows_per_million = 60'000;
};

// The terms of the sale; the first line is the most popular.
SaleTerms TermsOf(const SimulationPlan& plan);
// When the parts of the stock come after the first, whoever releases them.
std::vector<Wave> WavesOf(const SimulationPlan& plan);
// How many of a line's units have been released once wave number `wave`, from 0, of `waves` has
// come.  REQUIRES: wave < waves.
Units ReleasedBy(Units units, std::uint32_t waves, std::uint32_t wave);
// When people may begin to gather, and when all is over.
Time OpeningOf(const SimulationPlan& plan);
Time ClosingOf(const SimulationPlan& plan);
// When the line of a tier opens.
Time LineOpensAt(const SimulationPlan& plan, std::uint8_t tier);

// The weights of kPriority, in full; empty for the others.
std::vector<std::uint32_t> WeightsOf(const SimulationPlan& plan);
// Who orders those of one tier who came early.
Allocation OrderOf(const SimulationPlan& plan);
// Whether they, or some of them, are drawn.
bool Draws(const SimulationPlan& plan);
// How long an offer of the waitlist is held.
Duration OfferHoldOf(const SimulationPlan& plan);

// How the host ranks a shopper, how many referral credits they have, and where that puts them.
std::uint8_t RankOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper);
std::uint32_t CreditsOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper);
std::uint8_t TierOf(const SimulationPlan& plan, const Dice& dice, std::uint32_t shopper);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_PLAN_H_
