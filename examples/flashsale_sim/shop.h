#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_

#include <functional>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/progress.h"
#include "examples/flashsale_sim/series.h"
#include "examples/flashsale_sim/timeline.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

// How a sale is laid out.
struct SalePlan {
  // Half of them are on sale from the opening, the others are released half-way.
  Units units = 1;
  Units limit_per_user = 1;
  Duration hold{};
};

// A sale is open for three holds: long enough for units to lapse and to be sold again twice.
inline Duration OpenFor(Duration hold) { return 3 * hold; }

// The terms of a sale by this plan: one line, late payers may still get what is left.
SaleTerms TermsOf(const SalePlan& plan);

// Limits that nobody but a flood from one place meets: a replay measures the sale.
RateLimits GenerousLimits();

// What came of a sale, besides what its events tell.
struct SaleResult {
  Answers answers;
  // Nobody queues.
  Series series;
  // What depends on the machine.
  Latencies latencies;
  // When all was over.
  SaleStock stock;
  // What the detectors made of the calls; they are in shadow, so everybody was let in.
  ChainStats suspicions;
};

// Sells to a crowd in virtual time, through the facade: the visits of the crowd, what shoppers do
// with their holds, the operators' acts and the service's own work happen in the order of their
// times, one at a time.  Everything but the latencies depends on the arguments alone.
// Thread safety: one thread.
// Blocking: as the storage does.  Ownership: all references must outlive the call.
// Clock: its own, at the time of the next thing to happen; that of the machine for latencies.
// Errors: those of the service; an operator's act that is not carried out (FailedPrecondition).
struct SaleRun {
  const SalePlan& plan;
  const Crowd& crowd;
  const Dice& dice;
  Storage& storage;
  RateLimits limits;
  Audit& audit;
  Timeline& timeline;
  // Called now and then; may be empty.
  std::function<void(const Progress&)> on_progress = nullptr;
};
Result<SaleResult> RunSale(const SaleRun& run);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_
