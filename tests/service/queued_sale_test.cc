// A sale with a queue, through the service.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "flashsale/policy/fifo_strategy.h"
#include "flashsale/policy/lottery_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("who was not let in is queued, and sells in turn") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10));
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kQueued);  // takes a ticket
  CHECK(shop.Position(1).position == 1);
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(shop.Reserve(1, 2) == Code::kNotAdmitted);  // one reserve an admission
  CHECK(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Queue().in_flight == 0);  // the slot is free
  CHECK(shop.Join(1).outcome.code == Code::kUserLimit);
}

TEST_CASE("who has bought all that they may is told so, not queued again by the next reserve") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10));
  shop.At(0s);
  shop.Join(1);
  shop.Pass(1s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Reserve(1, 2) == Code::kUserLimit);
  CHECK(shop.Position(1).outcome.code == Code::kUnknownTicket);
}

TEST_CASE(
    "an open breaker sends those who join to the waiting page, each for a time of their own") {
  bool broken = false;
  Shop shop(
      [](auto& options) {
        options.breaker = CircuitBreakerOptions{.min_calls = 5, .open_for = 10s};
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApplyQueue ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::QueuedTerms(10));
  broken = true;
  for (std::uint64_t user = 0; user < 10; ++user) {
    (void)shop.service().Join({.sale = "drop", .user = UserId::FromInteger(100 + user)});
  }
  broken = false;
  const QueuePlace one = shop.Join(1);
  const QueuePlace other = shop.Join(2);
  CHECK(one.outcome.code == Code::kWaitingPage);
  CHECK(one.outcome.retry_after() >= 10s);
  CHECK(one.outcome.retry_after() < 20s);
  CHECK(one.outcome.retry_after() != other.outcome.retry_after());
  CHECK(shop.Queue().joined == 0);
  shop.clock().Advance(10s);
  CHECK(shop.Join(1).outcome.code == Code::kDone);
}

TEST_CASE("joins that the store answers keep the breaker closed") {
  Shop shop([](auto& options) { options.breaker = CircuitBreakerOptions{.min_calls = 5}; });
  shop.Create(Shop::QueuedTerms(10));
  for (std::uint64_t user = 1; user <= 20; ++user) {
    REQUIRE(shop.Join(user).outcome.code == Code::kDone);
  }
}

TEST_CASE("who asks for more than their limit is asked for a challenge first, not queued") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(10);
  terms.limit_ceiling = 3;
  shop.Create(terms);
  shop.At(0s);
  const auto reserve = [&](Units limit) {
    return shop.service()
        .Reserve({.sale = "drop",
                  .user = UserId::FromInteger(1),
                  .id = ReservationId::FromInteger(1),
                  .units = 2,
                  .user_limit = limit})
        ->code;
  };
  CHECK(reserve(0) == Code::kLimitChallenge);
  CHECK(shop.Queue().joined == 0);
  CHECK(reserve(2) == Code::kQueued);
  CHECK(shop.Queue().joined == 1);
}

TEST_CASE("a queue is not served by another strategy than its terms name") {
  const LotteryStrategy lottery(DrawSecret{});
  Shop shop;
  shop.Create(Shop::Terms());
  const auto opened = shop.service().queue().Open({.sale = "drop"}, Time{}, &lottery);
  REQUIRE(!opened.ok());
  CHECK(opened.status().code() == StatusCode::kInvalidArgument);
  CHECK(opened.status().message().starts_with("strategy: 'fifo'"));
}

TEST_CASE("without join_on_reserve only who has joined is queued") {
  Shop shop([](auto& options) { options.join_on_reserve = false; });
  shop.Create(Shop::QueuedTerms(10, 1));
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kNotAdmitted);
  CHECK(shop.Join(1).outcome.code == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kQueued);
}

