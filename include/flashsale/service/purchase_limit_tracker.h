#ifndef FLASHSALE_SERVICE_PURCHASE_LIMIT_TRACKER_H_
#define FLASHSALE_SERVICE_PURCHASE_LIMIT_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/flash_sale_repository.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// How much of a limit is used, in units over all lines of a sale.
struct LimitUsage {
  // The limit in force.  For a user: that of the terms, or a higher one that an accepted reserve
  // carried.  For a limit key: that of the terms.
  Units limit = 0;
  // Held, as far as it is not known to have lapsed.
  Units held = 0;
  Units bought = 0;
  // The part of what is recorded as held that is known to have lapsed: it is not in `held`.
  Units lapsed = 0;
  // True where `held` is exactly what lives.  Otherwise some of it may have lapsed and be waiting
  // to be recorded: `held` is an upper bound.
  bool exact = false;

  // What may still be reserved, as far as this limit goes: a lower bound where `exact` is false,
  // because a reserve that needs it expires what has lapsed first.
  constexpr Units remaining() const {
    const std::uint64_t used = std::uint64_t{held} + bought;
    return used >= limit ? 0 : static_cast<Units>(limit - used);
  }

  friend bool operator==(const LimitUsage&, const LimitUsage&) = default;
};

// Tells a shopper, or a page, what is left of a limit.  It keeps no count of its own: limits are
// kept by the inventory, in one step with the stock, and this reads what it recorded.  So an answer
// is true of the moment of the read and promises nothing for later.
//
// What has lapsed is recorded by whoever meets it first: the next reserve that needs it, a call
// about that hold, or a cleaner.  Until then it counts as held in the tally.  The tracker knows of
// a lapse
// - where every hold has lapsed: the sale is cancelled, or its cut is past;
// - of single holds, where the caller names their ids, as the hosts of shoppers with a cart can.
//
// Thread safety: any thread.  Blocking: as the repositories.
// Ownership: both must outlive it.  Clock: none.
class FLASHSALE_EXPORT PurchaseLimitTracker {
 public:
  // What is charged to a user, or to a limit key of the terms, and when.
  struct Query {
    const SaleRef& sale;
    TallyKey key = {};  // TallyKey::Of(user), TallyKey::Of(index, limit_key)
    Time now{};
    // Reservations of this user to look at one by one; at most kMaxRecordsPerUser.  Distinct.
    // Unknown ones are ignored.  For a limit key: none.
    std::span<const ReservationId> holds = {};
  };

  PurchaseLimitTracker(InventoryRepository& inventory, FlashSaleRepository& sales)
      : inventory_(inventory), sales_(sales) {}

  // Errors: InvalidArgument (no such limit key in the terms, too many holds), NotFound (either
  // repository lacks the sale), those of the stores.
  Result<LimitUsage> Read(const Query& query) const;

  // The same for a caller who has the terms.  REQUIRES: `terms` are those of query.sale as
  // Validate(SaleTerms) returned them.
  Result<LimitUsage> Read(const Query& query, const SaleTerms& terms) const;

  // The arithmetic alone: what a tally means under these terms and marks.
  // REQUIRES: key.kind <= terms.key_limits.size().
  static LimitUsage Judge(const SaleTerms& terms, const SaleMarks& marks, const TallyKey& key,
                          const Tally& tally, Time now);

 private:
  InventoryRepository& inventory_;
  FlashSaleRepository& sales_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_PURCHASE_LIMIT_TRACKER_H_
