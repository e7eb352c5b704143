#ifndef FLASHSALE_SRC_TESTING_REFERENCE_SALE_H_
#define FLASHSALE_SRC_TESTING_REFERENCE_SALE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"
#include "testing/contract_rules.h"

namespace flashsale::inline v0 {

// One sale of the reference model.  The records are its only truth: stock and tallies are sums.
// Thread safety: none.  Blocking: never.  Clock: none.
class ReferenceSale {
 public:
  // REQUIRES: Validate made `terms`.
  ReferenceSale(SaleTerms terms, std::uint64_t max_records);

  const SaleTerms& terms() const { return terms_; }

  // REQUIRES: IsValid(now), here and below.
  Outcome Apply(const Command& command, Time now);
  Code AnswerToForget(Time now) const;
  ExpireReport ExpireDue(Time now, std::size_t max_holds);

  SaleStock ReadStock(Time now) const;
  Tally ReadTally(const TallyKey& key) const;
  const Reservation* Find(const UserId& user, const ReservationId& id) const;
  std::uint64_t last_seq() const { return events_.size(); }
  // REQUIRES: after <= last_seq().
  EventPage ReadEvents(std::uint64_t after, std::span<Event> events) const;
  void Show(SnapshotVisitor& visitor) const;

 private:
  using RecordKey = std::pair<UserId, ReservationId>;

  // What a user has earned by accepted reserves and no record tells.
  struct Standing {
    Units limit = 0;
    std::uint64_t admission = 0;
    std::uint32_t admission_used = 0;
  };

  Outcome Reserve(const Command& command, Time now);
  Outcome ReserveAgain(const Command& command, const Reservation& record) const;
  Field TermsErrorOf(const Command& command) const;
  Outcome Confirm(const Command& command, Time now);
  Outcome ConfirmLate(const Command& command, Reservation& record, Time now);
  Outcome Cancel(const Command& command, Time now);
  Outcome LeaveTombstone(const Command& command, Time now);
  Outcome Extend(const Command& command, Time now);
  Outcome Void(const Command& command, Time now);
  Outcome Operate(const Command& command, Time now);
  Outcome Release(const Command& command, Time now);
  Outcome Settle(Time now);

  // The record as a call that meets it at `now` finds it: what is over has been recorded so.
  Reservation* Touch(const RecordKey& key, Time now);
  void RecordEndOfHold(Reservation& record, Time now);
  void RecordLapses(Time now);

  bool Admits(const Standing& standing, const Command& command) const;
  bool FitsKeyLimits(const LimitKeys& keys, Units asked) const;
  std::uint64_t CountStrayTombstones() const;
  Phase PhaseAt(Time now) const { return contract::PhaseOf(terms_, marks_, now); }
  Stock StockOf(std::size_t line) const;
  std::vector<Stock> StockOfAll() const;
  Standing StandingOf(const UserId& user) const;

  static Event EventAbout(EventType type, const Reservation& record, Units units, Time now);
  void Append(Event event);

  SaleTerms terms_;
  std::uint64_t max_records_;
  SaleMarks marks_;
  std::vector<Units> released_;
  std::map<RecordKey, Reservation> records_;
  std::map<UserId, Standing> standings_;
  std::vector<Event> events_;
  contract::EdgeTracker edges_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_REFERENCE_SALE_H_
