#ifndef FLASHSALE_SRC_TESTING_SALE_AUDIT_H_
#define FLASHSALE_SRC_TESTING_SALE_AUDIT_H_

#include <cstdint>
#include <string>

#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"
#include "flashsale/testing/event_fold.h"

namespace flashsale::inline v0 {

// Follows the events of one sale of a backend and holds what the backend tells of itself against
// them. Its functions return what is wrong, empty if nothing is. Thread safety: none.  Ownership:
// the repository must outlive it.  Clock: none.
class SaleAudit {
 public:
  // REQUIRES: the sale was created with `terms` and nothing happened in it yet.
  SaleAudit(InventoryRepository& repository, const SaleTerms& terms);

  // Folds the events that came since.
  std::string CatchUp();
  // Stock as the events say.  REQUIRES: caught up, here and below.
  std::string CheckStock(Time now);
  std::string CheckTally(const TallyKey& key);
  // The invariants of the snapshot, and its digest against that of the events.
  std::string CheckSnapshot(Time now);
  // All of it; catches up first.
  std::string CheckAll(Time now);

  const EventFold& fold() const { return fold_; }
  // As of the events.
  std::string Digest(Time now) const;

 private:
  InventoryRepository& repository_;
  const SaleRef sale_;
  EventFold fold_;
  std::uint64_t cursor_ = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_SALE_AUDIT_H_
