#include "flashsale/service/waitlist.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("ids of offers and names of lists are those that any language makes") {
  const OfferKey key{.sale = "drop",
                     .line = 3,
                     .user = UserId::FromInteger(7),
                     .epoch = Time(Duration(1'700'000'000'000'000)),
                     .ticket = 42};
  CHECK(OfferId(key).ToString() == "8ab32f0e-25bc-942d-f792-8aaeb3761f98");
  CHECK(WaitlistName("drop", 3).view() == "f199f6da36dfb1ebb1c47603a783ca15");
  OfferKey other = key;
  other.epoch += Duration{1};
  CHECK(OfferId(other) != OfferId(key));
}

TEST_CASE("whoever comes when the units are gone waits in order, each at an exact place") {
  ListShop shop;
  CHECK(shop.JoinList(1).outcome.code == Code::kInStock);
  shop.SellOut();
  for (std::uint64_t user = 1; user <= 5; ++user) {
    const WaitlistPlace place = shop.JoinList(user);
    CHECK(place.outcome.code == Code::kDone);
    CHECK(place.position == user);
    CHECK(place.entry.state == TicketState::kWaiting);
    CHECK(place.offer.is_nil());
  }
  CHECK(shop.JoinList(3).outcome.code == Code::kAlreadyDone);
  CHECK(shop.JoinList(3).position == 3);
  CHECK(shop.LeaveList(2) == Code::kDone);
  CHECK(shop.LeaveList(2) == Code::kAlreadyDone);
  CHECK(shop.PlaceOf(3).position == 2);
  CHECK(shop.PlaceOf(5).position == 4);
  CHECK(shop.PlaceOf(2).outcome.code == Code::kUnknownTicket);
  CHECK(shop.JoinList(2).position == 5);
}

TEST_CASE("nobody has to say that they still wait") {
  ListShop shop(ListShop::LongTerms());
  shop.SellOut();
  shop.JoinList(1);
  shop.clock().Advance(std::chrono::hours{24 * 20});
  shop.service().Poll();
  CHECK(shop.PlaceOf(1).position == 1);
}

TEST_CASE("a unit that comes back is held for the first in line, who buys it by its id") {
  ListShop shop;
  shop.SellOut();
  shop.JoinList(1);
  shop.JoinList(2);
  shop.GiveBack(1);
  CHECK(shop.Reserve(50) == Code::kSoldOut);  // others are asked later
  shop.Poll();
  const WaitlistPlace place = shop.PlaceOf(1);
  CHECK(place.outcome.code == Code::kDone);
  CHECK(place.entry.state == TicketState::kAdmitted);
  CHECK(place.position == 0);
  REQUIRE(!place.offer.is_nil());
  CHECK(place.offer_until == shop.clock().Now() + ListShop::kOfferHold);
  CHECK(shop.PlaceOf(2).position == 1);
  REQUIRE(shop.observer.offered.size() == 1);
  CHECK(shop.observer.offered[0].user == UserId::FromInteger(1));
  CHECK(shop.observer.offered[0].id == place.offer);
  CHECK(shop.observer.offered[0].until == place.offer_until);
  CHECK(shop.Find(1, place.offer)->deadline == place.offer_until);
  CHECK(shop.ConfirmOffer(1, place.offer) == Code::kDone);
  shop.Poll();
  CHECK(shop.PlaceOf(1).outcome.code == Code::kUnknownTicket);
  CHECK(shop.observer.ended.empty());
  CHECK(shop.service().waitlist().Read(SaleId("drop"))->accepted == 1);
}

TEST_CASE("each unit cascades to the next in line where it is refused, left or lapses") {
  ListShop shop;
  shop.SellOut();
  for (std::uint64_t user = 1; user <= 4; ++user) shop.JoinList(user);
  shop.GiveBack(1);
  shop.Poll();
  const ReservationId first = shop.PlaceOf(1).offer;
  REQUIRE(!first.is_nil());
  CHECK(shop.CancelOffer(1, first) == Code::kDone);
  shop.Poll();
  REQUIRE(!shop.PlaceOf(2).offer.is_nil());
  CHECK(shop.LeaveList(2) == Code::kDone);
  shop.Poll();
  const WaitlistPlace third = shop.PlaceOf(3);
  REQUIRE(!third.offer.is_nil());
  shop.clock().Set(third.offer_until - Duration{1});
  shop.service().Poll();
  CHECK(shop.PlaceOf(4).position == 1);
  shop.clock().Set(third.offer_until);
  shop.Poll();
  CHECK(!shop.PlaceOf(4).offer.is_nil());
  CHECK(shop.PlaceOf(3).outcome.code == Code::kUnknownTicket);
  shop.Poll();
  REQUIRE(shop.observer.ended.size() == 3);
  CHECK(shop.observer.ended[0] == Ended{1, OfferEnd::kRefused, Code::kCancelled});
  CHECK(shop.observer.ended[1] == Ended{2, OfferEnd::kRefused, Code::kCancelled});
  CHECK(shop.observer.ended[2] == Ended{3, OfferEnd::kLapsed, Code::kExpired});
  // Who lets an offer lapse may come again, behind all others, and is offered under another id.
  CHECK(shop.JoinList(3).position == 1);
  CHECK(shop.LeaveList(4) == Code::kDone);
  shop.Poll();
  CHECK(!shop.PlaceOf(3).offer.is_nil());
  CHECK(shop.PlaceOf(3).offer != third.offer);
}

TEST_CASE("when nobody waits any more, whoever asks first has the unit") {
  ListShop shop;
  shop.SellOut();
  shop.JoinList(1);
  CHECK(shop.LeaveList(1) == Code::kDone);
  shop.GiveBack(2);
  shop.Poll();
  CHECK(shop.Reserve(50) == Code::kDone);
  shop.JoinList(1);
  CHECK(shop.JoinList(1).outcome.code == Code::kInStock);
  CHECK(shop.Reserve(51) == Code::kDone);
}

TEST_CASE("a reserve that is known gets its answer though people wait") {
  ListShop shop;
  shop.SellOut();
  shop.JoinList(1);
  CHECK(shop.Reserve(100) == Code::kAlreadyDone);
  CHECK(shop.Reserve(100, 2) == Code::kSoldOut);
  const std::vector<ReserveRequest> requests = {
      {.sale = "drop", .user = UserId::FromInteger(100), .id = ReservationId::FromInteger(1)},
      {.sale = "drop", .user = UserId::FromInteger(60), .id = ReservationId::FromInteger(1)}};
  shop.GiveBack(1, 1);
  std::vector<Outcome> outcomes(2);
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  CHECK(outcomes[0].code == Code::kAlreadyDone);
  CHECK(outcomes[1].code == Code::kSoldOut);
}

TEST_CASE("a confirm of a part, a refund and a wave give units back to those who wait") {
  SaleTerms terms = ListShop::Terms();
  terms.limit_per_user = 2;
  terms.lines[0].units = 8;
  terms.lines[0].released_at_first = 5;
  terms.waves = {{.at = Shop::kOpening + 2min, .released = 7}};
  ListShop shop(terms);
  shop.SellOut(3);
  REQUIRE(shop.service()
              .Reserve({.sale = "drop",
                        .user = UserId::FromInteger(90),
                        .id = ReservationId::FromInteger(1),
                        .units = 2})
              ->code == Code::kDone);
  for (std::uint64_t user = 1; user <= 5; ++user) shop.JoinList(user);
  CHECK(shop.PlaceOf(1).waves.units == 2);
  REQUIRE(shop.service()
              .Confirm({.sale = "drop",
                        .user = UserId::FromInteger(90),
                        .id = ReservationId::FromInteger(1),
                        .units = 1})
              ->code == Code::kDone);
  shop.Poll();
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  REQUIRE(shop.service()
              .Void({.sale = "drop",
                     .user = UserId::FromInteger(90),
                     .id = ReservationId::FromInteger(1)})
              ->code == Code::kDone);
  shop.Poll();
  CHECK(!shop.PlaceOf(2).offer.is_nil());
  shop.At(2min);
  CHECK(!shop.PlaceOf(3).offer.is_nil());
  CHECK(!shop.PlaceOf(4).offer.is_nil());
  CHECK(shop.PlaceOf(5).position == 1);
  // An operator's own release goes to the list before anybody can ask.
  REQUIRE(shop.service().Release({.sale = "drop", .line = 0, .units = 8})->code == Code::kDone);
  CHECK(!shop.PlaceOf(5).offer.is_nil());
}

TEST_CASE("the lists of two lines know nothing of one another") {
  SaleTerms terms = ListShop::Terms();
  terms.lines.push_back({.product = "other", .units = 2});
  terms.limit_per_user = 2;
  ListShop shop(terms);
  shop.SellOut();
  CHECK(shop.JoinList(1, 0).outcome.code == Code::kDone);
  CHECK(shop.JoinList(1, 1).outcome.code == Code::kInStock);
  CHECK(shop.Reserve(50) == Code::kSoldOut);
  CHECK(shop.service()
            .Reserve({.sale = "drop",
                      .user = UserId::FromInteger(50),
                      .id = ReservationId::FromInteger(1),
                      .line = 1})
            ->code == Code::kDone);
}

TEST_CASE("the door: phase, limit, full list, and what the call names") {
  ListShop shop(ListShop::Terms(), {.enabled = true, .max_waiting = 2});
  SaleTerms later = Shop::Terms(1, "later");
  later.start += 10min;
  REQUIRE(shop.service().Create(later, {}, ListShop::Setup()).ok());
  CHECK(shop.service()
            .JoinWaitlist({.sale = "later", .user = UserId::FromInteger(1)})
            ->outcome.code == Code::kNotStarted);
  shop.SellOut();
  REQUIRE(shop.Confirm(100) == Code::kDone);
  CHECK(shop.JoinList(100).outcome.code == Code::kUserLimit);
  shop.JoinList(1);
  shop.JoinList(2);
  CHECK(shop.JoinList(3).outcome.code == Code::kWaitingPage);
  CHECK(shop.JoinList(2).outcome.code == Code::kAlreadyDone);
  CHECK(shop.JoinList(1, 7).outcome.field == Field::kLine);
  CHECK(shop.PlaceOf(1, 7).outcome.field == Field::kLine);
  CHECK(shop.service().JoinWaitlist({.sale = "drop"})->outcome.field == Field::kUser);
  CHECK(
      shop.service().JoinWaitlist({.sale = "none", .user = UserId::FromInteger(1)})->outcome.code ==
      Code::kUnknownSale);
  shop.Create(Shop::Terms(1, "plain"));
  CHECK(shop.service().LeaveWaitlist({.sale = "plain", .user = UserId::FromInteger(1)})->field ==
        Field::kSale);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  CHECK(shop.LeaveList(2) == Code::kDone);
  CHECK(shop.JoinList(3).outcome.code == Code::kDone);
  REQUIRE(shop.service().Close("drop")->code == Code::kDone);
  CHECK(shop.JoinList(4).outcome.code == Code::kSaleEnded);
  CHECK(shop.PlaceOf(1).outcome.code == Code::kSaleEnded);
}

TEST_CASE("who is too quick is refused, and who has a place is told it all the same") {
  ListShop shop(ListShop::Terms(), ListShop::Setup(), [](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1h, .burst = 1}};
  });
  shop.SellOut();
  CHECK(shop.JoinList(1).outcome.code == Code::kDone);
  const WaitlistPlace again = shop.JoinList(1);
  CHECK(again.outcome.code == Code::kAlreadyDone);
  CHECK(again.position == 1);
  CHECK(shop.LeaveList(1) == Code::kDone);
  CHECK(shop.JoinList(1).outcome.code == Code::kRateLimited);
}

