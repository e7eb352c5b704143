#include "flashsale/service/flash_sale_service.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("a unit is held, bought and seen to be so through one class") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.At(0s);
  const UserId ann = UserId::FromText("ann");
  const ReservationId cart = ReservationId::FromText("cart");
  const auto held = shop.service().Reserve({.sale = "drop", .user = ann, .id = cart});
  REQUIRE(held.ok());
  CHECK(held->code == Code::kDone);
  CHECK(held->deadline() == Shop::kOpening + 5min);
  CHECK(shop.service().Extend({.sale = "drop", .user = ann, .id = cart})->code ==
        Code::kAlreadyDone);
  CHECK(shop.service().Confirm({.sale = "drop", .user = ann, .id = cart})->code == Code::kDone);
  CHECK(shop.service().Find("drop", ann, cart)->value().state == ReservationState::kPurchased);
  CHECK(shop.StockNow() == Stock{.limit = 10, .released = 10, .reserved = 0, .sold = 1});
  CHECK(shop.service().Void({.sale = "drop", .user = ann, .id = cart})->code == Code::kDone);
  CHECK(shop.StockNow().available() == 10);
}

TEST_CASE("each phase answers a new reserve as the contract says") {
  Shop shop;
  shop.Create(Shop::Terms());
  FlashSaleService& service = shop.service();
  CHECK(shop.Reserve(1) == Code::kNotStarted);
  CHECK(service.Start("drop")->code == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(service.Pause("drop")->code == Code::kDone);
  CHECK(service.Pause("drop")->code == Code::kAlreadyDone);
  CHECK(shop.Reserve(2) == Code::kPaused);
  CHECK(service.Resume("drop")->code == Code::kDone);
  CHECK(shop.Reserve(2) == Code::kDone);
  CHECK(service.Close("drop")->code == Code::kDone);
  CHECK(shop.Reserve(3) == Code::kSaleEnded);
  CHECK(service.Settle("drop")->code == Code::kHoldsRemain);
  CHECK(service.Forget("drop")->code == Code::kSaleEnded);
  CHECK(service.CancelSale("drop")->code == Code::kDone);
  CHECK(shop.Reserve(3) == Code::kSaleCancelled);
  CHECK(service.Settle("drop")->code == Code::kDone);
  CHECK(service.Forget("drop")->code == Code::kDone);
  CHECK(shop.Reserve(3) == Code::kUnknownSale);
  CHECK(service.Forget("drop")->code == Code::kUnknownSale);
  // Nothing is left that would be in the way.
  shop.Create(Shop::Terms());
}

TEST_CASE("what is known is answered by its row, whatever the phase") {
  Shop shop;
  SaleTerms terms = Shop::Terms();
  terms.hold = 2h;
  shop.Create(terms);
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.service().Pause("drop").ok());
  CHECK(shop.Reserve(1) == Code::kAlreadyDone);
  shop.At(1h);
  CHECK(shop.Reserve(1) == Code::kAlreadyDone);
  CHECK(shop.Reserve(2) == Code::kSaleEnded);
  CHECK(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kAlreadyDone);
}

TEST_CASE("a wave is released in all, not once more") {
  Shop shop;
  SaleTerms terms = Shop::Terms(10);
  terms.lines[0].released_at_first = 1;
  shop.Create(terms);
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(shop.Reserve(2) == Code::kSoldOut);
  CHECK(shop.service().Release({.sale = "drop", .units = 2})->code == Code::kDone);
  CHECK(shop.service().Release({.sale = "drop", .units = 2})->code == Code::kAlreadyDone);
  CHECK(shop.Reserve(2) == Code::kDone);
  CHECK(shop.Reserve(3) == Code::kSoldOut);
}