TEST_CASE("people are let in in the order in which they came, at the pace of the sale") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(1'000, 10));
  for (std::uint64_t user = 0; user < 100; ++user) {
    CHECK(shop.Join(user).position == user + 1);  // before the start: the pre-queue
  }
  CHECK(shop.Reserve(0) == Code::kNotStarted);
  shop.At(0s);
  shop.Pass(2s, 10ms);
  std::uint64_t admitted = 0;
  while (admitted < 100 && shop.IsAdmitted(admitted)) ++admitted;
  CHECK(admitted >= 20);
  CHECK(admitted <= 22);  // 2 s, and what may come at once
  for (std::uint64_t user = admitted; user < 100; ++user) {
    CHECK(shop.Position(user).position == user - admitted + 1);
  }
}

TEST_CASE("no more are inside than there is room for, and a slot that is free is used") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(1'000);
  shop.Create(terms, {.max_in_flight = 3});
  shop.At(0s);
  for (std::uint64_t user = 0; user < 10; ++user) shop.Join(user);
  shop.Pass(1s);
  CHECK(shop.Queue().in_flight == 3);
  CHECK(shop.IsAdmitted(2));
  CHECK(!shop.IsAdmitted(3));
  // Completed, cancelled, left: each frees one.
  CHECK(shop.Reserve(0) == Code::kDone);
  CHECK(shop.Confirm(0) == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(shop.Cancel(1) == Code::kDone);
  CHECK(shop.service().Leave("drop", UserId::FromInteger(2))->code == Code::kDone);
  CHECK(shop.Queue().in_flight == 0);
  shop.Pass(1s);
  CHECK(shop.Queue().in_flight == 3);
  CHECK(shop.IsAdmitted(5));
  CHECK(!shop.IsAdmitted(6));
}

TEST_CASE("an admission that is not used ends with its window") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10), {.max_in_flight = 1, .admission_window = 1min});
  shop.At(0s);
  shop.Join(1);
  shop.Join(2);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(1));
  CHECK(!shop.IsAdmitted(2));
  shop.Pass(1min);
  CHECK(shop.Reserve(1) == Code::kQueued);  // behind the other, with a new ticket
  CHECK(shop.Reserve(2) == Code::kDone);
}

TEST_CASE("who lets a hold lapse gives up the slot, too, and may queue again") {
  SaleTerms terms = Shop::QueuedTerms(10);
  terms.hold = 30s;
  for (const bool other_polls : {false, true}) {
    Shop shop;
    shop.Create(terms, {.max_in_flight = 2});
    const std::unique_ptr<FlashSaleService> other = shop.Open();
    shop.At(0s);
    for (std::uint64_t user = 1; user <= 4; ++user) shop.Join(user);
    shop.Pass(1s);
    REQUIRE(shop.Reserve(1) == Code::kDone);
    REQUIRE(shop.Reserve(2) == Code::kDone);
    REQUIRE(shop.Confirm(2) == Code::kDone);  // one slot for 3
    shop.Pass(1s);
    REQUIRE(shop.IsAdmitted(3));
    REQUIRE_FALSE(shop.IsAdmitted(4));
    shop.Pass(27s);
    CHECK_FALSE(shop.IsAdmitted(4));
    // Whoever meets the lapsed hold first, this service hears of it.
    shop.clock().Advance(3s);
    if (other_polls) other->Poll();
    shop.Pass(1s);
    CHECK(shop.IsAdmitted(4));
    CHECK(shop.IsAdmitted(3));  // has reserved nothing yet
    CHECK(shop.Confirm(1) == Code::kExpired);
    CHECK(shop.Reserve(1, 2) == Code::kQueued);
  }
}

