// What a waiting person is told of their prospects, what observers hear, and how the pace follows
// the store.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "flashsale/policy/priority_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

class Hearing final : public QueueObserver {
 public:
  void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry> admitted) override {
    count += admitted.size();
  }
  void OnFlow(const SaleId&, Time, const QueueFlowChange& change) override {
    flows.push_back(change);
  }

  std::uint64_t count = 0;
  std::vector<QueueFlowChange> flows;
};

TEST_CASE("people are told whether there are units for them, and when there are none any more") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(6, 1'000);
  terms.lines[0].released_at_first = 4;
  shop.Create(terms, {.max_in_flight = 2});
  Hearing heard;
  shop.service().queue().Observe(&heard);
  for (std::uint64_t user = 1; user <= 10; ++user) shop.Join(user);
  shop.At(0s);
  shop.Pass(1s);
  // 1 and 2 are inside: two of the four units on sale are for them, two are for 3 and 4.  Those in
  // carts may come back, and two are to be released.
  CHECK(shop.Position(3).outlook == Outlook::kInReach);
  CHECK(shop.Position(4).outlook == Outlook::kInReach);
  CHECK(shop.Position(5).outlook == Outlook::kIfReturned);
  CHECK(shop.Position(8).outlook == Outlook::kIfReturned);
  CHECK(shop.Position(9).outlook == Outlook::kOutOfReach);  // the seventh of those who wait
  CHECK(shop.Position(3).units_to_come == 2);
  CHECK(heard.count == 2);
  CHECK(heard.flows.empty());

  for (const std::uint64_t user : {1U, 2U, 3U, 4U}) {
    REQUIRE(shop.Reserve(user) == Code::kDone);
    REQUIRE(shop.Confirm(user) == Code::kDone);
    shop.Pass(1s);
  }
  REQUIRE(heard.flows.size() == 1);
  CHECK(heard.flows[0].flow == QueueFlow::kUnitsClaimed);
  CHECK(heard.flows[0].waiting == 6);
  CHECK(heard.flows[0].units >= 2);
  CHECK(shop.Position(5).outlook == Outlook::kIfReturned);
  CHECK(shop.Position(7).outlook == Outlook::kOutOfReach);

  REQUIRE(shop.service().Release({.sale = "drop", .line = 0, .units = 6})->code == Code::kDone);
  shop.Pass(1s);
  REQUIRE(heard.flows.size() == 3);
  CHECK(heard.flows[1].flow == QueueFlow::kFlowing);
  CHECK(heard.flows[2].flow == QueueFlow::kUnitsClaimed);  // by those who were let in for it
  for (const std::uint64_t user : {5U, 6U}) {
    REQUIRE(shop.Reserve(user) == Code::kDone);
    REQUIRE(shop.Confirm(user) == Code::kDone);
  }
  shop.Pass(100ms);  // a period at the most
  CHECK(heard.flows.back() ==
        QueueFlowChange{.flow = QueueFlow::kSoldOut, .waiting = 4, .units = 0});
  const QueuePlace told = shop.Position(7);
  CHECK(told.outcome.code == Code::kSoldOut);
  CHECK(told.outlook == Outlook::kSoldOut);
  CHECK(told.entry.state == TicketState::kWaiting);
  CHECK(told.sold_out_for_good);
  shop.service().queue().Observe(nullptr);
}

TEST_CASE("an observer hears of one turn after the other, although what it does takes turns too") {
  // Pauses and goes on for each who is let in, a second later: each of both polls.
  class Busy final : public QueueObserver {
   public:
    explicit Busy(Shop& shop) : shop_(shop) {}
    void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry> admitted) override {
      CHECK_FALSE(is_told_);
      is_told_ = true;
      count += admitted.size();
      shop_.clock().Advance(1s);
      CHECK(shop_.service().Pause("drop")->code == Code::kDone);
      CHECK(shop_.service().Resume("drop")->code == Code::kDone);
      is_told_ = false;
    }
    std::size_t count = 0;

   private:
    Shop& shop_;
    bool is_told_ = false;
  };
  Shop shop;
  shop.Create(Shop::QueuedTerms(100, 1));
  for (std::uint64_t user = 1; user <= 5; ++user) shop.Join(user);
  Busy busy(shop);
  shop.service().queue().Observe(&busy);
  shop.At(0s);
  CHECK(busy.count == 1);
  shop.Pass(5s);
  CHECK(busy.count == 5);
  shop.service().queue().Observe(nullptr);
}

