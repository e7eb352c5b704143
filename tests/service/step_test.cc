// The service in steps, beside what guarded_sale_test.cc shows of a reserve that is pending.

#include "flashsale/service/step.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/policy/composite_bot_detector.h"
#include "tests/service/shop_world.h"
#include "tests/service/test_executors.h"

namespace flashsale::service_test {
namespace {

// Takes its time: until the test delivers.
class Slow final : public BotDetector {
 public:
  std::string_view name() const override { return "slow"; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>& later) override {
    last_action = query.action;
    waiting.push_back(later);
    return std::nullopt;
  }

  GuardedAction last_action = GuardedAction::kReserve;
  std::vector<std::shared_ptr<BotScoreSink>> waiting;
};

std::unique_ptr<CompositeBotDetector> ChainOf(Slow& slow) {
  auto chain = CompositeBotDetector::New({.detectors = {{.detector = &slow}}});
  REQUIRE(chain.ok());
  return *std::move(chain);
}

class Steps final : public StepSink {
 public:
  void OnStep(const Step& step) override { heard.push_back(step); }
  std::vector<Step> heard;
};

class Places final : public PlaceSink {
 public:
  void OnPlace(const Result<QueuePlace>& place) override { heard.push_back(place); }
  std::vector<Result<QueuePlace>> heard;
};

ReserveRequest ReserveOf(std::uint64_t user, std::uint64_t id = 1) {
  return {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(id)};
}

std::uint64_t CountOf(const MetricsSnapshot& metrics, Operation operation, Code code) {
  for (const OutcomeCount& count : metrics.outcomes) {
    if (count.operation == operation && count.code == code) return count.count;
  }
  return 0;
}

TEST_CASE("a join waits for a detector that takes its time, and is answered as it says") {
  Slow slow;
  const auto chain = ChainOf(slow);
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::QueuedTerms());
  shop.At(0s);
  CHECK(shop.service().MayWaitForDetectors());
  Places places;
  for (const std::uint64_t user : {1U, 2U}) {
    CHECK(!shop.service()
               .Join({.sale = "drop", .user = UserId::FromInteger(user)}, places)
               .has_value());
  }
  CHECK(slow.last_action == GuardedAction::kJoin);
  CHECK(places.heard.empty());
  CHECK(shop.Queue().joined == 0);
  slow.waiting[0]->Deliver({.score = 0});
  slow.waiting[1]->Deliver({.score = 100, .reason = BotReason::kHostRule});
  REQUIRE(places.heard.size() == 2);
  REQUIRE(places.heard[0].ok());
  CHECK(places.heard[0]->outcome.code == Code::kDone);
  CHECK(places.heard[0]->entry.user == UserId::FromInteger(1));
  REQUIRE(places.heard[1].ok());
  CHECK(places.heard[1]->outcome.code == Code::kDenied);
  CHECK(shop.Queue().joined == 1);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  CHECK(CountOf(metrics, Operation::kJoin, Code::kDone) == 1);
  CHECK(CountOf(metrics, Operation::kJoin, Code::kDenied) == 1);
  // Sent again, and denied now: the ticket is there.
  CHECK(!shop.service().Join({.sale = "drop", .user = UserId::FromInteger(1)}, places).has_value());
  slow.waiting[2]->Deliver({.score = 100, .reason = BotReason::kHostRule});
  REQUIRE(places.heard.size() == 3);
  CHECK(places.heard[2]->outcome.code == Code::kAlreadyDone);
  CHECK(places.heard[2]->entry == places.heard[0]->entry);
}

TEST_CASE("a join that no detector has to be asked about is answered at once") {
  Slow slow;
  const auto chain = ChainOf(slow);
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::QueuedTerms());
  Places places;
  const auto unknown =
      shop.service().Join({.sale = "other", .user = UserId::FromInteger(1)}, places);
  REQUIRE((unknown.has_value() && unknown->ok()));
  CHECK((*unknown)->outcome.code == Code::kUnknownSale);
  const auto nobody = shop.service().Join({.sale = "drop"}, places);
  REQUIRE((nobody.has_value() && nobody->ok()));
  CHECK((*nobody)->outcome.field == Field::kUser);
  CHECK(slow.waiting.empty());
  CHECK(places.heard.empty());
}

