#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/lottery_rank.h"
#include "examples/flashsale_sim/progress.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "examples/flashsale_sim/series.h"
#include "examples/flashsale_sim/timeline.h"
#include "examples/flashsale_sim/wait_audit.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

enum class Allocation : std::uint8_t { kFifo = 0, kLottery = 1 };

// "fifo", "lottery".
constexpr std::string_view Name(Allocation allocation) {
  return allocation == Allocation::kLottery ? "lottery" : "fifo";
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
  // The stock comes in so many parts, evenly spaced: the first at the opening.
  std::uint32_t waves = 1;
  Duration hold = std::chrono::minutes(5);
  Duration duration = std::chrono::minutes(15);

  Allocation allocation = Allocation::kFifo;
  std::uint32_t admissions_per_second = 500;
  std::uint32_t max_in_flight = 10'000;
  // For how long people may gather before the start; 0: nobody comes before.
  Duration pre_queue = std::chrono::minutes(5);
};

// The terms of the sale; the first line is the most popular.
SaleTerms TermsOf(const SimulationPlan& plan);
// How many of a line's units have been released once wave number `wave`, from 0, of `waves` has
// come.  REQUIRES: wave < waves.
Units ReleasedBy(Units units, std::uint32_t waves, std::uint32_t wave);
// When people may begin to gather, and when all is over.
Time OpeningOf(const SimulationPlan& plan);
Time ClosingOf(const SimulationPlan& plan);
// The seed of the draw, which is published afterwards.
// What a simulation's shop draws by: its secret, and the seed of the sale, which is published.
LotterySeed LotterySecretOf(const Dice& dice);
LotterySeed LotterySeedOf(const Dice& dice);

// What came of a simulated sale, besides what its events tell.
struct SimulationResult {
  Answers answers;
  SaleStock stock;
  CrowdTally crowd;
  QueueReport queue;
  WaitReport told_waits;
  Series series;
  // From the ticket, or from the opening where that is later, until they were let in; milliseconds.
  Histogram waits_ms;
  // From the opening until nothing was left for newcomers for the first time, with all waves
  // released: everything was sold, in a cart, or promised to somebody who was let in.
  std::optional<Duration> sold_out_after;

  // What depends on the machine.
  Latencies latencies;
  // Of the simulator's own: shoppers and what is due when.
  std::uint64_t crowd_bytes = 0;
};

// Plays a whole sale in virtual time, through the facade: a crowd of people and bots gathers, joins
// the queue, is let in, reserves, pays or does not.  Everything but the latencies depends on the
// plan and the dice alone.
// Thread safety: one thread.
// Blocking: as the storage does.  Ownership: all references must outlive the call.
// Clock: its own; that of the machine for latencies.
// Errors: those of the service; an operator's act that is not carried out (FailedPrecondition).
struct SimulationRun {
  const SimulationPlan& plan;
  const Dice& dice;
  Storage& storage;
  Audit& audit;
  Timeline& timeline;
  // Called now and then; may be empty.
  std::function<void(const Progress&)> on_progress = nullptr;
};
Result<SimulationResult> RunSimulation(const SimulationRun& run);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_H_
