#include "flashsale/policy/token_claims.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

template <typename Claims, typename Change>
std::string Message(Claims claims, const Change& change) {
  change(claims);
  const Status status = Validate(claims);
  CHECK((status.ok() || status.code() == StatusCode::kInvalidArgument));
  return status.message();
}

TEST_CASE("an admission that is none is refused with its field") {
  const auto message = [](const auto& change) { return Message(SomeAdmission(), change); };
  using Claims = AdmissionClaims;
  CHECK(message([](Claims&) {}).empty());
  CHECK(message([](Claims& c) { c.sale = "a b"; }) ==
        "sale: no name, expected 1 to 64 of A-Z a-z 0-9 . _ -");
  CHECK(message([](Claims& c) { c.user = {}; }) == "user: nil, expected the id of a user");
  CHECK(message([](Claims& c) { c.number = 0; }) == "number: 0, expected 1 to 9007199254740991");
  CHECK(message([](Claims& c) { ++c.number; }) ==
        "number: 9007199254740992, expected 1 to 9007199254740991");
  CHECK(message([](Claims& c) { c.grant = 0; }) == "grant: 0, expected 1 to 4294967295");
  CHECK(
      message([](Claims& c) { c.not_before = kMinTime - Duration{1}; }).starts_with("not_before"));
  CHECK(message([](Claims& c) { c.expires_at = c.not_before; }).starts_with("expires_at: "));
  CHECK(
      message([](Claims& c) { c.expires_at = kMaxTime + Duration{1}; }).starts_with("expires_at"));
  CHECK(message([](Claims& c) { c.expires_at = kMaxTime; }).empty());
}

TEST_CASE("a ticket that is none is refused with its field") {
  const auto message = [](const auto& change) { return Message(SomeTicket(), change); };
  using Claims = TicketClaims;
  CHECK(message([](Claims& c) { c.place = 0; }).empty());
  CHECK(message([](Claims& c) { c.sale = {}; }).starts_with("sale: "));
  CHECK(message([](Claims& c) { c.user = {}; }).starts_with("user: "));
  CHECK(message([](Claims& c) { c.ticket = 0; }) == "ticket: 0, expected 1 to 9007199254740991");
  CHECK(message([](Claims& c) { c.place = kMaxExactInteger + 1; }).starts_with("place: "));
  CHECK(message([](Claims& c) { c.epoch = kMaxTime + Duration{1}; }).starts_with("epoch: "));
  CHECK(message([](Claims& c) { c.joined_at = kMaxTime; }).starts_with("expires_at: "));
  CHECK(message([](Claims& c) { c.joined_at = c.expires_at; }).starts_with("expires_at: "));
  CHECK(message([](Claims& c) { c.joined_at = Time::max(); }).starts_with("joined_at: "));
}

}  // namespace
}  // namespace flashsale
