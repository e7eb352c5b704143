#ifndef FLASHSALE_BASE_OUTCOME_H_
#define FLASHSALE_BASE_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Every domain answer.  The numbers are stable across versions and go over wires; the gaps are for
// answers to come.  Where several apply, docs/contract.md says which one is given.
enum class Code : std::uint16_t {
  // Carried out.
  kDone = 10,
  kAlreadyDone = 11,  // by an earlier call with the same id, or in force already
  kRevived = 12,      // a confirm after expiry took stock and limit anew

  // About an id that is known for this user, or not.
  kExpired = 20,
  kCancelled = 21,
  kAlreadyPurchased = 22,
  kNotPurchased = 23,
  kUnknownReservation = 24,
  kIdConflict = 25,     // the id was used for another line or other units
  kUnknownTicket = 26,  // this user does not wait in the queue, nor was let in

  // The phase of the sale forbids it.
  kSaleCancelled = 30,
  kSaleEnded = 31,
  kNotStarted = 32,
  kPaused = 33,
  kSaleOpen = 34,
  kHoldsRemain = 35,

  // A new reserve is refused.
  kInvalid = 40,  // Outcome::field says what
  kUnknownSale = 41,
  kStorageFull = 42,
  kNotAdmitted = 43,
  kTooManyAttempts = 44,
  kTooManyHolds = 45,
  kUserLimit = 46,
  kSoldOut = 47,

  // A place in a waitlist is refused.
  kInStock = 50,  // units are to be had: reserve

  // A gate before the store refuses; Outcome::retry_after() where it knows.
  kOverloaded = 60,
  kRateLimited = 61,
  kChallenge = 62,
  kLimitChallenge = 63,
  kDenied = 64,
  kQueued = 65,
  kWaitingPage = 66,
};

// The life of a reservation.  kNone: the answer is not about one.
enum class ReservationState : std::uint8_t {
  kNone = 0,
  kActive = 1,
  kPurchased = 2,
  kCancelled = 3,
  kExpired = 4,
};

// What an Invalid is about.
enum class Field : std::uint8_t {
  kNone = 0,
  kSale = 1,
  kVerb = 2,
  kUser = 3,
  kReservation = 4,
  kLine = 5,
  kUnits = 6,
  kUserLimit = 7,
  kLimitKeys = 8,
  kAdmission = 9,
  kFlags = 10,
  kTime = 11,
  kTier = 12,  // of a join
  kHold = 13,
};

// A domain answer, small enough to return millions of times a second.  A refusal is not an error.
struct Outcome {
  Code code = Code::kInvalid;
  // The present state of the reservation that the call named, where it is known to this user.
  ReservationState state = ReservationState::kNone;
  // For kInvalid: what was wrong.
  Field field = Field::kNone;
  // The units that the reservation holds or bought; after a cancel, expiry or void those it had.
  Units units = 0;
  // Microseconds: the deadline of an ACTIVE reservation; for a gate's refusal how long to wait.
  std::int64_t when_us = 0;

  // REQUIRES: state == kActive.
  Time deadline() const { return Time(Duration(when_us)); }
  // How long to wait before asking again; rounded up, by at most 1 us.  0: it is not known.
  // REQUIRES: code is a gate's.
  Duration retry_after() const { return Duration(when_us); }

  friend bool operator==(const Outcome&, const Outcome&) = default;
};
static_assert(sizeof(Outcome) == 16 && std::is_trivially_copyable_v<Outcome>);

// True where the very same call may get another answer later without the caller changing anything.
FLASHSALE_EXPORT bool IsTransient(Code code);
// "SoldOut": a stable name, for metrics and scripts.
FLASHSALE_EXPORT std::string_view Name(Code code);
// The code by its name; nothing where there is none.
FLASHSALE_EXPORT std::optional<Code> ParseCode(std::string_view name);
// One sentence for logs.
FLASHSALE_EXPORT std::string_view Text(Code code);
// The status of RFC 9110 (and RFC 6585 for 429) that a web server would answer with.
FLASHSALE_EXPORT int HttpStatus(Code code);

FLASHSALE_EXPORT std::string_view Name(ReservationState state);
FLASHSALE_EXPORT std::string_view Name(Field field);

// "Done active 2 units until 1700000000000000", "Invalid line: expected a line of the terms; …":
// for logs.
FLASHSALE_EXPORT std::string ToString(const Outcome& outcome);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_OUTCOME_H_