TEST_CASE("bad input is told field by field and changes nothing") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.At(0s);
  FlashSaleService& service = shop.service();
  const UserId ann = UserId::FromInteger(1);
  const ReservationId cart = ReservationId::FromInteger(1);
  struct Case {
    ReserveRequest request;
    Code code;
    Field field;
  };
  const std::vector<Case> cases = {
      {{.sale = "no name!", .user = ann, .id = cart}, Code::kInvalid, Field::kSale},
      {{.sale = "drop", .id = cart}, Code::kInvalid, Field::kUser},
      {{.sale = "drop", .user = ann}, Code::kInvalid, Field::kReservation},
      {{.sale = "drop", .user = ann, .id = cart, .units = 0}, Code::kInvalid, Field::kUnits},
      {{.sale = "drop", .user = ann, .id = cart, .line = 1}, Code::kInvalid, Field::kLine},
      {{.sale = "drop", .user = ann, .id = cart, .units = 2}, Code::kInvalid, Field::kUnits},
      {{.sale = "other", .user = ann, .id = cart}, Code::kUnknownSale, Field::kNone}};
  for (const Case& c : cases) {
    const auto outcome = service.Reserve(c.request);
    REQUIRE(outcome.ok());
    CHECK(outcome->code == c.code);
    CHECK(outcome->field == c.field);
  }
  CHECK(shop.StockNow().available() == 10);
  const auto created =
      service.Create({.id = "empty", .start = Shop::kOpening, .end = Shop::kOpening + 1h});
  REQUIRE(!created.ok());
  CHECK(created.status().message().find("lines") != std::string::npos);
  CHECK(service.Join({.sale = "drop", .user = ann})->outcome ==
        Outcome{.code = Code::kInvalid, .field = Field::kSale});
}

TEST_CASE("options that make no sense are named") {
  const auto storage = OpenMemoryStorage();
  struct Case {
    Shop::Change change;
    std::string field;
  };
  const std::vector<Case> cases = {
      {[](auto& o) { o.rate_limits->per_user->burst = 0; }, "rate_limits.per_user.burst"},
      {[](auto& o) { o.queue.batch = 0; }, "queue.batch"},
      {[](auto& o) { o.cleaning.slice = 0; }, "cleaning.slice"},
      {[](auto& o) { o.events.max_batch = 0; }, "events.max_batch"},
      {[](auto& o) { o.countdown.max_observers = 0; }, "countdown.max_observers"},
      {[](auto& o) { o.breaker = CircuitBreakerOptions{.buckets = 0}; }, "breaker.buckets"},
      {[](auto& o) { o.resend_lookups_per_second = 0; }, "resend_lookups_per_second"},
      {[](auto& o) { o.time.high_water_mark = kMinTime - Duration{5}; }, "time.high_water_mark"},
      {[](auto& o) { o.time.high_water_mark = kMaxTime + Duration{1}; }, "time.high_water_mark"},
      {[](auto& o) { o.time.clock_guard = Duration{-1}; }, "time.clock_guard"},
      {[](auto& o) { o.when_rates_fail = static_cast<WhenGateFails>(7); }, "when_rates_fail"},
      {[](auto& o) { o.when_queue_fails = static_cast<WhenGateFails>(7); }, "when_queue_fails"},
      {[](auto& o) { o.refresh_interval = 0s; }, "refresh_interval"},
      {[](auto& o) { o.strategies.push_back(nullptr); }, "strategies[0]"}};
  for (const Case& c : cases) {
    FlashSaleServiceOptions options{.storage = **storage};
    c.change(options);
    const auto service = FlashSaleService::New(options);
    REQUIRE_MESSAGE(!service.ok(), c.field);
    CHECK(service.status().code() == StatusCode::kInvalidArgument);
    CHECK_MESSAGE(service.status().message().starts_with(c.field), service.status().message());
  }
}

TEST_CASE("a batch answers as its requests do one by one, over sales and refusals") {
  Shop shop;
  shop.Create(Shop::Terms(3));
  shop.Create(Shop::Terms(100, "other"));
  shop.At(0s);
  std::vector<ReserveRequest> requests;
  std::vector<Code> expected;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const bool other = i % 3 == 2;
    requests.push_back({.sale = other ? "other" : "drop",
                        .user = UserId::FromInteger(i),
                        .id = ReservationId::FromInteger(1)});
    expected.push_back(other || i < 4 ? Code::kDone : Code::kSoldOut);
  }
  requests[7].sale = "nowhere";
  expected[7] = Code::kUnknownSale;
  std::vector<Outcome> outcomes(requests.size());
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  for (std::size_t i = 0; i < outcomes.size(); ++i) CHECK(outcomes[i].code == expected[i]);

  std::vector<ConfirmRequest> confirms;
  confirms.reserve(requests.size());
  for (const ReserveRequest& r : requests) confirms.push_back({r.sale, r.user, r.id});
  REQUIRE(shop.service().Confirm(confirms, outcomes).ok());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    CHECK(outcomes[i].code == (expected[i] == Code::kDone ? Code::kDone
                               : i == 7                   ? Code::kUnknownSale
                                                          : Code::kUnknownReservation));
  }
  std::array<Outcome, 1> one;
  CHECK(shop.service().Reserve(requests, one).code() == StatusCode::kInvalidArgument);
}