TEST_CASE("while a sale is paused nothing is offered, and it goes on when it resumes") {
  ListShop shop;
  shop.SellOut();
  shop.JoinList(1);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.GiveBack(1);
  shop.Pass(1s);
  CHECK(shop.PlaceOf(1).position == 1);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  shop.Pass(1s);
  CHECK(!shop.PlaceOf(1).offer.is_nil());
}

TEST_CASE("who has all that they may is taken off and told, and the unit goes on") {
  SaleTerms terms = ListShop::Terms();
  terms.lines.push_back({.product = "other", .units = 1});
  ListShop shop(terms);
  shop.SellOut();
  shop.JoinList(1);
  shop.JoinList(2);
  REQUIRE(shop.service()
              .Reserve({.sale = "drop",
                        .user = UserId::FromInteger(1),
                        .id = ReservationId::FromInteger(9),
                        .line = 1})
              ->code == Code::kDone);
  shop.GiveBack(1);
  shop.Poll();
  REQUIRE(shop.observer.ended.size() == 1);
  CHECK(shop.observer.ended[0] == Ended{1, OfferEnd::kWithdrawn, Code::kUserLimit});
  shop.Poll();
  CHECK(!shop.PlaceOf(2).offer.is_nil());
  CHECK(shop.service().waitlist().Read(SaleId("drop"))->withdrawn == 1);
}