TEST_CASE("a join that is still pending when the service is gone is answered, not forgotten") {
  Slow slow;
  const auto chain = ChainOf(slow);
  Places places;
  {
    Shop shop([&](auto& options) { options.bots = chain.get(); });
    shop.Create(Shop::QueuedTerms());
    CHECK(
        !shop.service().Join({.sale = "drop", .user = UserId::FromInteger(1)}, places).has_value());
  }
  slow.waiting[0]->Deliver({.score = 0});
  REQUIRE(places.heard.size() == 1);
  CHECK(places.heard[0]->outcome.code == Code::kOverloaded);
}

// What FlashSaleService::Complete makes of a command that never came to the store.
TEST_CASE("what a lane has refused teaches the circuit breaker nothing about the store") {
  std::vector<CircuitState> turned;
  Shop shop([&](auto& options) {
    options.breaker = CircuitBreakerOptions{
        .min_calls = 1,
        .open_for = 1s,
        .probes = 1,
        .successes_to_close = 1,
        .on_transition = [&](const CircuitTransition& to) { turned.push_back(to.to); }};
  });
  shop.Create(Shop::Terms());
  shop.At(0s);
  const auto prepare = [&](std::uint64_t user) {
    Step step = shop.service().Prepare(ReserveOf(user), shop.clock().Now());
    REQUIRE(step.kind() == Step::Kind::kApply);
    return step;
  };
  const auto complete = [&](const Step& step, const Result<Outcome>& applied) {
    return shop.service().Complete(step, applied, shop.clock().Now());
  };
  CHECK(!complete(prepare(1), Status(StatusCode::kUnavailable, "down")).ok());
  shop.clock().Advance(1s);
  CHECK(complete(prepare(2), Outcome{.code = Code::kOverloaded})->code == Code::kOverloaded);
  CHECK(turned == std::vector{CircuitState::kOpen, CircuitState::kHalfOpen});
  // The place of the probe is free again.
  CHECK(complete(prepare(3), Outcome{.code = Code::kSoldOut})->code == Code::kSoldOut);
  CHECK(turned.back() == CircuitState::kClosed);
  CHECK(CountOf(shop.service().ReadMetrics(), Operation::kReserve, Code::kOverloaded) == 1);
}

TEST_CASE("a step at a time that is none is answered as the store would answer it") {
  Shop shop;
  shop.Create(Shop::Terms());
  for (const Time now : {kMinTime - Duration(1), kMaxTime + Duration(1)}) {
    const Step step = shop.service().Prepare(ReserveOf(1), now);
    REQUIRE(step.kind() == Step::Kind::kAnswered);
    CHECK(step.outcome() == Outcome{.code = Code::kInvalid, .field = Field::kTime});
  }
}

TEST_CASE("a service waits for steps that are on their way when it is destroyed") {
  Slow slow;
  const auto chain = ChainOf(slow);
  std::atomic<bool> in_store{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> destroyed{false};
  std::atomic<bool> gone_before_step{false};
  Shop shop({}, FaultPlan{.before = [&](StorageCall call) {
              if (call != StorageCall::kFindAdmissions) return;
              in_store = true;
              while (!go_on) std::this_thread::yield();
              gone_before_step = destroyed.load();
            }});
  shop.Create(Shop::QueuedTerms());
  auto guarded = shop.Open([&](auto& options) { options.bots = chain.get(); });
  shop.clock().Set(Shop::kOpening);
  Steps steps;
  REQUIRE(guarded->Prepare(ReserveOf(1), shop.clock().Now(), &steps).kind() ==
          Step::Kind::kPending);
  std::jthread detector([&] { slow.waiting[0]->Deliver({.score = 0}); });
  REQUIRE(WaitFor([&] { return in_store.load(); }));
  std::jthread owner([&] {
    guarded.reset();
    destroyed = true;
  });
  // Time enough for a destructor that does not wait.
  for (int i = 0; i < 100'000 && !destroyed; ++i) std::this_thread::yield();
  go_on = true;
  owner.join();
  detector.join();
  CHECK(!gone_before_step);
  REQUIRE(steps.heard.size() == 1);
  CHECK(steps.heard[0].outcome().code == Code::kQueued);
}

}  // namespace
}  // namespace flashsale::service_test