TEST_CASE(
    "a lapsed hold ends no admission under which something may still be reserved or is held") {
  SaleTerms terms = Shop::QueuedTerms(10);
  terms.hold = 30s;
  terms.limit_per_user = 4;
  Shop shop;
  shop.Create(terms, {.grant = 3});
  shop.At(0s);
  shop.Join(1);
  shop.Pass(1s);
  REQUIRE(shop.Reserve(1, 1) == Code::kDone);
  shop.Pass(20s);
  REQUIRE(shop.Reserve(1, 2) == Code::kDone);
  shop.Pass(15s);  // the first has lapsed
  CHECK(shop.Confirm(1, 1) == Code::kExpired);
  CHECK(shop.IsAdmitted(1));
  REQUIRE(shop.Reserve(1, 3) == Code::kDone);
  shop.Pass(20s);  // the second, while the third is held
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Confirm(1, 3) == Code::kDone);
  CHECK_FALSE(shop.IsAdmitted(1));
}

TEST_CASE("calls about a queue name what is wrong with them, and a sale that is gone is unknown") {
  Shop shop;
  shop.Create(Shop::QueuedTerms());
  CHECK(shop.service().Position("drop", UserId{})->outcome.field == Field::kUser);
  CHECK(shop.service().Heartbeat("drop", UserId{})->field == Field::kUser);
  CHECK(shop.service().Leave("drop", UserId{})->field == Field::kUser);
  const auto with_tier = shop.service().Join(
      {.sale = "drop", .user = UserId::FromInteger(1), .tier = 0, .context = {}});
  CHECK(with_tier->outcome.code == Code::kDone);
  shop.Create(Shop::QueuedTerms(10, 1'000, "tiers"), {.tiers = 2});
  const auto beyond = shop.service().Join(
      {.sale = "tiers", .user = UserId::FromInteger(1), .tier = 2, .context = {}});
  CHECK(beyond->outcome.field == Field::kTier);
  CHECK(ToString(beyond->outcome) == "Invalid tier: expected one of the queue's tiers, from 0");
  // Another server forgets it.
  REQUIRE(shop.storage().queue().Forget("drop").ok());
  shop.At(0s);
  CHECK(shop.Join(1).outcome.code == Code::kUnknownSale);
  CHECK(shop.Position(1).outcome.code == Code::kUnknownSale);
  CHECK(shop.Reserve(1) == Code::kUnknownSale);
  CHECK(shop.service().Heartbeat("drop", UserId::FromInteger(1))->code == Code::kUnknownSale);
  CHECK(shop.service().Leave("drop", UserId::FromInteger(1))->code == Code::kUnknownSale);
}

TEST_CASE("who is refused at the door is told what the sale is like") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1min, .burst = 1}};
  });
  shop.Create(Shop::QueuedTerms(10), {.max_waiting = 1});
  shop.At(0s);
  const auto is_told = [](const QueuePlace& place, Code code) {
    return place.outcome.code == code && place.sale_state == SaleState::kActive &&
           place.units_left == 10;
  };
  REQUIRE(shop.Join(1).outcome.code == Code::kDone);
  CHECK(is_told(shop.Join(2), Code::kWaitingPage));
  CHECK(is_told(shop.Join(2), Code::kRateLimited));
  shop.At(1h);
  const QueuePlace late = shop.Join(3);
  CHECK(late.outcome.code == Code::kSaleEnded);
  CHECK(late.sale_state == SaleState::kEnded);
}

TEST_CASE("a queue that is set up for a sale without one is a mistake that is told") {
  Shop shop;
  const auto created = shop.service().Create(Shop::Terms(), {.max_in_flight = 5});
  REQUIRE_FALSE(created.ok());
  CHECK(created.status().code() == StatusCode::kInvalidArgument);
  CHECK(created.status().message().find("requires_admission") == 0);
}

TEST_CASE("a leaver, and who falls silent, frees the place at once") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1, .heartbeat_timeout = 1min});
  shop.At(0s);
  for (std::uint64_t user = 0; user < 5; ++user) shop.Join(user);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(0));
  CHECK(shop.Position(4).position == 4);
  CHECK(shop.service().Leave("drop", UserId::FromInteger(2))->code == Code::kDone);
  CHECK(shop.Position(4).position == 3);
  for (int i = 0; i < 3; ++i) {
    shop.Pass(30s, 1s);
    CHECK(shop.service().Heartbeat("drop", UserId::FromInteger(4))->code == Code::kDone);
  }
  CHECK(shop.Position(4).position == 1);
  CHECK(shop.Position(1).outcome.code == Code::kUnknownTicket);
  CHECK(shop.Position(2).outcome.code == Code::kUnknownTicket);
}