TEST_CASE("who refuses before the unit is held keeps nobody from it") {
  ListShop shop;
  shop.SellOut();
  shop.JoinList(1);
  shop.JoinList(2);
  const ReservationId id = shop.OfferIdOf(1);
  CHECK(shop.CancelOffer(1, id) == Code::kDone);  // a tombstone
  shop.GiveBack(1);
  shop.Poll();
  shop.Poll();
  CHECK(shop.observer.ended == std::vector{Ended{1, OfferEnd::kRefused, Code::kCancelled}});
  CHECK(!shop.PlaceOf(2).offer.is_nil());
}

// --- what fails, and who else is at work

TEST_CASE("a reserve that fails is made again under the same id, and doubles nothing") {
  for (const Fault fault : {Fault::kRefused, Fault::kLostRequest, Fault::kLostReply}) {
    CAPTURE(static_cast<int>(fault));
    Fault now = Fault::kNone;
    ListShop shop(ListShop::Terms(), ListShop::Setup(), {}, {.decide = [&now](StorageCall call) {
                    return call == StorageCall::kApply ? now : Fault::kNone;
                  }});
    shop.SellOut();
    shop.JoinList(1);
    shop.JoinList(2);
    shop.GiveBack(1);
    now = fault;
    shop.Poll();
    CHECK(shop.observer.offered.empty());
    CHECK(shop.service().waitlist().failures().store != 0);
    now = Fault::kNone;
    shop.Poll();
    CHECK(!shop.PlaceOf(1).offer.is_nil());
    CHECK(shop.PlaceOf(2).position == 1);
    CHECK(shop.observer.offered.size() == 1);
    CHECK(shop.StockNow().reserved == 3);
  }
}

