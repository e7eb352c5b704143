#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/series.h"
#include "examples/flashsale_sim/timeline.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/latency_histogram.h"

namespace flashsale::sim {

// One of the sales that a load is put on, and the audit of its events, which are read along while
// it runs.  Calls run beside the reading, so what is audited is the record: that nothing was sold
// twice, no limit passed, every reservation lived a lawful life, and the counters agree at the end.
// Thread safety: one thread, but for name() and terms().
// Blocking: as the service.  Ownership: service and inventory must outlive it.
// Clock: the service's.
// Errors: those of the service and its store.
class LoadSale {
 public:
  struct Parts {
    FlashSaleService& service;
    InventoryRepository& inventory;
  };
  // What is laid down of it.
  struct Plan {
    SaleTerms terms;
    QueueSetup queue = {};
    // In how many parts the stock comes, evenly over the time that it is open.
    std::uint32_t waves = 1;
  };
  static Result<std::unique_ptr<LoadSale>> Open(const Parts& parts, const Plan& plan);

  // For callers.
  const SaleRef& name() const { return name_; }
  const SaleTerms& terms() const { return plan_.terms; }

  Status ReadAlong();
  // Releases the parts of the stock that are due by `now`.
  Status ReleaseWaves(Time now);
  // How it stands; times count from `origin`.
  Result<Series::Sample> Look(Time now, Time origin) const;

  // Whether by `now` the last of its holds has lapsed.
  bool IsOver(Time now) const { return now >= plan_.terms.end + 2 * plan_.terms.hold; }
  // Ends it before its time.
  Status CancelSale();
  // Settles it, checks its counters, removes it or not, and gives the audit's word; what is left is
  // a name. Nothing where holds remain: to be tried again after a Poll.
  enum class Afterwards : std::uint8_t { kForget = 0, kKeep = 1 };
  Result<std::optional<AuditReport>> Finish(Afterwards afterwards);

  // Recorded promises, to be compared with those that callers were given.
  std::uint64_t reserved() const { return reserved_; }
  std::uint64_t bought() const { return bought_; }
  // What there is to tell of it once it is finished, to be taken once, so that all that is left of
  // it is a name: its turns, and how long people waited, in microseconds from their tickets.
  Timeline TakeTimeline() { return std::exchange(timeline_, {}); }
  LatencyHistogram TakeWaits() { return std::exchange(waits_us_, {}); }

 private:
  LoadSale(const Parts& parts, const Plan& plan);

  const Parts parts_;
  const Plan plan_;
  SaleRef name_;
  SaleRef queue_;
  std::optional<Audit> audit_;
  std::vector<Event> events_;
  std::uint64_t cursor_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t bought_ = 0;
  std::uint32_t next_wave_ = 1;
  Timeline timeline_;
  LatencyHistogram waits_us_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_
