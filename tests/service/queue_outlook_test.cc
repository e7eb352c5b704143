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

TEST_CASE("a line that was opened early is waited in from then on, not from when it was to open") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(500, 1));
  for (std::uint64_t user = 1; user <= 100; ++user) shop.Join(user);
  shop.Pass(1s);
  REQUIRE(shop.service().Start("drop")->code == Code::kDone);
  CHECK(shop.Position(2).wait.latest < 2s);
  shop.Pass(10s);
  REQUIRE(shop.IsAdmitted(11));
  REQUIRE(!shop.IsAdmitted(12));
  const WaitEstimate told = shop.Position(21).wait;
  CHECK(told.earliest > 9s);
  CHECK(told.latest < 11s);
  // Whoever asks for a unit instead is sent back as late.
  const auto refused = shop.service().Reserve(
      {.sale = "drop", .user = UserId::FromInteger(21), .id = ReservationId::FromInteger(1)});
  CHECK(refused->code == Code::kQueued);
  CHECK(refused->retry_after() == told.expected);
}

TEST_CASE("who is let in as they come is told that they wait for the start") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(500, 1), {.pre_queue = false});
  shop.Join(1);
  shop.Join(2);
  CHECK(shop.Position(1).wait.expected == 1min);
  CHECK(shop.Position(2).wait.expected == 61s);
}

TEST_CASE("in a shop where nobody leaves, nobody is told more than the windows of those ahead") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(1'000, 10), {.max_in_flight = 5, .heartbeat_timeout = 24h});
  for (std::uint64_t user = 1; user <= 50; ++user) shop.Join(user);
  shop.At(0s);
  for (int look = 0; look < 29; ++look) {
    shop.Pass(10s);
    // Nine groups of five come after the first, each five minutes after the one before.
    const WaitEstimate last = shop.Position(50).wait;
    CHECK(last.expected <= last.latest);
    CHECK(last.latest <= 9 * 5min + 20s);
  }
  shop.Pass(9s);
  REQUIRE(!shop.IsAdmitted(6));
  // The first windows end in a second.
  CHECK(shop.Position(6).wait.latest <= 3s);
  CHECK(shop.Position(50).wait.latest <= 8 * 5min + 10s);
  Duration waited{0};
  const Duration told = shop.Position(50).wait.latest;
  for (; !shop.IsAdmitted(50) && waited < 3h; waited += 1s) shop.Pass(1s);
  CHECK(waited <= told);
  CHECK(waited > 8 * 5min - 10s);
}

TEST_CASE("windows stand still in a pause, and so does by when slots are free again") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(1'000, 10), {.max_in_flight = 5, .heartbeat_timeout = 24h});
  for (std::uint64_t user = 1; user <= 50; ++user) shop.Join(user);
  shop.At(0s);
  shop.Pass(60s);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.Pass(200s);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  shop.Pass(10s);
  const Duration told = shop.Position(6).wait.latest;
  Duration waited{0};
  for (; !shop.IsAdmitted(6) && waited < 1h; waited += 1s) shop.Pass(1s);
  CHECK(waited > 220s);
  CHECK(waited <= told);
}