TEST_CASE("with tiers an outlook counts those of the others who are let in before") {
  const auto strategy = PriorityStrategy::New({.weights = {3, 1}});
  REQUIRE(strategy.ok());
  Shop shop([&](auto& options) { options.strategies = {strategy->get()}; });
  shop.Create(Shop::QueuedTerms(8, 1'000),
              {.strategy = strategy->get(), .max_in_flight = 1, .tiers = 2});
  for (std::uint64_t user = 1; user <= 100; ++user) {
    const auto tier = static_cast<std::uint8_t>(user <= 50 ? 0 : 1);
    REQUIRE(shop.service()
                .Join({.sale = "drop", .user = UserId::FromInteger(user), .tier = tier})
                .ok());
  }
  shop.At(0s);
  shop.Pass(1s);
  CHECK(shop.Position(2).share == TierShare{.weight = 3, .total = 4});
  CHECK(shop.Position(51).share == TierShare{.weight = 1, .total = 4});
  // Seven are free: the first regular is the fourth, the second the eighth.
  CHECK(shop.Position(51).outlook == Outlook::kInReach);
  CHECK(shop.Position(52).outlook == Outlook::kIfReturned);
  CHECK(shop.Position(6).outlook == Outlook::kInReach);      // the fifth, after one regular
  CHECK(shop.Position(10).outlook == Outlook::kOutOfReach);  // the ninth, and eight units in all
}

TEST_CASE("who is told before the start how long they wait is told of the other tiers, too") {
  const auto strategy = PriorityStrategy::New({.weights = {9, 1}});
  REQUIRE(strategy.ok());
  Shop shop([&](auto& options) { options.strategies = {strategy->get()}; });
  shop.Create(Shop::QueuedTerms(10'000, 100), {.strategy = strategy->get(), .tiers = 2});
  for (std::uint64_t user = 1; user <= 2'000; ++user) {
    const auto tier = static_cast<std::uint8_t>(user <= 1'000 ? 0 : 1);
    REQUIRE(shop.service()
                .Join({.sale = "drop", .user = UserId::FromInteger(user), .tier = tier})
                .ok());
  }
  shop.clock().Set(Shop::kOpening - 1s);
  shop.service().Poll();
  // The hundredth regular is the thousandth or so to be let in: ten seconds at the pace.
  const Duration told = shop.Position(1'100).wait.expected - 1s;
  CHECK(told > 9s);
  CHECK(told < 11s);
  shop.At(0s);
  Duration waited{0};
  for (; !shop.IsAdmitted(1'100) && waited < 20s; waited += 100ms) shop.Pass(100ms);
  CHECK(waited > told - 1s);
  CHECK(waited < told + 1s);
}

TEST_CASE("who waits for a wave of the terms is told that they wait until it comes") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(110, 100);
  terms.lines[0].released_at_first = 10;
  terms.waves = {{.at = Shop::kOpening + 10min, .line = 0, .released = 110}};
  shop.Create(terms);
  for (std::uint64_t user = 1; user <= 100; ++user) shop.Join(user);
  shop.At(0s);
  shop.Pass(2s);
  REQUIRE(shop.IsAdmitted(10));
  REQUIRE(!shop.IsAdmitted(11));
  const Duration told = shop.Position(100).wait.expected;
  CHECK(told > 9min);
  CHECK(told < 11min);
}

TEST_CASE("when to ask again is spread, and soon enough to keep the place") {
  Shop shop([](auto& options) {
    options.queue.shortest_poll = 2s;
    options.queue.longest_poll = 20s;
  });
  shop.Create(Shop::QueuedTerms(1'000, 10), {.heartbeat_timeout = 64s});
  std::set<Duration::rep> told;
  for (std::uint64_t user = 1; user <= 5'000; ++user) {
    const QueuePlace place = shop.Join(user);
    const Duration after = place.next_poll_at - shop.clock().Now();
    CHECK(after >= 7'500ms * 3 / 4);  // an eighth of the minute before the start
    CHECK(after <= 20'000ms);         // a fourth of the timeout, and a quarter more
    told.insert(after.count());
  }
  CHECK(told.size() > 4'900);
  shop.At(0s);
  const QueuePlace first = shop.Position(1);
  CHECK(first.entry.state == TicketState::kAdmitted);
  CHECK(first.next_poll_at == kMinTime);
  const Duration next = shop.Position(3).next_poll_at - shop.clock().Now();
  CHECK(next >= 1500ms);
  CHECK(next <= 2500ms);
}

TEST_CASE("options of a queue are checked by their names") {
  Shop shop;
  const auto message = [&](const VirtualQueueOptions& queue) {
    return FlashSaleService::New({.storage = shop.storage(), .queue = queue}).status().message();
  };
  CHECK(message({.shortest_poll = 9ms}) ==
        "queue.shortest_poll: 9000 us, expected 10000 us to 30000000 us");
  CHECK(message({.shortest_poll = 31s}).starts_with("queue.shortest_poll: 31000000 us"));
  CHECK(message({.longest_poll = 2h}).starts_with("queue.longest_poll: 7200000000 us"));
  CHECK(message({.adaptive = AdaptivePaceOptions{.floor_percent = 0}}) ==
        "queue.adaptive.floor_percent: 0, expected 1 to 100");
}

TEST_CASE("the pace falls while the store is slow or fails, and comes back") {
  for (const bool fails : {false, true}) {
    bool bad = false;
    SimulatedClock* clock = nullptr;
    FaultPlan faults{.decide =
                         [&](StorageCall call) {
                           return bad && fails && call == StorageCall::kApply ? Fault::kRefused
                                                                              : Fault::kNone;
                         },
                     .before =
                         [&](StorageCall call) {
                           if (bad && !fails && call == StorageCall::kApply) clock->Advance(60ms);
                         }};
    Shop shop(
        [](auto& options) {
          options.queue.adaptive = AdaptivePaceOptions{.floor_percent = 20, .min_calls = 5};
        },
        faults);
    clock = &shop.clock();
    SaleTerms terms = Shop::QueuedTerms(100'000, 100);
    shop.Create(terms, {.max_in_flight = 1'000'000});
    std::uint64_t next = 1;
    std::uint64_t buyer = 1;
    const auto second = [&] {
      for (int i = 0; i < 50; ++i) shop.Join(next++);
      for (int step = 0; step < 10; ++step) {
        for (int i = 0; i < 2 && shop.IsAdmitted(buyer); ++i, ++buyer) {
          (void)shop.service().Reserve({.sale = "drop",
                                        .user = UserId::FromInteger(buyer),
                                        .id = ReservationId::FromInteger(1)});
        }
        shop.Pass(100ms);
      }
    };
    shop.At(0s);
    for (int i = 0; i < 3; ++i) second();
    CHECK(shop.Queue().pace.admissions_per_second == 100);
    bad = true;
    for (int i = 0; i < 3; ++i) second();
    const std::uint32_t slower = shop.Queue().pace.admissions_per_second;
    CHECK(slower < 75);
    for (int i = 0; i < 20; ++i) second();
    CHECK(shop.Queue().pace.admissions_per_second == 20);  // the floor
    CHECK(shop.Queue().pace.max_in_flight == 1'000'000);
    bad = false;
    for (int i = 0; i < 40; ++i) second();
    CHECK(shop.Queue().pace.admissions_per_second == 100);
  }
}

}  // namespace
}  // namespace flashsale::service_test
