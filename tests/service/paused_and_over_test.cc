// Sales that are paused before they start, and sales that are over: what people are told.

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

class FlowRecorder final : public QueueObserver {
 public:
  void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry>) override {}
  void OnFlow(const SaleId&, Time, const QueueFlowChange& change) override {
    flows.push_back(change);
  }

  std::vector<QueueFlowChange> flows;
};

class EndRecorder final : public WaitlistObserver {
 public:
  void OnOffered(Time, std::span<const WaitlistOffer>) override {}
  void OnEnded(Time, const WaitlistOffer&, OfferEnd, const Outcome&) override {}
  void OnOver(Time, const SaleId&, std::uint64_t waited) override { over.push_back(waited); }

  std::vector<std::uint64_t> over;
};

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

// Whoever asks about a sale that is over, with a place or without.
void CheckOver(Shop& shop, FlashSaleService& service, Code over) {
  for (const std::uint64_t user : {1U, 2U, 9U}) {
    const UserId who = UserId::FromInteger(user);
    const QueuePlace place = *service.Position("drop", who);
    CHECK(place.outcome.code == over);
    CHECK(place.entry == QueueEntry{});
    CHECK(place.position == 0);
    CHECK(place.sale_state ==
          (over == Code::kSaleCancelled ? SaleState::kCancelled : SaleState::kEnded));
    CHECK(service.Heartbeat("drop", who)->code == over);
    CHECK(service.Join({.sale = "drop", .user = who})->outcome.code == over);
    CHECK(service.Reserve({.sale = "drop", .user = who, .id = ReservationId::FromInteger(77)})
              ->code == over);
  }
  for (const SaleMetrics& sale : shop.service().ReadMetrics().sales) {
    CHECK(sale.queue->waiting == 0);
  }
}

TEST_CASE("whoever asks about a queue is told at once that the sale is over, however it ended") {
  const auto end_of_time = [](Shop& shop) { shop.clock().Set(Shop::kOpening + 1h); };
  const auto close = [](Shop& shop) { REQUIRE(shop.service().Close("drop")->code == Code::kDone); };
  const auto cancel = [](Shop& shop) {
    REQUIRE(shop.service().CancelSale("drop")->code == Code::kDone);
  };
  const auto settle = [](Shop& shop) {
    REQUIRE(shop.service().Close("drop")->code == Code::kDone);
    REQUIRE(shop.service().Settle("drop")->code == Code::kDone);
  };
  const auto check = [](const auto& end, Code over) {
    Shop shop;
    FlowRecorder heard;
    shop.service().queue().Observe(&heard);
    shop.Create(Shop::QueuedTerms(10, 1), {.heartbeat_timeout = 24h});
    const auto other = shop.Open();
    FlowRecorder heard_there;
    other->queue().Observe(&heard_there);
    shop.At(0s);
    for (std::uint64_t user = 1; user <= 5; ++user) shop.Join(user);
    shop.service().Poll();
    other->Poll();
    REQUIRE(shop.IsAdmitted(1));
    REQUIRE(shop.Position(5).outcome.code == Code::kDone);
    end(shop);
    CheckOver(shop, shop.service(), over);
    shop.Pass(1s);
    CheckOver(shop, shop.service(), over);
    other->Poll();
    CheckOver(shop, *other, over);
    shop.Pass(1s);
    other->Poll();
    const QueueFlowChange last{.flow = QueueFlow::kOver, .waiting = 4, .units = 0};
    CHECK(heard.flows == std::vector{last});
    CHECK(heard_there.flows == std::vector{last});
    // Who takes up a sale that is over hears nothing of it.
    FlowRecorder late;
    const auto third = shop.Open();
    third->queue().Observe(&late);
    third->Poll();
    CHECK(late.flows.empty());
  };
  check(end_of_time, Code::kSaleEnded);
  check(close, Code::kSaleEnded);
  check(cancel, Code::kSaleCancelled);
  check(settle, Code::kSaleEnded);
}