TEST_CASE("every step of an offer may fail, and it is made good") {
  // MarkUsed, the look before it, the read of the list, Admit itself.
  for (const StorageCall broken : {StorageCall::kMarkUsed, StorageCall::kApplyQueue,
                                   StorageCall::kReadQueue, StorageCall::kAdmit}) {
    CAPTURE(static_cast<int>(broken));
    bool on = false;
    ListShop shop(ListShop::Terms(), ListShop::Setup(), {}, {.decide = [&](StorageCall call) {
                    return on && call == broken ? Fault::kRefused : Fault::kNone;
                  }});
    shop.SellOut();
    shop.JoinList(1);
    shop.JoinList(2);
    shop.GiveBack(1);
    on = true;
    shop.Poll();
    on = false;
    shop.Poll();
    CHECK(!shop.PlaceOf(1).offer.is_nil());
    CHECK(shop.PlaceOf(2).position == 1);
    CHECK(shop.observer.offered.size() == 1);
    CHECK(shop.StockNow().available() == 0);
  }
}

// Lets the first in line in, and fails before a unit is held for them.
class Crashed {
 public:
  Crashed() : shop_(ListShop::Terms(), ListShop::Setup(), {}, Faults()) {
    shop_.SellOut();
    other_ = shop_.Open();
    for (std::uint64_t user = 1; user <= 3; ++user) shop_.JoinList(user);
    shop_.GiveBack(1);
    broken_ = true;
    other_->Poll();
    broken_ = false;
    other_.reset();
    REQUIRE(shop_.ListState().unused == 1);
  }
  ListShop& shop() { return shop_; }

 private:
  FaultPlan Faults() {
    return {.decide = [this](StorageCall call) {
      return broken_ && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
    }};
  }
  bool broken_ = false;
  ListShop shop_;
  std::unique_ptr<FlashSaleService> other_;
};

TEST_CASE("a crash between letting in and holding: whoever asks, anywhere, has the unit held") {
  Crashed crashed;
  ListShop& shop = crashed.shop();
  shop.Poll();
  CHECK(shop.PlaceOf(2).position == 1);  // the unit is left for whose turn it is
  const WaitlistPlace place = shop.PlaceOf(1);
  CHECK(place.outcome.code == Code::kDone);
  CHECK(!place.offer.is_nil());
  CHECK(shop.ListState().unused == 0);
  CHECK(shop.JoinList(1).outcome.code == Code::kAlreadyDone);
}

