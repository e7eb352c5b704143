#ifndef FLASHSALE_DOMAIN_RESERVATION_H_
#define FLASHSALE_DOMAIN_RESERVATION_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// The limit keys of one reserve, in the order of SaleTerms::key_limits; nil: not charged.
using LimitKeys = std::array<LimitKey, kMaxLimitKeys>;

// Units of one line held for, or bought by, one user.  A plain value.
//
//   ACTIVE -> PURCHASED | CANCELLED | EXPIRED
//   EXPIRED -> PURCHASED     by a revived confirm
//   PURCHASED -> CANCELLED   by an operator's void
struct Reservation {
  UserId user = {};
  ReservationId id = {};
  ReservationState state = ReservationState::kNone;
  std::uint16_t line = 0;
  // The units first asked for; 0 for a tombstone, the trace of a cancel that came before its reserve.
  Units asked = 0;
  // The units held or bought; fewer than asked after a confirm of a part.
  Units units = 0;
  Time reserved_at{};
  Time deadline{};
  // Opaque to the library: for example the price that the host promised.
  std::uint64_t quote = 0;
  // The number of the admission that it was taken under; 0: none.
  std::uint64_t admission = 0;
  LimitKeys keys = {};

  bool is_tombstone() const { return asked == 0; }

  friend bool operator==(const Reservation&, const Reservation&) = default;
};

// Whether a hold with this deadline lives.  The only function that decides it.
constexpr bool IsLive(Time deadline, Time cut, Time now) { return now < std::min(deadline, cut); }

// The deadline of a new hold: no later than the cut, when it would lapse all the same.
constexpr Time DeadlineOfHold(Time now, Duration hold, Time cut) {
  return std::min(SaturatingAdd(now, hold), cut);
}

// The deadline that an extension asked for at `now` gives: never earlier than the present one.
struct ExtensionTerms {
  Duration hold;
  Duration longest_hold;
  Time cut;
};
constexpr Time ExtendedDeadline(const ExtensionTerms& terms, Time reserved_at, Time deadline,
                                Time now) {
  const Time wished = SaturatingAdd(now, terms.hold);
  const Time longest = SaturatingAdd(reserved_at, terms.longest_hold);
  return std::max(deadline, std::min({wished, longest, terms.cut}));
}

// The rows of the contract's table for an id that is known to this user.  `state` is the state after
// a lapse was recorded, so kActive means live.

// A reserve with the id of a reservation that was made before.
constexpr Code JudgeReserveAgain(ReservationState state, bool is_tombstone, bool same_terms) {
  if (is_tombstone) return Code::kCancelled;
  if (!same_terms) return Code::kIdConflict;
  switch (state) {
    case ReservationState::kActive:
    case ReservationState::kPurchased: return Code::kAlreadyDone;
    case ReservationState::kCancelled: return Code::kCancelled;
    case ReservationState::kExpired: return Code::kExpired;
    case ReservationState::kNone: break;
  }
  return Code::kInvalid;
}

// A confirm.  `named`: the units it names, 0 for all; `units`: those held or bought.
// kInvalid: it names more than are held.  kRevived: it may take stock and limit anew.
constexpr Code JudgeConfirm(ReservationState state, bool is_tombstone, bool may_revive, Units named,
                            Units units) {
  switch (state) {
    case ReservationState::kActive: return named > units ? Code::kInvalid : Code::kDone;
    case ReservationState::kPurchased:
      return named == 0 || named == units ? Code::kAlreadyDone : Code::kIdConflict;
    case ReservationState::kCancelled: return Code::kCancelled;
    case ReservationState::kExpired:
      if (!may_revive || is_tombstone) return Code::kExpired;
      return named > units ? Code::kInvalid : Code::kRevived;
    case ReservationState::kNone: break;
  }
  return Code::kUnknownReservation;
}

constexpr Code JudgeCancel(ReservationState state) {
  switch (state) {
    case ReservationState::kActive: return Code::kDone;
    case ReservationState::kPurchased: return Code::kAlreadyPurchased;
    case ReservationState::kCancelled: return Code::kAlreadyDone;
    case ReservationState::kExpired: return Code::kExpired;
    case ReservationState::kNone: break;
  }
  return Code::kDone;  // never seen: a tombstone
}

constexpr Code JudgeExtend(ReservationState state, bool moves) {
  switch (state) {
    case ReservationState::kActive: return moves ? Code::kDone : Code::kAlreadyDone;
    case ReservationState::kPurchased: return Code::kAlreadyPurchased;
    case ReservationState::kCancelled: return Code::kCancelled;
    case ReservationState::kExpired: return Code::kExpired;
    case ReservationState::kNone: break;
  }
  return Code::kUnknownReservation;
}

constexpr Code JudgeVoid(ReservationState state) {
  switch (state) {
    case ReservationState::kActive: return Code::kNotPurchased;
    case ReservationState::kPurchased: return Code::kDone;
    case ReservationState::kCancelled: return Code::kAlreadyDone;
    case ReservationState::kExpired: return Code::kExpired;
    case ReservationState::kNone: break;
  }
  return Code::kUnknownReservation;
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_RESERVATION_H_
