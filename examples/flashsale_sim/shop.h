#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_

#include <cstdint>
#include <functional>
#include <map>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/timeline.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/domain/verb.h"
#include "flashsale/repository/inventory_repository.h"

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

// What came of a sale, besides what its events tell.
struct SaleResult {
  // Every answer, by what was asked.
  std::map<Verb, std::map<Code, std::uint64_t>> answers;
  // When all was over.
  SaleStock stock;
};

struct Progress {
  Duration since_opening{};
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
};

// Sells to a crowd in virtual time: the visits of the crowd, what shoppers do with their holds, the
// operators' acts and the periodic expiry happen in the order of their times, one at a time.
// Everything depends on the arguments alone.
// Thread safety: one thread.
// Blocking: as the repository does.  Ownership: all references must outlive the call.
// Clock: none; the time is that of the next thing to happen.
// Errors: those of the repository; an operator's act that is not carried out (FailedPrecondition).
struct SaleRun {
  const SalePlan& plan;
  const Crowd& crowd;
  const Dice& dice;
  InventoryRepository& inventory;
  Audit& audit;
  Timeline& timeline;
  // Called now and then; may be empty.
  std::function<void(const Progress&)> on_progress = nullptr;
};
Result<SaleResult> RunSale(const SaleRun& run);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOP_H_
