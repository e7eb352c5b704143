// Create, where the sale is there already; options that no service takes.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/service/flash_sale_service.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

// One change of a queue's setup, and what is said of it.
struct Change {
  QueueSetup queue;
  std::string message;
};

TEST_CASE("a sale that is created again with another queue is a conflict that names the member") {
  class Alphabet final : public AllocationStrategy {
   public:
    std::string_view name() const override { return "alphabet"; }
    bool keeps_arrival_order() const override { return true; }
    Status Order(const OrderRequest&, std::span<std::uint32_t>) const override { return {}; }
  };
  const Alphabet alphabet;
  Shop shop([&](auto& options) { options.strategies = {&alphabet}; });
  const SaleTerms terms = Shop::QueuedTerms();
  const QueueSetup queue{.max_in_flight = 50};
  shop.Create(terms, queue);
  // As another server, which serves the sale or not, and as one that was started again.
  const auto second = shop.Open([&](auto& options) { options.strategies = {&alphabet}; });
  const QueueState before = shop.Queue();

  const auto with = [&](const auto& change) {
    QueueSetup other = queue;
    change(other);
    return other;
  };
  const std::string opened = ", with which the sale's queue was opened";
  for (const Change& change :
       {Change{with([](QueueSetup& q) { q.max_in_flight = 51; }),
               "queue.max_in_flight: 51, expected 50" + opened},
        Change{with([](QueueSetup& q) { q.max_waiting = 9; }),
               "queue.max_waiting: 9, expected 10000000" + opened},
        Change{with([](QueueSetup& q) { q.admission_window = 1min; }),
               "queue.admission_window: 60000000 us, expected 300000000 us" + opened},
        Change{with([](QueueSetup& q) { q.grant = 2; }), "queue.grant: 2, expected 1" + opened},
        Change{with([](QueueSetup& q) { q.heartbeat_timeout = 1min; }),
               "queue.heartbeat_timeout: 60000000 us, expected 120000000 us" + opened},
        Change{with([](QueueSetup& q) { q.tiers = 2; }), "queue.tiers: 2, expected 1" + opened},
        Change{with([&](QueueSetup& q) { q.strategy = &alphabet; }),
               "queue.strategy: 'alphabet', expected 'fifo'" + opened}}) {
    CAPTURE(change.message);
    for (FlashSaleService* const service : {&shop.service(), second.get()}) {
      const auto created = service->Create(terms, change.queue);
      CHECK(created.status().code() == StatusCode::kAlreadyExists);
      CHECK(created.status().message() == change.message);
    }
  }
  SaleTerms faster = terms;
  ++faster.admissions_per_second;
  for (FlashSaleService* const service : {&shop.service(), second.get()}) {
    CHECK(service->Create(faster, queue).status().code() == StatusCode::kAlreadyExists);
    CHECK(service->Create(terms, queue)->code == Code::kAlreadyDone);
  }
  CHECK(shop.Queue().terms == before.terms);
  CHECK(shop.Queue().pace == before.pace);
}

TEST_CASE("a pace that was set since makes no other sale of it, and stays") {
  Shop shop;
  const QueuePace slower{.admissions_per_second = 5, .max_in_flight = 7};
  shop.Create(Shop::QueuedTerms());
  REQUIRE(shop.service().queue().SetPace("drop", Shop::kOpening, slower).ok());
  CHECK(shop.service().Create(Shop::QueuedTerms())->code == Code::kAlreadyDone);
  const auto second = shop.Open();
  CHECK(second->Create(Shop::QueuedTerms())->code == Code::kAlreadyDone);
  CHECK(shop.Queue().pace == slower);
  CHECK(shop.service()
            .Create(Shop::QueuedTerms(), {.max_in_flight = slower.max_in_flight})
            .status()
            .code() == StatusCode::kAlreadyExists);
  // People wait at the pace of now, on a server that has come later too.
  second->Poll();
  shop.Join(1);
  shop.Join(2);
  // The first is let in at the start.
  CHECK(second->Position("drop", UserId::FromInteger(1))->wait.expected == 1min);
  CHECK(second->Position("drop", UserId::FromInteger(2))->wait.expected == 1min + 200ms);
}

TEST_CASE("a service takes no number for a level of its log") {
  Shop shop;
  const auto service = FlashSaleService::New(
      {.storage = shop.storage(), .log = {.lowest = static_cast<LogLevel>(0)}});
  CHECK(service.status().message() == "log.lowest: 0, expected kDebug, kInfo, kWarning or kError");
}

TEST_CASE("a join and a reserve are charged to one rate of a user") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 3, .per = 1min, .burst = 3}};
  });
  shop.Create(Shop::QueuedTerms());
  shop.At(0s);
  CHECK(shop.Join(1).outcome.code == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kQueued);
  CHECK(shop.Position(1).outcome.code == Code::kDone);  // no attempt to get in
  CHECK(shop.Reserve(1) == Code::kQueued);
  CHECK(shop.Reserve(1) == Code::kRateLimited);
  CHECK(shop.Join(1).outcome.code == Code::kAlreadyDone);  // refused, and looked up
  CHECK(shop.Join(2).outcome.code == Code::kDone);
}

TEST_CASE("while the breaker is open who has an admission keeps it, and has spent a permit") {
  bool broken = false;
  Shop shop(
      [](auto& options) {
        options.rate_limits = RateLimits{.per_user = Quota{.permits = 3, .per = 1h, .burst = 3}};
        options.breaker = CircuitBreakerOptions{.min_calls = 1, .open_for = 5s};
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::QueuedTerms());
  shop.At(0s);
  REQUIRE(shop.Join(1).outcome.code == Code::kDone);
  shop.Pass(1s);
  REQUIRE(shop.IsAdmitted(1));
  broken = true;
  CHECK(!shop.service()
             .Reserve({.sale = "drop",
                       .user = UserId::FromInteger(1),
                       .id = ReservationId::FromInteger(1)})
             .ok());
  CHECK(shop.Reserve(1) == Code::kWaitingPage);
  CHECK(shop.Join(1).outcome.code == Code::kAlreadyDone);  // refused by its rate, and looked up
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Reserve(1) == Code::kRateLimited);
}

}  // namespace
}  // namespace flashsale::service_test
