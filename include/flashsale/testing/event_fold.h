#ifndef FLASHSALE_TESTING_EVENT_FOLD_H_
#define FLASHSALE_TESTING_EVENT_FOLD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "flashsale/base/id.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// The state of a sale as its events tell it, and a judge of each event: numbers are dense (I7),
// stock adds up (I1), limits hold (I3, I6), each transition is lawful at its time (I4), nothing is
// promised that was not released (I5), every edge is marked once and where it occurred.  It trusts
// nothing but the terms, so a store whose digest equals that of its fold has told the whole truth.
//
// Thread safety: none.  Blocking: never.  Clock: none.
class FLASHSALE_EXPORT EventFold {
 public:
  // REQUIRES: Validate made `terms`.
  explicit EventFold(const SaleTerms& terms);
  EventFold(EventFold&&) noexcept;
  EventFold& operator=(EventFold&&) noexcept;
  ~EventFold();

  // Nothing where `event` may follow, else what it breaks: "seq 7: I4: ...".  The first complaint is the
  // one to read; what comes after it means little.
  std::optional<std::string> Add(const Event& event);

  // Of the last event.
  std::uint64_t seq() const;
  const SaleMarks& marks() const;
  // In the order of the terms.
  std::span<const Stock> lines() const;
  Tally ReadTally(const TallyKey& key) const;
  // Null where this user never had it.
  const Reservation* Find(const UserId& user, const ReservationId& id) const;
  // As InventoryRepository::Snapshot does.
  void Show(SnapshotVisitor& visitor) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_EVENT_FOLD_H_