TEST_CASE("asking again gives the same ticket") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1));
  const std::uint64_t ticket = shop.Join(7).entry.ticket;
  shop.Join(8);
  const QueuePlace again = shop.Join(7);
  CHECK(again.outcome.code == Code::kAlreadyDone);
  CHECK(again.entry.ticket == ticket);
  CHECK(again.position == 1);
}

TEST_CASE("beyond the cap there is the waiting page, with waits that are spread") {
  Shop shop([](auto& options) { options.queue.waiting_page_retry = 30s; });
  shop.Create(Shop::QueuedTerms(10, 1), {.max_waiting = 5});
  std::set<Duration> waits;
  for (std::uint64_t user = 0; user < 100; ++user) {
    const QueuePlace place = shop.Join(user);
    if (user < 5) {
      CHECK(place.outcome.code == Code::kDone);
      continue;
    }
    CHECK(place.outcome.code == Code::kWaitingPage);
    CHECK(place.outcome.retry_after() >= 15s);
    CHECK(place.outcome.retry_after() < 45s);
    waits.insert(place.outcome.retry_after());
  }
  CHECK(waits.size() > 90);
}

TEST_CASE("nobody is let in to what is not there: people wait for what may come back") {
  Shop shop;
  SaleTerms terms = Shop::QueuedTerms(2);
  shop.Create(terms);
  shop.At(0s);
  for (std::uint64_t user = 0; user < 5; ++user) shop.Join(user);
  shop.Pass(1s);
  CHECK(shop.Queue().in_flight == 2);
  CHECK(shop.Reserve(0) == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kDone);
  shop.Pass(1s);
  const QueuePlace waiting = shop.Position(2);
  CHECK(waiting.entry.state == TicketState::kWaiting);
  CHECK(waiting.units_left == 0);
  CHECK(waiting.units_held == 2);
  CHECK(waiting.sale_state == SaleState::kSoldOut);
  CHECK(!waiting.sold_out_for_good);
  CHECK(shop.Cancel(0) == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.Reserve(2) == Code::kDone);
  CHECK(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Confirm(2) == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.Position(3).sold_out_for_good);
  CHECK(shop.Join(9).outcome.code == Code::kSoldOut);  // nothing to wait for
}

TEST_CASE("a sale that ends while people wait tells each of them so") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1});
  shop.At(0s);
  for (std::uint64_t user = 0; user < 5; ++user) shop.Join(user);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(0));
  shop.At(1h);
  CHECK(shop.Reserve(0) == Code::kSaleEnded);  // admitted, but after the end
  CHECK(shop.Reserve(1) == Code::kSaleEnded);
  CHECK(shop.Join(9).outcome.code == Code::kSaleEnded);
  CHECK(shop.Position(1).outcome.code == Code::kSaleEnded);
  CHECK(shop.Position(1).sale_state == SaleState::kEnded);
  CHECK(shop.Queue().stages[0] == QueueStage::kClosed);
}

TEST_CASE("during a pause nobody is let in and windows stand still") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10), {.max_in_flight = 1, .admission_window = 1min});
  shop.At(0s);
  shop.Join(1);
  shop.Join(2);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(1));
  REQUIRE(shop.service().Pause("drop").ok());
  shop.Pass(10min, 10s);
  CHECK(shop.Reserve(1) == Code::kPaused);
  CHECK(!shop.IsAdmitted(2));
  CHECK(shop.Join(3).outcome.code == Code::kDone);
  REQUIRE(shop.service().Resume("drop").ok());
  CHECK(shop.Reserve(1) == Code::kDone);
}

