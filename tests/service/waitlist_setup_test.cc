// Waitlists are made, found by other servers, and forgotten.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

TEST_CASE("whoever waits is told when to ask again, spread, and soon enough for an offer") {
  WaitlistSetup setup = ListShop::Setup();
  setup.offer_hold = 40s;
  ListShop shop(ListShop::Terms(), setup);
  shop.SellOut();
  for (std::uint64_t user = 1; user <= 40; ++user) shop.JoinList(user);
  std::vector<Duration> waits;
  for (std::uint64_t user = 1; user <= 40; ++user) {
    CAPTURE(user);
    const WaitlistPlace place = shop.PlaceOf(user);
    const Duration wait = place.next_poll_at - shop.clock().Now();
    const Duration most = std::min<Duration>(std::chrono::seconds{user}, 10s);
    CHECK(wait <= most);
    CHECK(wait > most * 3 / 4);
    CHECK(shop.JoinList(user).next_poll_at == place.next_poll_at);
    if (user > 10) waits.push_back(wait);
  }
  std::sort(waits.begin(), waits.end());
  CHECK(std::unique(waits.begin(), waits.end()) - waits.begin() > 25);
  // Whose turn it is while somebody was quicker comes soon; who has an offer knows until when.
  shop.GiveBack(1);
  shop.Poll();
  REQUIRE(!shop.PlaceOf(1).offer.is_nil());
  CHECK(shop.PlaceOf(1).next_poll_at == kMinTime);
  CHECK(shop.LeaveList(7) == Code::kDone);
  CHECK(shop.PlaceOf(7).next_poll_at == kMinTime);
}

TEST_CASE("an extension prolongs an offer as it does any hold, up to the longest") {
  SaleTerms terms = ListShop::Terms();
  terms.hold = 5min;
  terms.longest_hold = 12min;
  ListShop shop(terms);
  shop.SellOut();
  shop.JoinList(1);
  shop.GiveBack(1);
  shop.Poll();
  const Time made = shop.clock().Now();
  const WaitlistPlace place = shop.PlaceOf(1);
  REQUIRE(place.offer_until == made + ListShop::kOfferHold);
  const auto extend = [&] {
    return *shop.service().Extend(
        {.sale = "drop", .user = UserId::FromInteger(1), .id = place.offer});
  };
  CHECK(extend().deadline() == made + 5min);
  shop.clock().Set(made + 4min);
  CHECK(extend().deadline() == made + 9min);
  shop.clock().Set(made + 8min);
  CHECK(extend().deadline() == made + 12min);
  CHECK(extend().code == Code::kAlreadyDone);
}

TEST_CASE("how often whoever waits is asked to come is checked") {
  const auto storage = OpenMemoryStorage();
  REQUIRE(storage.ok());
  const auto error = [&](const WaitlistOptions& waitlist) {
    return FlashSaleService::New({.storage = **storage, .waitlist = waitlist}).status().ToString();
  };
  CHECK(error({.shortest_poll = 9ms}) ==
        "InvalidArgument: waitlist.shortest_poll: 9000 us, expected 10000 us to 30000000 us");
  CHECK(error({.longest_poll = 999ms}).find("waitlist.shortest_poll: 1000000 us") !=
        std::string::npos);
  CHECK(error({.longest_poll = 2h}).find("waitlist.longest_poll: 7200000000 us") !=
        std::string::npos);
}

}  // namespace
}  // namespace flashsale::service_test
