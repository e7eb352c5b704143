#include "flashsale/base/outcome.h"

#include <fmt/format.h>

#include <array>

namespace flashsale::inline v0 {
namespace {

constexpr std::array kCodes = {
    Code::kDone,
    Code::kAlreadyDone,
    Code::kRevived,
    Code::kExpired,
    Code::kCancelled,
    Code::kAlreadyPurchased,
    Code::kNotPurchased,
    Code::kUnknownReservation,
    Code::kIdConflict,
    Code::kUnknownTicket,
    Code::kSaleCancelled,
    Code::kSaleEnded,
    Code::kNotStarted,
    Code::kPaused,
    Code::kSaleOpen,
    Code::kHoldsRemain,
    Code::kInvalid,
    Code::kUnknownSale,
    Code::kStorageFull,
    Code::kNotAdmitted,
    Code::kTooManyAttempts,
    Code::kTooManyHolds,
    Code::kUserLimit,
    Code::kSoldOut,
    Code::kInStock,
    Code::kOverloaded,
    Code::kRateLimited,
    Code::kChallenge,
    Code::kLimitChallenge,
    Code::kDenied,
    Code::kQueued,
    Code::kWaitingPage,
};

// All that is known of a code, so that a new one is a compile error here and nowhere else.
struct CodeFacts {
  std::string_view name;
  std::string_view text;
  bool transient;
  int http_status;
};

constexpr CodeFacts FactsOf(Code code) {
  switch (code) {
    case Code::kDone:
      return {"Done", "carried out", false, 200};
    case Code::kAlreadyDone:
      return {"AlreadyDone", "carried out before, or in force already", false, 200};
    case Code::kRevived:
      return {"Revived", "the hold had expired; stock was taken anew and bought", false, 200};
    case Code::kExpired:
      return {"Expired", "the hold has expired", false, 410};
    case Code::kCancelled:
      return {"Cancelled", "the reservation was cancelled", false, 410};
    case Code::kAlreadyPurchased:
      return {"AlreadyPurchased", "the reservation is bought already", false, 409};
    case Code::kNotPurchased:
      return {"NotPurchased", "the reservation is held, not bought", false, 409};
    case Code::kUnknownReservation:
      return {"UnknownReservation", "this user has no such reservation", false, 404};
    case Code::kIdConflict:
      return {"IdConflict", "the id was used for another line or other units", false, 409};
    case Code::kUnknownTicket:
      return {"UnknownTicket", "this user neither waits nor was let in", false, 404};
    case Code::kSaleCancelled:
      return {"SaleCancelled", "the sale was cancelled", false, 410};
    case Code::kSaleEnded:
      return {"SaleEnded", "the sale has ended", false, 410};
    case Code::kNotStarted:
      return {"NotStarted", "the sale has not started", true, 425};
    case Code::kPaused:
      return {"Paused", "the sale is paused", true, 503};
    case Code::kSaleOpen:
      return {"SaleOpen", "the sale is still open", true, 409};
    case Code::kHoldsRemain:
      return {"HoldsRemain", "live holds remain", true, 409};
    case Code::kInvalid:
      return {"Invalid", "the command is not valid", false, 400};
    case Code::kUnknownSale:
      return {"UnknownSale", "there is no such sale", false, 404};
    case Code::kStorageFull:
      return {"StorageFull", "the store has no room for another record", true, 507};
    case Code::kNotAdmitted:
      return {"NotAdmitted", "no admission, or it is used up", false, 403};
    case Code::kTooManyAttempts:
      return {"TooManyAttempts", "this user has too many records in this sale", false, 429};
    case Code::kTooManyHolds:
      return {"TooManyHolds", "this user has too many open holds", true, 409};
    case Code::kUserLimit:
      return {"UserLimit", "more than the limit of the user or of a limit key", true, 409};
    case Code::kSoldOut:
      return {"SoldOut", "fewer units are available than asked for", true, 409};
    case Code::kInStock:
      return {"InStock", "units are available: to be reserved, not waited for", true, 409};
    case Code::kOverloaded:
      return {"Overloaded", "too much is waiting already", true, 503};
    case Code::kRateLimited:
      return {"RateLimited", "too many requests", true, 429};
    case Code::kChallenge:
      return {"Challenge", "a challenge must be passed first", false, 401};
    case Code::kLimitChallenge:
      return {"LimitChallenge", "a challenge must be passed for a higher limit", false, 401};
    case Code::kDenied:
      return {"Denied", "denied", false, 403};
    case Code::kQueued:
      return {"Queued", "waiting in the queue", true, 202};
    case Code::kWaitingPage:
      return {"WaitingPage", "the queue is full", true, 503};
  }
  return {"?", "not a code of this version", false, 500};
}

}  // namespace

bool IsTransient(Code code) { return FactsOf(code).transient; }
std::string_view Name(Code code) { return FactsOf(code).name; }
std::string_view Text(Code code) { return FactsOf(code).text; }
int HttpStatus(Code code) { return FactsOf(code).http_status; }

std::optional<Code> ParseCode(std::string_view name) {
  for (const Code code : kCodes) {
    if (Name(code) == name) return code;
  }
  return std::nullopt;
}

std::string_view Name(ReservationState state) {
  switch (state) {
    case ReservationState::kNone:
      return "none";
    case ReservationState::kActive:
      return "active";
    case ReservationState::kPurchased:
      return "purchased";
    case ReservationState::kCancelled:
      return "cancelled";
    case ReservationState::kExpired:
      return "expired";
  }
  return "?";
}

std::string_view Name(Field field) {
  switch (field) {
    case Field::kNone:
      return "none";
    case Field::kSale:
      return "sale";
    case Field::kVerb:
      return "verb";
    case Field::kUser:
      return "user";
    case Field::kReservation:
      return "reservation";
    case Field::kLine:
      return "line";
    case Field::kUnits:
      return "units";
    case Field::kUserLimit:
      return "user_limit";
    case Field::kLimitKeys:
      return "limit_keys";
    case Field::kAdmission:
      return "admission";
    case Field::kFlags:
      return "flags";
    case Field::kTime:
      return "time";
    case Field::kTier:
      return "tier";
    case Field::kHold:
      return "hold";
  }
  return "?";
}

namespace {

std::string_view ExpectationOf(Field field) {
  switch (field) {
    case Field::kNone:
      return "nothing to be wrong";
    case Field::kSale:
      return "1 to 64 of A-Z a-z 0-9 . _ -; for calls about a queue a sale that has one";
    case Field::kVerb:
      return "a verb of this version";
    case Field::kUser:
      return "an id that is not nil, but for acts about the sale";
    case Field::kReservation:
      return "an id that is not nil, but for acts about the sale";
    case Field::kLine:
      return "a line of the terms; 0 where the verb uses none";
    case Field::kUnits:
      return "1 to 2^30 and within the order's and line's bounds; no more than held; 0 where the "
             "verb uses none";
    case Field::kUserLimit:
      return "0, or up to the ceiling of the terms; only with reserve";
    case Field::kLimitKeys:
      return "keys that the terms name; only with reserve";
    case Field::kAdmission:
      return "number below 2^53, and a grant if and only if there is a number; only with reserve";
    case Field::kFlags:
      return "0, and a quote only with reserve";
    case Field::kTime:
      return "0 to 2^53 - 1 microseconds since 1970";
    case Field::kTier:
      return "one of the queue's tiers, from 0";
    case Field::kHold:
      return "0, or up to the longest hold of the terms; only with reserve";
  }
  return "?";
}

}  // namespace

std::string ToString(const Outcome& outcome) {
  if (outcome.code == Code::kInvalid) {
    return fmt::format("Invalid {}: expected {}", Name(outcome.field),
                       ExpectationOf(outcome.field));
  }
  std::string text(Name(outcome.code));
  if (outcome.state != ReservationState::kNone) {
    text += fmt::format(" {} {} units", Name(outcome.state), outcome.units);
  }
  if (outcome.state == ReservationState::kActive) {
    text += fmt::format(" until {}", outcome.when_us);
  } else if (outcome.when_us != 0) {
    text += fmt::format(" retry after {} us", outcome.when_us);
  }
  return text;
}

}  // namespace flashsale::inline v0