TEST_CASE("a crash between letting in and holding: where nobody asks the unit is not stuck") {
  Crashed crashed;
  ListShop& shop = crashed.shop();
  shop.Pass(9s);
  CHECK(shop.PlaceOf(2).position == 1);
  CHECK(shop.Reserve(50) == Code::kSoldOut);
  shop.Pass(3s);
  CHECK(!shop.PlaceOf(2).offer.is_nil());
  // Who was let in keeps the turn: the next unit is theirs.
  const WaitlistPlace place = shop.PlaceOf(1);
  CHECK(place.outcome.code == Code::kDone);
  CHECK(place.entry.state == TicketState::kAdmitted);
  CHECK(place.offer.is_nil());
  shop.GiveBack(1, 1);
  shop.Poll();
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  CHECK(shop.PlaceOf(3).position == 1);
}

TEST_CASE("whoever is let in and finds the unit taken keeps the turn") {
  ListShop* world = nullptr;
  bool steals = false;
  ListShop shop(ListShop::Terms(), ListShop::Setup(), {}, {.after = [&](StorageCall call) {
                  if (!steals || call != StorageCall::kAdmit) return;
                  steals = false;
                  world->Steal(70);
                }});
  world = &shop;
  shop.SellOut();
  shop.JoinList(1);
  shop.JoinList(2);
  shop.GiveBack(1);
  steals = true;
  shop.Poll();
  CHECK(shop.observer.offered.empty());
  CHECK(shop.PlaceOf(1).entry.state == TicketState::kAdmitted);
  CHECK(shop.PlaceOf(1).offer.is_nil());
  CHECK(shop.Reserve(50) == Code::kSoldOut);
  shop.GiveBack(1, 1);
  CHECK(shop.PlaceOf(2).position == 1);
  shop.Poll();
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  CHECK(shop.PlaceOf(2).position == 1);
}

TEST_CASE("who leaves while they are let in leaves no hold behind") {
  ListShop* world = nullptr;
  bool leaves = false;
  const auto leave_after = [&](StorageCall when) {
    return [&, when](StorageCall call) {
      if (!leaves || call != when) return;
      leaves = false;
      CHECK(world->LeaveList(1) == Code::kDone);
    };
  };
  for (const StorageCall when : {StorageCall::kAdmit, StorageCall::kApply}) {
    CAPTURE(static_cast<int>(when));
    ListShop shop(ListShop::Terms(), ListShop::Setup(), {}, {.after = leave_after(when)});
    world = &shop;
    shop.SellOut();
    shop.JoinList(1);
    shop.JoinList(2);
    shop.GiveBack(1);
    leaves = true;
    shop.Poll();
    CHECK(!leaves);
    shop.Poll();
    CHECK(shop.PlaceOf(1).outcome.code == Code::kUnknownTicket);
    CHECK(!shop.PlaceOf(2).offer.is_nil());
    CHECK(shop.observer.offered.size() == 1);
  }
}

TEST_CASE("two servers offer each unit once, and either knows how it ended") {
  ListShop shop;
  const std::unique_ptr<FlashSaleService> other = shop.Open();
  Recorder told;
  other->waitlist().Observe(&told);
  shop.SellOut();
  for (std::uint64_t user = 1; user <= 3; ++user) shop.JoinList(user);
  other->Poll();
  CHECK(other
            ->Reserve({.sale = "drop",
                       .user = UserId::FromInteger(50),
                       .id = ReservationId::FromInteger(1)})
            ->code == Code::kSoldOut);
  shop.GiveBack(2);
  shop.clock().Advance(100ms);
  other->Poll();
  shop.Poll();
  CHECK(told.offered.size() == 2);
  CHECK(shop.observer.offered.empty());
  const WaitlistPlace first = shop.PlaceOf(1);
  REQUIRE(!first.offer.is_nil());
  CHECK(shop.CancelOffer(1, first.offer) == Code::kDone);
  shop.Pass(1s);
  other->Poll();
  CHECK(shop.observer.ended.size() + told.ended.size() == 1);
  CHECK(other->WaitlistPosition({.sale = "drop", .user = UserId::FromInteger(3)})->offer ==
        shop.PlaceOf(3).offer);
  CHECK(!shop.PlaceOf(3).offer.is_nil());
  CHECK(shop.StockNow().available() == 0);
}