TEST_CASE("an admission of another user or another sale is none, and a number cannot be made up") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10));
  shop.Create(Shop::QueuedTerms(10, 1'000, "other"));
  shop.At(0s);
  shop.Join(1);
  shop.Join(1, "other");
  shop.Join(2, "other");
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(1));
  REQUIRE(shop.IsAdmitted(2, "other"));
  CHECK(shop.Reserve(2) == Code::kQueued);
  CHECK(shop.Reserve(1) == Code::kDone);
}

TEST_CASE(
    "a draw decides among those who came before the start, and nobody has a place before it") {
  const LotteryStrategy lottery(DrawSecret{1, 2, 3});
  Shop shop([&](auto& options) { options.strategies = {&lottery}; });
  shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &lottery, .max_in_flight = 1});
  for (std::uint64_t user = 0; user < 50; ++user) CHECK(shop.Join(user).position == 0);
  shop.At(0s);
  std::set<std::uint64_t> places;
  for (std::uint64_t user = 0; user < 50; ++user) {
    const QueuePlace place = shop.Position(user);
    places.insert(place.entry.state == TicketState::kAdmitted ? 0 : place.position);
  }
  CHECK(places.size() >= 49);
  CHECK(*places.rbegin() >= 49);
  // Who comes later stands behind all of them.
  CHECK(shop.Join(99).position >= 50);

  std::vector<Entrant> entrants;
  entrants.reserve(50);
  for (std::uint64_t user = 0; user < 50; ++user) {
    entrants.push_back({.user = UserId::FromInteger(user), .ticket = user + 1});
  }
  std::vector<std::uint32_t> order(50);
  REQUIRE(lottery.Order({.sale = "drop", .entrants = entrants}, order).ok());
  CHECK(shop.IsAdmitted(order[0]));
  CHECK(!std::is_sorted(order.begin(), order.end()));
}

// A strategy of a host's: the last are the first.
class Backwards : public AllocationStrategy {
 public:
  std::string_view name() const override { return "backwards"; }
  bool keeps_arrival_order() const override { return false; }
  Status Order(const OrderRequest&, std::span<std::uint32_t> order) const override {
    std::iota(order.rbegin(), order.rend(), 0U);
    return {};
  }
};
class Broken final : public Backwards {
 public:
  explicit Broken(int kind) : kind_(kind) {}
  std::string_view name() const override { return "broken"; }
  Status Order(const OrderRequest&, std::span<std::uint32_t> order) const override {
    if (kind_ == 0) throw std::runtime_error("lost the hat");
    if (kind_ == 1) return Status(StatusCode::kUnavailable, "no beacon yet");
    std::fill(order.begin(), order.end(), 0U);
    return {};
  }

 private:
  int kind_;
};

TEST_CASE("a host's own strategy orders its queue, on this server and the next") {
  const Backwards backwards;
  Shop shop([&](auto& options) { options.strategies = {&backwards}; });
  shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &backwards, .max_in_flight = 1});
  for (std::uint64_t user = 0; user < 5; ++user) shop.Join(user);

  const auto without = shop.Open();
  const Status refused = without->Serve("drop");
  CHECK(refused.code() == StatusCode::kFailedPrecondition);
  CHECK(refused.message().find("backwards") != std::string::npos);
  const auto second = shop.Open([&](auto& options) { options.strategies = {&backwards}; });
  shop.clock().Set(Shop::kOpening);
  second->Poll();
  CHECK(shop.IsAdmitted(4));
  CHECK(!shop.IsAdmitted(0));
}

TEST_CASE("a strategy that the service would not find again after a restart is refused") {
  const Backwards backwards;
  Shop shop;
  const Status status =
      shop.service().Create(Shop::QueuedTerms(), {.strategy = &backwards}).status();
  CHECK(status ==
        Status(StatusCode::kInvalidArgument,
               "queue.strategy: 'backwards', expected one of the service's strategies, where it is "
               "looked for after a restart"));
  CHECK(!shop.service().ReadStock("drop").ok());  // nothing was made of it
  const FifoStrategy fifo;
  shop.Create(Shop::QueuedTerms(), {.strategy = &fifo});  // is always there
}

