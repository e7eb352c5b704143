#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/chi_square.h"
#include "examples/flashsale_sim/cohorts.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/progress.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "examples/flashsale_sim/queue_meter.h"
#include "examples/flashsale_sim/series.h"
#include "examples/flashsale_sim/simulation_plan.h"
#include "examples/flashsale_sim/timeline.h"
#include "examples/flashsale_sim/turn_audit.h"
#include "examples/flashsale_sim/wait_audit.h"
#include "examples/flashsale_sim/waitlist_audit.h"
#include "examples/flashsale_sim/wave_audit.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

// What came of a simulated sale, besides what its events tell.
struct SimulationResult {
  Answers answers;
  SaleStock stock;
  CrowdTally crowd;
  Cohorts cohorts;
  QueueReport queue;
  TurnReport turns;
  WaveReport waves;
  // Where there is a waitlist.
  std::optional<WaitlistReport> waitlist;
  WaitReport told_waits;
  // By tier, where there was a draw.
  std::vector<ChiSquare> draws;
  QueueMeasures measures;
  Series series;
  // From the ticket, or from the opening where that is later, until they were let in; milliseconds.
  Histogram waits_ms;
  // From the opening until nothing was left for newcomers for the first time, with all waves
  // released: everything was sold, in a cart, or promised to somebody who was let in.
  std::optional<Duration> sold_out_after;

  // Whether all audits but that of the events found every promise kept.
  bool ok() const {
    return queue.ok() && turns.ok() && waves.ok() && (!waitlist.has_value() || waitlist->ok());
  }

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
