// Sales that are paused before they start, and sales that are over: what people are told.

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("during a pause before the start nobody falls silent either") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(10);
  terms.start = Shop::kOpening + 40min;
  shop.Create(terms, {.heartbeat_timeout = 2min});
  shop.At(0s);
  for (std::uint64_t user = 1; user <= 3; ++user) shop.Join(user);
  shop.Pass(1min, 10s);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.Pass(10min, 10s);
  CHECK(shop.Position(2).outcome.code == Code::kDone);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  // A minute of the two is left to who was not heard of meanwhile.
  shop.Pass(59s, 1s);
  CHECK(shop.Position(1).outcome.code == Code::kDone);
  shop.Pass(2s, 1s);
  CHECK(shop.Position(3).outcome.code == Code::kUnknownTicket);
  CHECK(shop.Position(2).outcome.code == Code::kDone);
}

TEST_CASE("a pause that outlasts the start goes on, and people are let in when it is over") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10), {.heartbeat_timeout = 2min});
  shop.Join(1);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.Pass(10min, 10s);
  CHECK_FALSE(shop.IsAdmitted(1));
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(1));
}

}  // namespace
}  // namespace flashsale::service_test