TEST_CASE("a strategy that fails leaves the queue frozen, and is asked again") {
  for (int kind = 0; kind < 3; ++kind) {
    const Broken broken(kind);
    Shop shop([&](auto& options) { options.strategies = {&broken}; });
    shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &broken});
    shop.Create(Shop::QueuedTerms(10, 1'000, "other"));
    for (std::uint64_t user = 0; user < 5; ++user) shop.Join(user);
    shop.Join(1, "other");
    shop.At(0s);
    shop.Pass(2s);
    CHECK(shop.Queue().stages[0] == QueueStage::kFrozen);
    // What it waits for is not there yet: no failure.
    const bool waits = kind == 1;
    CHECK((shop.service().queue().failures().strategy >= 2) == !waits);
    CHECK(shop.service().queue().failures().last.ok() == waits);
    CHECK(shop.IsAdmitted(1, "other"));
  }
}

TEST_CASE("a crowd before one sale does not slow the other: ten are let in at their own pace") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(100'000, 1'000, "hot"));
  shop.Create(Shop::QueuedTerms(100, 10));
  for (std::uint64_t user = 0; user < 100'000; ++user) shop.Join(user, "hot");
  for (std::uint64_t user = 0; user < 10; ++user) shop.Join(user);
  shop.At(0s);
  shop.Pass(900ms, 10ms);
  for (std::uint64_t user = 0; user < 10; ++user) CHECK(shop.IsAdmitted(user));
  CHECK(shop.Queue("hot").admitted < 1'100);
}

TEST_CASE("two services over one store are one queue: nobody is let in twice, nobody overtakes") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10'000, 100));
  const auto second = shop.Open();
  for (std::uint64_t user = 0; user < 1'000; ++user) shop.Join(user);
  shop.clock().Set(Shop::kOpening);
  for (int i = 0; i < 100; ++i) {
    (i % 2 == 0 ? *second : shop.service()).Poll();
    (i % 2 == 1 ? *second : shop.service()).Poll();
    shop.clock().Advance(10ms);
  }
  const std::uint64_t admitted = shop.Queue().admitted;
  CHECK(admitted >= 99);
  CHECK(admitted <= 110);
  for (std::uint64_t user = 0; user < 1'000; ++user)
    CHECK(shop.IsAdmitted(user) == (user < admitted));
}

TEST_CASE("where the queue cannot answer, the declared mode decides") {
  for (const WhenGateFails mode : {WhenGateFails::kRefuse, WhenGateFails::kLetPass}) {
    bool broken = false;
    Shop shop([mode](auto& options) { options.when_queue_fails = mode; },
              FaultPlan{.decide = [&broken](StorageCall call) {
                return broken && call == StorageCall::kFindAdmissions ? Fault::kRefused
                                                                      : Fault::kNone;
              }});
    shop.Create(Shop::QueuedTerms());
    shop.At(0s);
    broken = true;
    CHECK(shop.Reserve(1) == (mode == WhenGateFails::kRefuse ? Code::kOverloaded : Code::kDone));
  }
}

TEST_CASE("where there is room for more than one turn lets in, the next turn comes at once") {
  Shop shop([](FlashSaleServiceOptions& options) { options.queue.batch = 10; });
  shop.Create(Shop::QueuedTerms(100, 1'000));
  for (std::uint64_t user = 1; user <= 35; ++user) shop.Join(user);
  shop.At(100ms);
  std::uint64_t turns = 1;
  for (; turns < 10 && shop.service().Poll() <= shop.clock().Now(); ++turns) {
  }
  CHECK(shop.Queue().admitted == 35);
  CHECK(turns <= 5);
}

}  // namespace
}  // namespace flashsale::service_test