TEST_CASE(
    "nobody is told to wait beyond the end, and who cannot be let in before is out of reach") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(100'000, 1);
  terms.end = terms.start + 10min;
  shop.Create(terms, {.heartbeat_timeout = 24h});
  for (std::uint64_t user = 1; user <= 1'000; ++user) shop.Join(user);
  const QueuePlace before = shop.Position(900);
  CHECK(before.position == 900);
  CHECK(before.outlook == Outlook::kOutOfReach);
  CHECK(before.wait == WaitEstimate());
  CHECK(!before.wait.is_told());
  shop.At(0s);
  shop.Pass(1s);
  CHECK(shop.Position(590).outlook == Outlook::kInReach);
  CHECK(shop.Position(590).wait.is_told());
  CHECK(shop.Position(800).outlook == Outlook::kOutOfReach);
  CHECK(!shop.Position(800).wait.is_told());
  for (std::uint64_t user = 3; user <= 1'000; ++user) {
    CHECK(shop.clock().Now() + shop.Position(user).wait.latest <= terms.end);
  }
}

TEST_CASE("where nothing is left and nothing can come back, people wait until the very wave") {
  Shop shop([](auto& options) { options.queue.longest_poll = 10min; });
  SaleTerms terms = Shop::QueuedTerms(100, 50);
  terms.lines[0].released_at_first = 0;
  terms.waves = {{.at = Shop::kOpening + 10min, .line = 0, .released = 100}};
  shop.Create(terms, {.heartbeat_timeout = 24h});
  for (std::uint64_t user = 1; user <= 10; ++user) shop.Join(user);
  shop.At(0s);
  shop.Pass(5min, 1s);
  for (const std::uint64_t user : {1U, 10U}) {
    const QueuePlace place = shop.Position(user);
    CHECK(place.outlook == Outlook::kIfReturned);
    CHECK(place.wait.earliest >= 5min);
    CHECK(place.wait.latest <= 5min + 1s);
    CHECK(place.next_poll_at - shop.clock().Now() >= 5min / 8 * 3 / 4);
  }
}

TEST_CASE("where units may come some day, and nobody knows when, no wait is told") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(100, 50);
  terms.lines[0].released_at_first = 0;
  shop.Create(terms);
  shop.Join(1);
  shop.At(0s);
  const QueuePlace place = shop.Position(1);
  CHECK(place.outlook == Outlook::kIfReturned);
  CHECK(!place.wait.is_told());
}

TEST_CASE("people are told of the stock from the first moment, on a server that comes later too") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(1'000, 10));
  const QueuePlace first = shop.Join(1);
  CHECK(first.outlook == Outlook::kInReach);
  CHECK(first.units_left == 1'000);
  CHECK(first.sale_state == SaleState::kNotStarted);
  CHECK(first.wait.expected == 1min);
  const auto second = shop.Open();
  const auto there = second->Position("drop", UserId::FromInteger(1));
  REQUIRE(there.ok());
  CHECK(there->outlook == Outlook::kInReach);
  CHECK(there->wait.expected == 1min);
}

TEST_CASE("nobody is told a wait while the sale is paused, or once nothing can come any more") {
  for (const Duration at : {-30s, 0s}) {
    Shop shop;
    shop.Create(Shop::QueuedTerms(50, 1));
    for (std::uint64_t user = 1; user <= 5; ++user) shop.Join(user);
    shop.At(at);
    CHECK(shop.Position(3).wait.is_told());
    REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
    const QueuePlace paused = shop.Position(3);
    CHECK(paused.position != 0);
    CHECK(paused.outlook == Outlook::kInReach);
    CHECK(!paused.wait.is_told());
    CHECK(paused.next_poll_at - shop.clock().Now() > 10s);  // it is no use to ask often
    REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
    CHECK(shop.Position(3).wait.is_told());
  }
  Shop shop;
  shop.Create(Shop::QueuedTerms(1, 10));
  shop.Join(1);
  shop.Join(2);
  shop.At(0s);
  CHECK(shop.Position(2).wait.is_told());
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.Confirm(1) == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.Position(2).outlook == Outlook::kSoldOut);
  CHECK(!shop.Position(2).wait.is_told());
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
    CHECK(after <= 16'000ms);         // a fourth of the timeout
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

TEST_CASE("whoever asks when they are told to is heard of four times before they are silent") {
  for (const Duration timeout : {1s, 5s, 60s}) {
    Shop shop;
    shop.Create(Shop::QueuedTerms(1'000, 10), {.heartbeat_timeout = timeout});
    for (std::uint64_t user = 1; user <= 500; ++user) {
      const Duration after = shop.Join(user).next_poll_at - shop.clock().Now();
      CHECK(after > Duration(0));
      CHECK(after <= timeout / 4);
    }
  }
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
