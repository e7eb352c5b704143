#ifndef FLASHSALE_SRC_TESTING_SEQUENTIAL_SALE_H_
#define FLASHSALE_SRC_TESTING_SEQUENTIAL_SALE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// The contract of one sale as a sequential object, in as few words as it takes: records, marks and
// what is released.  Every count is a sum over the records, so it cannot disagree with them.
// A plain value, made to be copied: the linearizability checker keeps one per branch of its search.
// REQUIRES of all members: the terms outlive the value and are valid.
class SequentialSale {
 public:
  // REQUIRES: terms have every optional member set, as Validate returns them.
  explicit SequentialSale(const SaleTerms& terms);

  // Carries out the command and returns its answer.  Nothing where the contract grants it, but a
  // lapsed hold that stands in the way has to be recorded EXPIRED first; nothing changed then.
  std::optional<Outcome> Apply(const Command& command, Time now);

  // How many records there are, in the order in which they were made; they are never removed.
  std::size_t record_count() const { return records_.size(); }
  // Whether the index-th record is a hold that has lapsed at `now` and may be recorded EXPIRED.
  bool MayExpire(std::size_t index, Time now) const;
  // REQUIRES: MayExpire(index, now) for some `now`.
  void Expire(std::size_t index);

  std::optional<Reservation> Find(const UserId& user, const ReservationId& id) const;
  // `held` and `bought` alone.
  Tally ReadTally(const TallyKey& key) const;
  Stock ReadStock(std::size_t line) const;

  // Everything that later answers depend on: equal keys, equal futures.
  void AppendKey(std::string& key) const;
  // For reports.
  std::string ToString() const;

 private:
  // What an accepted reserve left with its user.
  struct User {
    UserId id;
    Units limit = 0;
    std::uint64_t admission = 0;
    std::uint32_t admission_used = 0;
  };
  struct Charge {
    std::uint64_t recorded = 0;  // held and bought, lapsed holds included
    std::uint64_t lapsed = 0;
  };

  Outcome ApplyAct(const Command& command, Time now);
  std::optional<Outcome> ApplyNewReserve(const Command& command, Time now);
  std::optional<Outcome> ApplyConfirm(Reservation& record, const Command& command, Time now);
  Outcome ApplyCancelOfUnknown(const Command& command);

  Phase PhaseAt(Time now) const;
  Time Cut() const;
  bool IsLapsed(const Reservation& record, Time now) const;
  Reservation* FindRecord(const UserId& user, const ReservationId& id);
  User& UserOf(const UserId& id);
  Charge ChargeOf(const TallyKey& key, Time now) const;
  // Whether stock and the limits of `user` and `keys` grant `units` more: kDone, kUserLimit or
  // kSoldOut; nothing where lapsed holds stand in the way.
  struct Wish {
    std::uint16_t line;
    Units units;
    UserId user;
    Units user_limit;
    LimitKeys keys;
  };
  std::optional<Code> JudgeWish(const Wish& wish, Time now) const;

  const SaleTerms* terms_;
  SaleMarks marks_;
  std::vector<Units> released_;
  std::vector<Reservation> records_;
  std::vector<User> users_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_SEQUENTIAL_SALE_H_
