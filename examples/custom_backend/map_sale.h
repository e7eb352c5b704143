#ifndef FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_SALE_H_
#define FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_SALE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace custom_backend {

// One sale in standard maps, written from docs/contract.md: who answers what is asked of the domain
// functions (JudgeConfirm, JudgeAct, …), this class keeps the books.
// Thread safety: none; MapInventory locks.
// Blocking: never.  Ownership: its own.  Clock: none.
class MapSale {
 public:
  // REQUIRES: flashsale::Validate made `terms`, so that every optional member is set.
  MapSale(flashsale::SaleTerms terms, std::uint64_t max_records);

  const flashsale::SaleTerms& terms() const { return terms_; }

  // REQUIRES: FindShapeError(command) == kNone and IsValid(now), here and below.
  flashsale::Outcome Apply(const flashsale::Command& command, flashsale::Time now);
  flashsale::Code AnswerToForget(flashsale::Time now) const;
  flashsale::ExpireReport ExpireDue(flashsale::Time now, std::size_t max_holds);

  flashsale::SaleStock ReadStock(flashsale::Time now) const;
  flashsale::Tally ReadTally(const flashsale::TallyKey& key) const;
  const flashsale::Reservation* Find(const flashsale::UserId& user,
                                     const flashsale::ReservationId& id) const;
  flashsale::Result<flashsale::EventPage> ReadEvents(std::uint64_t after,
                                                     std::span<flashsale::Event> events) const;
  void Show(flashsale::SnapshotVisitor& visitor) const;

 private:
  struct User {
    flashsale::Tally tally;
    std::map<flashsale::ReservationId, flashsale::Reservation> records;
    std::uint32_t tombstones = 0;  // of the records
  };
  using Deadline = std::tuple<flashsale::Time, flashsale::UserId, flashsale::ReservationId>;

  flashsale::Outcome Reserve(const flashsale::Command& command, flashsale::Time now);
  flashsale::Code JudgeNewReserve(const flashsale::Command& command, User& user,
                                  flashsale::Time now);
  flashsale::Outcome Confirm(const flashsale::Command& command, flashsale::Reservation& record,
                             flashsale::Time now);
  flashsale::Outcome Cancel(flashsale::Reservation& record, flashsale::Time now);
  flashsale::Outcome LeaveTombstone(const flashsale::Command& command, flashsale::Time now);
  flashsale::Outcome Extend(flashsale::Reservation& record, flashsale::Time now);
  flashsale::Outcome Void(flashsale::Reservation& record, flashsale::Time now);
  flashsale::Outcome Operate(const flashsale::Command& command, flashsale::Time now);
  flashsale::Outcome Release(const flashsale::Command& command, flashsale::Time now);

  flashsale::Phase PhaseAt(flashsale::Time now) const;
  flashsale::Time cut() const;
  flashsale::Field FindTermsError(const flashsale::Command& command) const;
  bool Admits(const flashsale::Tally& tally, const flashsale::Command& command) const;
  bool FitsLimits(const User& user, flashsale::Units limit, const flashsale::LimitKeys& keys,
                  flashsale::Units asked) const;

  bool IsOver(flashsale::Time deadline, flashsale::Time now) const;
  void EndIfOver(flashsale::Reservation& record, flashsale::Time now);
  std::uint64_t EndAllOver(flashsale::Time now, std::uint64_t max_holds);
  // Takes an ACTIVE record's units out of the books of what is held.
  void EndHold(flashsale::Reservation& record, flashsale::ReservationState state);

  // The tallies that a record is charged to.
  std::vector<flashsale::Tally*> TalliesOf(const flashsale::Reservation& record);
  void AppendAbout(const flashsale::Reservation& record, flashsale::Event event);
  void Append(flashsale::Event event);

  const flashsale::SaleTerms terms_;
  const std::uint64_t max_records_;
  flashsale::SaleMarks marks_;
  std::vector<flashsale::Stock> lines_;
  std::map<flashsale::UserId, User> users_;
  std::array<std::map<flashsale::LimitKey, flashsale::Tally>, flashsale::kMaxLimitKeys> keys_;
  // Of the ACTIVE records.
  std::set<Deadline> deadlines_;
  std::uint64_t records_ = 0;
  // Of users who have no other record.
  std::uint64_t stray_tombstones_ = 0;

  std::vector<flashsale::Event> events_;
  // How the last event left the sale, for the edges of the next.
  std::vector<bool> line_had_stock_;
  bool had_stock_ = false;
  bool was_sold_out_for_good_ = false;
  bool has_started_ = false;
  bool has_ended_ = false;
};

}  // namespace custom_backend

#endif  // FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_SALE_H_
