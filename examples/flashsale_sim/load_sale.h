#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "examples/flashsale_sim/audit.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/service/flash_sale_service.h"

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
  static Result<std::unique_ptr<LoadSale>> Open(const Parts& parts, const SaleTerms& terms,
                                                std::uint32_t max_in_flight);

  // For callers.
  const SaleRef& name() const { return name_; }
  const SaleTerms& terms() const { return terms_; }

  Status ReadAlong();

  // Whether by `now` the last of its holds has lapsed.
  bool IsOver(Time now) const { return now >= terms_.end + 2 * terms_.hold; }
  // Ends it before its time.
  Status CancelSale();
  // Settles it, checks its counters, removes it, and gives the audit's word; what is left is a
  // name. Nothing where holds remain: to be tried again after a Poll.
  Result<std::optional<AuditReport>> Finish();

  // Recorded promises, to be compared with those that callers were given.
  std::uint64_t reserved() const { return reserved_; }
  std::uint64_t bought() const { return bought_; }

 private:
  LoadSale(const Parts& parts, const SaleTerms& terms);

  const Parts parts_;
  const SaleTerms terms_;
  SaleRef name_;
  std::optional<Audit> audit_;
  std::vector<Event> events_;
  std::uint64_t cursor_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t bought_ = 0;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_SALE_H_
