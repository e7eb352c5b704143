// Waitlists are made, found by other servers, and forgotten.

#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("a sale made again with other waitlists is told what differs") {
  ListShop shop;
  const auto again = [&](const WaitlistSetup& setup) {
    return shop.service().Create(ListShop::Terms(), {}, setup).status();
  };
  CHECK(again(ListShop::Setup()).ok());
  WaitlistSetup other = ListShop::Setup();
  other.max_waiting = 7;
  CHECK(again(other).message() ==
        "waitlist.max_waiting: 7, expected 1000000, with which the sale's waitlists were made");
  other = ListShop::Setup();
  other.offer_hold = 3min;
  CHECK(again(other).code() == StatusCode::kAlreadyExists);
  CHECK(again(other).message().starts_with("waitlist.offer_hold: 180000000 us, expected "));
  CHECK(again({}).message() ==
        "waitlist.enabled: false, expected true, with which the sale was made");
  other.offer_hold = 16min;
  CHECK(again(other).message() ==
        "waitlist.offer_hold: 960000000 us, expected 1000 us to 900000000 us");
  CHECK(again({.max_waiting = 7}).message() ==
        "waitlist.enabled: false, expected true where a waitlist is set up");
  CHECK(again({.enabled = true, .max_waiting = 0}).message() ==
        "waitlist.max_waiting: 0, expected 1 to 2147483648");
}

TEST_CASE(
    "waitlists may be added later; other servers find them, and a new sale has none of them") {
  ListShop shop;
  shop.Create(Shop::Terms(1, "plain"));
  CHECK(shop.service().Create(Shop::Terms(1, "plain"), {}, ListShop::Setup())->code ==
        Code::kAlreadyDone);
  const std::unique_ptr<FlashSaleService> other = shop.Open();
  const auto join = [](FlashSaleService& service) {
    return service.JoinWaitlist({.sale = "plain", .user = UserId::FromInteger(1)})->outcome.code;
  };
  CHECK(join(shop.service()) == Code::kInStock);
  CHECK(join(*other) == Code::kInStock);
  REQUIRE(shop.service().Close("plain")->code == Code::kDone);
  REQUIRE(shop.service().Settle("plain")->code == Code::kDone);
  REQUIRE(shop.service().Forget("plain")->code == Code::kDone);
  CHECK(shop.storage()
            .waitlists()
            .Read(WaitlistName("plain", 0), shop.clock().Now())
            .status()
            .code() == StatusCode::kNotFound);
  shop.Create(Shop::Terms(1, "plain"));
  CHECK(shop.service()
            .JoinWaitlist({.sale = "plain", .user = UserId::FromInteger(1)})
            ->outcome.field == Field::kSale);
}

TEST_CASE("a server that finds a sale while it is being made serves it with its waitlists") {
  std::function<void()> look;
  Shop shop({}, {.after = [&look](StorageCall call) {
              if (call == StorageCall::kPutSale && look) look();
            }});
  const std::unique_ptr<FlashSaleService> other = shop.Open();
  look = [&] {
    look = nullptr;
    REQUIRE(other->Serve("drop").ok());
  };
  REQUIRE(shop.service().Create(Shop::Terms(), {}, {.enabled = true}).ok());
  REQUIRE(!look);
  shop.At(0s);
  CHECK(other->JoinWaitlist({.sale = "drop", .user = UserId::FromInteger(1)})->outcome.code ==
        Code::kInStock);
}

}  // namespace
}  // namespace flashsale::service_test