TEST_CASE("too many requests wait for exactly as long as they are told") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1s, .burst = 2}};
  });
  shop.Create(Shop::Terms());
  shop.At(0s);
  const auto reserve = [&](std::uint64_t id) {
    return *shop.service().Reserve(
        {.sale = "drop", .user = UserId::FromInteger(1), .id = ReservationId::FromInteger(id)});
  };
  CHECK(reserve(1).code == Code::kDone);
  CHECK(reserve(2).code == Code::kUserLimit);
  const Outcome refused = reserve(3);
  CHECK(refused.code == Code::kRateLimited);
  CHECK(refused.retry_after() == 1s);
  shop.clock().Advance(1s - 1us);
  CHECK(reserve(3).code == Code::kRateLimited);
  shop.clock().Advance(1us);
  CHECK(reserve(3).code == Code::kUserLimit);
}

TEST_CASE("a gate never refuses an id that is known") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1h, .burst = 1}};
  });
  shop.Create(Shop::Terms());
  shop.At(0s);
  CHECK(shop.Reserve(1, 1) == Code::kDone);
  for (int i = 0; i < 5; ++i) {
    CHECK(shop.Reserve(1, 1) == Code::kAlreadyDone);
    CHECK(shop.Reserve(1, 2) == Code::kRateLimited);
  }
  CHECK(shop.Cancel(1, 1) == Code::kDone);
  CHECK(shop.Reserve(1, 1) == Code::kCancelled);
}

TEST_CASE("more than the limit, but not more than the ceiling, asks for a challenge") {
  Shop shop;
  SaleTerms terms = Shop::Terms();
  terms.limit_ceiling = 3;
  shop.Create(terms);
  shop.At(0s);
  const auto reserve = [&](Units units, Units limit) {
    return shop.service()
        .Reserve({.sale = "drop",
                  .user = UserId::FromInteger(1),
                  .id = ReservationId::FromInteger(1),
                  .units = units,
                  .user_limit = limit})
        ->code;
  };
  CHECK(reserve(2, 0) == Code::kLimitChallenge);
  CHECK(reserve(4, 0) == Code::kInvalid);
  CHECK(reserve(3, 2) == Code::kLimitChallenge);
  CHECK(reserve(3, 3) == Code::kDone);
}

TEST_CASE("an open breaker sends new reserves to the waiting page and lets holders through") {
  bool broken = false;
  Shop shop(
      [](auto& options) {
        options.breaker = CircuitBreakerOptions{.min_calls = 5, .open_for = 10s};
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  broken = true;
  for (std::uint64_t i = 0; i < 10; ++i) {
    (void)shop.service().Reserve({.sale = "drop",
                                  .user = UserId::FromInteger(100 + i),
                                  .id = ReservationId::FromInteger(1)});
  }
  broken = false;
  CHECK(shop.Reserve(2) == Code::kWaitingPage);
  CHECK(shop.Confirm(1) == Code::kDone);
  shop.clock().Advance(10s);
  CHECK(shop.Reserve(2) == Code::kDone);
}

TEST_CASE("reserves that the store answers keep the breaker closed, alone and in a batch") {
  Shop shop([](auto& options) { options.breaker = CircuitBreakerOptions{.min_calls = 5}; });
  shop.Create(Shop::Terms(100));
  shop.At(0s);
  for (std::uint64_t user = 1; user <= 20; ++user) REQUIRE(shop.Reserve(user) == Code::kDone);

  std::vector<ReserveRequest> requests;
  for (std::uint64_t user = 21; user <= 40; ++user) {
    requests.push_back(
        {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(1)});
  }
  std::vector<Outcome> outcomes(requests.size());
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  CHECK(outcomes.back().code == Code::kDone);
  CHECK(shop.Reserve(41) == Code::kDone);
}

TEST_CASE("after a Poll no lapsed hold is ACTIVE") {
  Shop shop;
  shop.Create(Shop::Terms(1'000));
  shop.At(0s);
  for (std::uint64_t user = 0; user < 1'000; ++user) REQUIRE(shop.Reserve(user) == Code::kDone);
  CHECK(shop.StockNow().reserved == 1'000);
  shop.At(5min);
  CHECK(shop.StockNow().reserved == 0);
  CHECK(shop.StockNow().available() == 1'000);
}

TEST_CASE("a restarted service serves what the catalogue has, marks and all") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.service().Pause("drop").ok());
  const auto second = shop.Open();
  const auto reserve = [&](std::uint64_t user) {
    return second
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(user),
                   .id = ReservationId::FromInteger(1)})
        ->code;
  };
  CHECK(reserve(2) == Code::kPaused);
  CHECK(reserve(1) == Code::kAlreadyDone);
  CHECK(second->Resume("drop")->code == Code::kDone);
  CHECK(reserve(2) == Code::kDone);
}

TEST_CASE("a clock that leaps pauses the sales until somebody trusts it") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  shop.clock().Set(Shop::kOpening + 30min);
  const auto late = shop.Open([](auto& options) {
    options.time = {.high_water_mark = Shop::kOpening + 1min, .clock_guard = 10min};
  });
  const auto reserve = [&](std::uint64_t user) {
    return late
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(user),
                   .id = ReservationId::FromInteger(1)})
        ->code;
  };
  CHECK(reserve(2) == Code::kPaused);
  late->Poll();
  CHECK(shop.StockNow().reserved == 1);  // nothing has expired
  CHECK(reserve(1) == Code::kAlreadyDone);
  late->clock().Trust();
  CHECK(reserve(2) == Code::kDone);
  CHECK(reserve(1) == Code::kExpired);
}

