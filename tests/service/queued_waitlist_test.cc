// Waitlists of sales that people queue for.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

std::unique_ptr<KeyRing> Keys() {
  auto keys = KeyRing::New();
  REQUIRE(keys.ok());
  const std::vector<std::uint8_t> secret(32, 7);
  REQUIRE((*keys)->Add({.id = "k1", .secret = secret}).ok());
  REQUIRE((*keys)->SignWith("k1").ok());
  return *std::move(keys);
}

TEST_CASE("the queue lets nobody in for units that the waitlist is going to be offered") {
  ListShop shop(ListShop::QueuedTerms());
  shop.LetInTooLate({1, 2});
  REQUIRE(shop.JoinList(1).outcome.code == Code::kDone);
  REQUIRE(shop.JoinList(2).outcome.code == Code::kDone);
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
  CHECK(shop.Queue().admitted == 2);
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

TEST_CASE("nobody comes past the queue by the waitlist") {
  for (const bool join_on_reserve : {true, false}) {
    CAPTURE(join_on_reserve);
    SaleTerms terms = ListShop::QueuedTerms();
    terms.lines[0].released_at_first = 0;
    terms.waves = {{.at = Shop::kOpening + 1min, .line = 0, .released = 3}};
    ListShop shop(terms, ListShop::Setup(),
                  [&](auto& options) { options.join_on_reserve = join_on_reserve; });
    for (std::uint64_t user = 1; user <= 20; ++user) shop.Join(user);
    shop.Pass(1s);
    for (const std::uint64_t stranger : {101U, 102U, 103U}) {
      const Outcome outcome = shop.JoinList(stranger).outcome;
      CHECK(outcome.code == (join_on_reserve ? Code::kQueued : Code::kNotAdmitted));
      if (join_on_reserve) CHECK(outcome.retry_after() > Duration(0));
      CHECK((shop.Position(stranger).outcome.code == Code::kDone) == join_on_reserve);
    }
    // Who stands in line is told so, too.
    const Outcome told = shop.JoinList(1).outcome;
    CHECK(told.code == Code::kQueued);
    CHECK(told.retry_after() == std::max(shop.Position(1).wait.expected, Duration(100ms)));
    shop.At(1min);
    shop.Pass(1s);
    for (std::uint64_t user = 1; user <= 3; ++user) CHECK(shop.IsAdmitted(user));
    CHECK(shop.observer.offered.empty());
  }
}

TEST_CASE("who is in the list keeps the place when the admission is over") {
  ListShop shop(ListShop::QueuedTerms(), ListShop::Setup(), {}, {}, {.admission_window = 1min});
  shop.LetInTooLate({1, 2});
  REQUIRE(shop.JoinList(1).outcome.code == Code::kDone);
  shop.Pass(2min, 1s);
  REQUIRE(shop.Position(1).outcome.code == Code::kUnknownTicket);
  const WaitlistPlace again = shop.JoinList(1);
  CHECK(again.outcome.code == Code::kAlreadyDone);
  CHECK(again.position == 1);
  // It puts nobody into line who has a place.
  CHECK(shop.Position(1).outcome.code == Code::kUnknownTicket);
  CHECK(shop.JoinList(2).outcome.code == Code::kQueued);
  shop.GiveBack(1);
  shop.Poll();
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  CHECK(shop.JoinList(1).outcome.code == Code::kAlreadyDone);
}

TEST_CASE(
    "who has all that they may is told so, and who comes when the gate fails waits as declared") {
  ListShop shop(ListShop::QueuedTerms());
  shop.SellOutQueued();
  REQUIRE(shop.Confirm(100) == Code::kDone);
  CHECK(shop.JoinList(100).outcome.code == Code::kUserLimit);
  bool fails = false;
  const FaultPlan faults{.decide = [&](StorageCall call) {
    return fails && call == StorageCall::kFindAdmissions ? Fault::kRefused : Fault::kNone;
  }};
  for (const WhenGateFails mode : {WhenGateFails::kLetPass, WhenGateFails::kRefuse}) {
    fails = false;
    ListShop faulty(
        ListShop::QueuedTerms(), ListShop::Setup(),
        [&](auto& options) { options.when_queue_fails = mode; }, faults);
    faulty.SellOutQueued();
    fails = true;
    const bool passes = mode == WhenGateFails::kLetPass;
    CHECK(faulty.JoinList(1).outcome.code == (passes ? Code::kDone : Code::kOverloaded));
    fails = false;
  }
}

TEST_CASE("a token of an admission opens the list where the queue that gave it was lost") {
  const auto ring = Keys();
  const auto with_keys = [&](auto& options) { options.token_keys = ring.get(); };
  std::string token;
  {
    ListShop before(ListShop::QueuedTerms(), ListShop::Setup(), with_keys);
    before.LetInTooLate({1});
    token = *before.service().IssueToken("drop", before.Position(1));
  }
  Shop shop(with_keys);
  shop.clock().Set(Shop::kOpening + 10s);
  REQUIRE(shop.service().Create(ListShop::QueuedTerms(), {}, ListShop::Setup()).ok());
  for (std::uint64_t user = 100; user < 103; ++user) shop.Join(user);
  shop.Pass(1s);
  for (std::uint64_t user = 100; user < 103; ++user) REQUIRE(shop.Reserve(user) == Code::kDone);
  const auto join = [&](std::uint64_t user, std::string_view shown) {
    return shop.service()
        .JoinWaitlist({.sale = "drop", .user = UserId::FromInteger(user), .admission = shown})
        ->outcome.code;
  };
  CHECK(join(2, token) == Code::kQueued);  // it is another's
  CHECK(join(1, "nonsense") == Code::kQueued);
  CHECK(join(1, token) == Code::kDone);
  CHECK(join(1, "") == Code::kAlreadyDone);
}

TEST_CASE("while the queue cannot be asked a token of an admission opens the list") {
  const auto ring = Keys();
  bool broken = false;
  const FaultPlan faults{.decide = [&](StorageCall call) {
    return broken && call == StorageCall::kFindAdmissions ? Fault::kRefused : Fault::kNone;
  }};
  ListShop shop(
      ListShop::QueuedTerms(), ListShop::Setup(),
      [&](auto& options) { options.token_keys = ring.get(); }, faults);
  shop.LetInTooLate({1, 2});
  const std::string token = *shop.service().IssueToken("drop", shop.Position(1));
  broken = true;
  CHECK(shop.JoinList(2).outcome.code == Code::kOverloaded);
  CHECK(shop.service()
            .JoinWaitlist({.sale = "drop", .user = UserId::FromInteger(1), .admission = token})
            ->outcome.code == Code::kDone);
  CHECK(shop.JoinList(1).outcome.code == Code::kAlreadyDone);
}

TEST_CASE("who is offered a unit and can hold no more stands in nobody's way in the queue") {
  for (const Units limit : {Units{1}, Units{2}}) {
    CAPTURE(limit);
    SaleTerms terms = ListShop::QueuedTerms();
    terms.lines[0].released_at_first = 0;
    terms.waves = {{.at = Shop::kOpening + 1min, .line = 0, .released = 2}};
    terms.lines.push_back({.product = "other", .units = 1});
    terms.limit_per_user = limit;
    ListShop shop(terms);
    shop.Join(1);
    shop.Join(2);
    shop.Pass(1s);
    REQUIRE(shop.IsAdmitted(1));  // for the unit of the other line, which somebody else takes
    const Command command{.verb = Verb::kReserve,
                          .line = 1,
                          .units = 1,
                          .admission_grant = 1,
                          .admission_number = 1,
                          .user = UserId::FromInteger(50),
                          .id = ReservationId::FromInteger(1)};
    Outcome outcome;
    REQUIRE(shop.storage()
                .inventory()
                .Apply("drop", shop.clock().Now(), {&command, 1}, {&outcome, 1})
                .ok());
    REQUIRE(outcome.code == Code::kDone);
    REQUIRE(shop.JoinList(1).outcome.code == Code::kDone);
    REQUIRE_FALSE(shop.IsAdmitted(2));
    shop.At(1min);
    shop.Pass(1s);
    const WaitlistPlace place = shop.PlaceOf(1);
    REQUIRE(!place.offer.is_nil());
    // Of two units one is offered.  The other is for the next in line, unless who has the offer may
    // want it, too.
    CHECK(shop.IsAdmitted(2) == (limit == 1));
    CHECK(shop.IsAdmitted(1) == (limit == 2));
    CHECK(shop.ConfirmOffer(1, place.offer) == Code::kDone);
  }
}

}  // namespace
}  // namespace flashsale::service_test
