// Waitlists of sales that people queue for.

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("the queue lets nobody in for units that the waitlist is going to be offered") {
  ListShop shop(ListShop::QueuedTerms());
  shop.SellOutQueued();
  shop.JoinList(1);
  shop.JoinList(2);
  for (std::uint64_t user = 30; user < 33; ++user) shop.Join(user);
  shop.Pass(1s);
  CHECK_FALSE(shop.IsAdmitted(30));
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.GiveBack(2);
  shop.Pass(1s);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  shop.Pass(1s);
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  CHECK(!shop.PlaceOf(2).offer.is_nil());
  CHECK_FALSE(shop.IsAdmitted(30));
  CHECK(shop.Queue().admitted == 3);  // those who bought at first
  REQUIRE(shop.LeaveList(1) == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(30));
  CHECK_FALSE(shop.IsAdmitted(31));
}

TEST_CASE("an offer is an admission of its own, and spoils none of the queue's") {
  SaleTerms terms = ListShop::QueuedTerms();
  terms.limit_per_user = 2;
  ListShop shop(terms);
  shop.SellOutQueued();
  // Let in by the queue while a unit is there; then it is gone.
  shop.GiveBack(1);
  shop.Join(1);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(1));
  shop.Steal(70, 1, /*admission=*/1);
  CHECK(shop.Reserve(1, 5) == Code::kSoldOut);
  REQUIRE(shop.JoinList(1).outcome.code == Code::kDone);
  shop.GiveBack(2, 1);
  shop.Poll();
  const WaitlistPlace place = shop.PlaceOf(1);
  REQUIRE(!place.offer.is_nil());
  CHECK(shop.Find(1, place.offer)->admission != 0);
  CHECK(shop.ConfirmOffer(1, place.offer) == Code::kDone);
  // Under the queue's admission, whose number is higher, another.
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Reserve(1, 6) == Code::kDone);
}

TEST_CASE("whoever has used the queue's admission up is offered, and may queue again afterwards") {
  SaleTerms terms = ListShop::QueuedTerms();
  terms.limit_per_user = 2;
  ListShop shop(terms);
  shop.SellOutQueued();
  REQUIRE(shop.JoinList(100).outcome.code == Code::kDone);  // holds one, under the queue's
  shop.GiveBack(1, 1);
  shop.Poll();
  const WaitlistPlace place = shop.PlaceOf(100);
  REQUIRE(!place.offer.is_nil());
  const std::uint64_t number = shop.Find(100, place.offer)->admission;
  CHECK(number == shop.Find(100, ReservationId::FromInteger(1))->admission + 1);
  CHECK(shop.CancelOffer(100, place.offer) == Code::kDone);
  CHECK(shop.Cancel(100) == Code::kDone);
  shop.Pass(1s);
  shop.Join(100);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(100));
  CHECK(shop.Reserve(100, 8) == Code::kDone);
}

TEST_CASE("an admission of the queue that is half used is not spoilt by an offer") {
  SaleTerms terms = ListShop::QueuedTerms();
  terms.limit_per_user = 3;
  ListShop shop(terms, ListShop::Setup(), {}, {}, {.grant = 3});
  shop.SellOutQueued();  // each has two reserves left
  REQUIRE(shop.JoinList(100).outcome.code == Code::kDone);
  shop.GiveBack(2, 1);
  shop.Poll();
  const WaitlistPlace place = shop.PlaceOf(100);
  REQUIRE(!place.offer.is_nil());
  CHECK(shop.Find(100, place.offer)->admission ==
        shop.Find(100, ReservationId::FromInteger(1))->admission);
  CHECK(shop.Reserve(100, 2) == Code::kDone);
  CHECK(shop.Cancel(100, 2) == Code::kDone);
  CHECK(shop.Reserve(100, 3) == Code::kNotAdmitted);  // the offer was one of the three
}

}  // namespace
}  // namespace flashsale::service_test
