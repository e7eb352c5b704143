#include "flashsale/policy/token_claims.h"

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

FieldCheck& CheckInstant(FieldCheck& check, std::string_view field, Time time, Time earliest) {
  return check.InRange(field, time.time_since_epoch(), earliest.time_since_epoch(),
                       kMaxTime.time_since_epoch());
}

template <typename Claims>
void CheckWhoAndWhere(const Claims& claims, FieldCheck& check) {
  check.That(claims.sale.valid(), "sale", "no name", "1 to 64 of A-Z a-z 0-9 . _ -")
      .That(!claims.user.is_nil(), "user", "nil", "the id of a user");
}

}  // namespace

// Wherever something must come after an instant, that instant is in its range before this asks.

Status Validate(const AdmissionClaims& claims) {
  FieldCheck check;
  CheckWhoAndWhere(claims, check);
  check.InRange("number", claims.number, std::uint64_t{1}, kMaxExactInteger)
      .InRange("grant", claims.grant, std::uint32_t{1}, ~std::uint32_t{0});
  CheckInstant(check, "not_before", claims.not_before, kMinTime);
  if (check.ok()) {
    CheckInstant(check, "expires_at", claims.expires_at, claims.not_before + Duration{1});
  }
  return check.status();
}

Status Validate(const TicketClaims& claims) {
  FieldCheck check;
  CheckWhoAndWhere(claims, check);
  check.InRange("ticket", claims.ticket, std::uint64_t{1}, kMaxExactInteger)
      .InRange("place", claims.place, std::uint64_t{0}, kMaxExactInteger);
  CheckInstant(check, "epoch", claims.epoch, kMinTime);
  CheckInstant(check, "joined_at", claims.joined_at, kMinTime);
  if (check.ok()) {
    CheckInstant(check, "expires_at", claims.expires_at, claims.joined_at + Duration{1});
  }
  return check.status();
}

}  // namespace flashsale::inline v0