TEST_CASE("the steps answer as the call does") {
  Shop shop;
  shop.Create(Shop::Terms(1));
  shop.At(0s);
  FlashSaleService& service = shop.service();
  const auto drive = [&](const auto& request) -> Outcome {
    const Time now = shop.clock().Now();
    const Step step = service.Prepare(request, now);
    if (step.kind() == Step::Kind::kAnswered) return step.outcome();
    Outcome outcome;
    REQUIRE(shop.storage()
                .inventory()
                .Apply(step.sale(), now, {&step.command(), 1}, {&outcome, 1})
                .ok());
    return *service.Complete(step, outcome, now);
  };
  const UserId ann = UserId::FromInteger(1);
  const UserId bob = UserId::FromInteger(2);
  const ReservationId cart = ReservationId::FromInteger(1);
  CHECK(drive(ReserveRequest{.sale = "drop", .user = ann, .id = cart}).code == Code::kDone);
  CHECK(drive(ReserveRequest{.sale = "drop", .user = ann, .id = cart}).code == Code::kAlreadyDone);
  CHECK(drive(ReserveRequest{.sale = "drop", .user = bob, .id = cart}).code == Code::kSoldOut);
  CHECK(drive(ReserveRequest{.sale = "nowhere", .user = bob, .id = cart}).code ==
        Code::kUnknownSale);
  CHECK(drive(ExtendRequest{.sale = "drop", .user = ann, .id = cart}).code == Code::kAlreadyDone);
  CHECK(drive(ConfirmRequest{.sale = "drop", .user = ann, .id = cart}).code == Code::kDone);
  CHECK(drive(CancelRequest{.sale = "drop", .user = ann, .id = cart}).code ==
        Code::kAlreadyPurchased);
}

TEST_CASE("a resolved name goes on working, and another's is none") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.Create(Shop::Terms(5, "other"));
  shop.At(0s);
  const SaleRef drop = *shop.service().Resolve("drop");
  CHECK(shop.service()
            .Reserve(
                {.sale = drop, .user = UserId::FromInteger(1), .id = ReservationId::FromInteger(1)})
            ->code == Code::kDone);
  // What the repository resolved for one sale names that sale, not whatever lies there here.
  const SaleRef foreign = *shop.storage().inventory().Resolve("other");
  CHECK(shop.service()
            .Reserve({.sale = foreign,
                      .user = UserId::FromInteger(1),
                      .id = ReservationId::FromInteger(1)})
            ->code == Code::kDone);
  CHECK(shop.service().ReadStock("other")->lines[0].reserved == 1);
  CHECK(!shop.service().Resolve("nowhere").ok());
}

}  // namespace
}  // namespace flashsale::service_test