TEST_CASE("a server that has not heard of another's cancel asks the store what it is") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1), {.heartbeat_timeout = 24h});
  const auto other = shop.Open();
  shop.At(0s);
  for (std::uint64_t user = 1; user <= 3; ++user) shop.Join(user);
  other->Poll();
  REQUIRE(shop.service().CancelSale("drop")->code == Code::kDone);
  CHECK(other->Join({.sale = "drop", .user = UserId::FromInteger(9)})->outcome.code ==
        Code::kSaleCancelled);
  CHECK(other->Position("drop", UserId::FromInteger(3))->outcome.code == Code::kSaleCancelled);
  CHECK(other->Heartbeat("drop", UserId::FromInteger(3))->code == Code::kSaleCancelled);
  CHECK(other->Position("drop", UserId::FromInteger(3))->sale_state == SaleState::kCancelled);
}

TEST_CASE("whoever waits in a list is told that the sale is over, and is counted no longer") {
  for (const bool cancelled : {false, true}) {
    ListShop shop;
    EndRecorder heard;
    shop.service().waitlist().Observe(&heard);
    const auto other = shop.Open();
    EndRecorder heard_there;
    other->waitlist().Observe(&heard_there);
    shop.SellOut();
    for (std::uint64_t user = 1; user <= 4; ++user) shop.JoinList(user);
    shop.Poll();
    other->Poll();
    const Code over = cancelled ? Code::kSaleCancelled : Code::kSaleEnded;
    if (cancelled) {
      REQUIRE(shop.service().CancelSale("drop")->code == Code::kDone);
    } else {
      shop.clock().Set(Shop::kOpening + 1h);
    }
    CHECK(shop.PlaceOf(3).outcome.code == over);
    CHECK(shop.PlaceOf(9).outcome.code == over);
    CHECK(shop.JoinList(3).outcome.code == over);
    const WaitlistRequest there{.sale = "drop", .user = UserId::FromInteger(3)};
    CHECK(other->WaitlistPosition(there)->outcome.code == over);
    CHECK(shop.service().ReadMetrics().sales[0].waitlist->waiting == 0);
    shop.Poll();
    shop.Poll();
    other->Poll();
    CHECK(shop.PlaceOf(3).outcome.code == over);
    CHECK(shop.service().waitlist().Read(SaleId("drop"))->waiting == 0);
    CHECK(other->waitlist().Read(SaleId("drop"))->waiting == 0);
    CHECK(heard.over == std::vector<std::uint64_t>{4});
    CHECK(heard_there.over == std::vector<std::uint64_t>{4});
    EndRecorder late;
    const auto third = shop.Open();
    third->waitlist().Observe(&late);
    third->Poll();
    CHECK(late.over.empty());
  }
}

TEST_CASE("an offer outlives the end of the sale where holds do, and is counted until it is over") {
  for (const EndPolicy policy : {EndPolicy::kGrace, EndPolicy::kCut}) {
    SaleTerms terms = ListShop::Terms();
    terms.end_policy = policy;
    ListShop shop(terms);
    shop.SellOut();
    shop.JoinList(1);
    shop.JoinList(2);
    shop.clock().Set(Shop::kOpening + 59min);
    shop.Poll();
    shop.Poll();
    const WaitlistPlace offered = shop.PlaceOf(1);
    REQUIRE(!offered.offer.is_nil());
    const bool cut = policy == EndPolicy::kCut;
    CHECK(offered.offer_until ==
          (cut ? Shop::kOpening + 1h : Shop::kOpening + 59min + 100ms + ListShop::kOfferHold));
    shop.clock().Set(Shop::kOpening + 1h);
    shop.Poll();
    const auto stats = [&] { return *shop.service().waitlist().Read(SaleId("drop")); };
    if (cut) {
      CHECK(shop.PlaceOf(1).outcome.code == Code::kSaleEnded);
    } else {
      CHECK(shop.PlaceOf(1).outcome.code == Code::kDone);
      CHECK(stats().on_offer == 2);
      CHECK(shop.ConfirmOffer(1, offered.offer) == Code::kDone);
      shop.Poll();
      CHECK(shop.PlaceOf(1).outcome.code == Code::kSaleEnded);
      shop.Pass(3min, 10s);
    }
    shop.Poll();
    CHECK(stats().on_offer == 0);
    CHECK(stats().waiting == 0);
  }
}

}  // namespace
}  // namespace flashsale::service_test