TEST_CASE("of two servers that see a turn end at once, one tells it") {
  std::unique_ptr<FlashSaleService> other;
  bool armed = false;
  ListShop shop(ListShop::Terms(), ListShop::Setup(), {}, {.after = [&](StorageCall call) {
                  if (!armed || call != StorageCall::kApplyQueue) return;
                  armed = false;
                  other->Poll();
                }});
  other = shop.Open();
  Recorder told;
  other->waitlist().Observe(&told);
  shop.SellOut();
  shop.JoinList(1);
  shop.GiveBack(1);
  shop.Poll();
  other->Poll();
  REQUIRE(shop.CancelOffer(1, shop.PlaceOf(1).offer) == Code::kDone);
  armed = true;
  shop.Poll();  // has looked, and then the other one is quicker
  CHECK(!armed);
  CHECK(told.ended.size() == 1);
  CHECK(shop.observer.ended.empty());
}

TEST_CASE("an observer that throws is logged once, and nothing else of it is noticed") {
  std::vector<std::string> logged;
  ListShop shop(ListShop::Terms(), ListShop::Setup(), [&logged](auto& options) {
    options.log.sink = [&logged](const LogRecord& record) { logged.emplace_back(record.event); };
  });
  shop.observer.throws = true;
  shop.SellOut();
  shop.JoinList(1);
  shop.JoinList(2);
  shop.GiveBack(2);
  shop.Poll();
  shop.Poll();
  const auto count = [&logged](const char* event) {
    return std::count(logged.begin(), logged.end(), event);
  };
  CHECK(!shop.PlaceOf(1).offer.is_nil());
  CHECK(count("waitlist_observer_failing") == 1);
  shop.observer.throws = false;
  shop.JoinList(3);
  shop.GiveBack(1, 2);
  shop.Poll();
  shop.Poll();
  CHECK(count("waitlist_observer_recovered") == 1);
}

TEST_CASE("an offer ends with the turn at the latest, so that nobody has two") {
  SaleTerms terms = ListShop::LongTerms();
  terms.limit_per_user = 2;
  CHECK(Waitlist::Check(terms, {.enabled = true, .offer_hold = 25h}).message() ==
        "offer_hold: 90000000000 us, expected 1000 us to 86400000000 us");
  ListShop* world = nullptr;
  bool steals = false;
  ListShop shop(terms, {.enabled = true}, {}, {.after = [&](StorageCall call) {
                  if (!steals || call != StorageCall::kAdmit) return;
                  steals = false;
                  world->Steal(70);
                }});
  world = &shop;
  shop.SellOut();
  shop.JoinList(1);
  shop.GiveBack(1);
  steals = true;
  shop.Poll();
  // The turn finds its unit an hour before it is over.
  const WaitlistPlace turn = shop.PlaceOf(1);
  REQUIRE(turn.offer.is_nil());
  shop.clock().Advance(23h);
  shop.GiveBack(1, 1);
  shop.Poll();
  const WaitlistPlace place = shop.PlaceOf(1);
  REQUIRE(!place.offer.is_nil());
  CHECK(place.offer_until == turn.entry.admission.until);
  CHECK(place.offer_until > shop.clock().Now() + 59min);
}

TEST_CASE("an offer that its sale took along is none any more") {
  {
    ListShop shop;
    shop.SellOut();
    shop.JoinList(1);
    shop.GiveBack(1);
    shop.Poll();
    REQUIRE(!shop.PlaceOf(1).offer.is_nil());
    REQUIRE(shop.service().CancelSale("drop")->code == Code::kDone);
    CHECK(shop.PlaceOf(1).outcome.code == Code::kSaleCancelled);
    CHECK(shop.observer.ended == std::vector{Ended{1, OfferEnd::kWithdrawn, Code::kSaleCancelled}});
  }
  SaleTerms terms = ListShop::Terms();
  terms.end_policy = EndPolicy::kCut;
  ListShop shop(terms);
  shop.SellOut();
  shop.JoinList(1);
  shop.GiveBack(1);
  shop.Poll();
  REQUIRE(!shop.PlaceOf(1).offer.is_nil());
  REQUIRE(shop.service().Close("drop")->code == Code::kDone);
  CHECK(shop.PlaceOf(1).outcome.code == Code::kSaleEnded);
  CHECK(shop.observer.ended == std::vector{Ended{1, OfferEnd::kLapsed, Code::kExpired}});
}

}  // namespace
}  // namespace flashsale::service_test
