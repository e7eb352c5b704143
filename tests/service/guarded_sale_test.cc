// What stands before the store, through the service: detectors, metrics, the log.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "flashsale/policy/captcha_validator.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/fingerprint_detector.h"
#include "tests/service/shop_world.h"
#include "tests/service/test_executors.h"

namespace flashsale::service_test {
namespace {

// Says what it is told to.
class Suspicion final : public BotDetector {
 public:
  std::string_view name() const override { return "suspicion"; }
  DetectorCost cost() const override { return DetectorCost::kArithmetic; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>&) override {
    ++asked;
    last_action = query.action;
    if (throws) throw std::runtime_error("no more");
    return BotScore{.score = score, .reason = BotReason::kHostRule};
  }

  std::uint8_t score = 0;
  bool throws = false;
  int asked = 0;
  GuardedAction last_action = GuardedAction::kReserve;
};

// Takes its time: until the test delivers.
class Slow final : public BotDetector {
 public:
  std::string_view name() const override { return "slow"; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  std::optional<BotScore> Score(const BotQuery&, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>& later) override {
    waiting.push_back(later);
    return std::nullopt;
  }

  std::vector<std::shared_ptr<BotScoreSink>> waiting;
};

// A chain over the detectors of a test, which must outlive the shop.
std::unique_ptr<CompositeBotDetector> Chain(std::vector<ChainedDetector> detectors,
                                            bool shadow = false) {
  auto chain = CompositeBotDetector::New({.detectors = std::move(detectors), .shadow = shadow});
  REQUIRE_MESSAGE(chain.ok(), chain.status().ToString());
  return *std::move(chain);
}

class Received final : public StepSink {
 public:
  void OnStep(const Step& step) override { steps.push_back(step); }
  std::vector<Step> steps;
};

TEST_CASE("each action of the chain has its answer, at the join and at the reserve") {
  Suspicion suspicion;
  const auto chain = Chain({{.detector = &suspicion}});
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::QueuedTerms());
  shop.At(0s);
  struct Case {
    std::uint8_t score;
    Code code;
  };
  for (const Case& c :
       {Case{50, Code::kChallenge}, Case{75, Code::kRateLimited}, Case{90, Code::kDenied}}) {
    suspicion.score = c.score;
    CHECK(shop.Join(1).outcome.code == c.code);
    CHECK(suspicion.last_action == GuardedAction::kJoin);
    CHECK(shop.Reserve(1) == c.code);
    CHECK(suspicion.last_action == GuardedAction::kReserve);
  }
  CHECK(shop.Queue().joined == 0);
  suspicion.score = 75;
  CHECK(shop.Join(1).outcome.retry_after() == 5s);  // the tarpit
  suspicion.score = 49;
  CHECK(shop.Join(1).outcome.code == Code::kDone);
}

TEST_CASE("a join that is sent again has its ticket, whatever the gates say now") {
  Suspicion suspicion;
  const auto chain = Chain({{.detector = &suspicion}});
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::QueuedTerms());
  const QueuePlace first = shop.Join(1);
  REQUIRE(first.outcome.code == Code::kDone);
  shop.Join(2);
  suspicion.score = 100;
  const QueuePlace again = shop.Join(1);
  CHECK(again.outcome.code == Code::kAlreadyDone);
  CHECK(again.entry == first.entry);
  CHECK(again.position == 1);
  CHECK(shop.Join(3).outcome.code == Code::kDenied);
  REQUIRE(shop.service().Leave("drop", UserId::FromInteger(1))->code == Code::kDone);
  CHECK(shop.Join(1).outcome.code == Code::kDenied);
  shop.At(1s);
  REQUIRE(shop.IsAdmitted(2));
  CHECK(shop.Join(2).outcome.code == Code::kAlreadyDone);
}

TEST_CASE("a join that is sent again beyond its rate has its ticket") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1min, .burst = 2}};
  });
  shop.Create(Shop::QueuedTerms());
  REQUIRE(shop.Join(1).outcome.code == Code::kDone);
  for (int i = 0; i < 5; ++i) CHECK(shop.Join(1).outcome.code == Code::kAlreadyDone);
}

TEST_CASE("detectors are asked neither about what is known nor after the sale") {
  Suspicion suspicion;
  const auto chain = Chain({{.detector = &suspicion}});
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::Terms());
  CHECK(shop.Reserve(1) == Code::kNotStarted);
  CHECK(suspicion.asked == 0);
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kDone);
  suspicion.score = 100;
  CHECK(shop.Reserve(1) == Code::kAlreadyDone);
  CHECK(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Reserve(1, 2) == Code::kDenied);
}

TEST_CASE("a detector that throws has its declared outcome") {
  for (const FailurePolicy policy : {FailurePolicy::kOpen, FailurePolicy::kClosed}) {
    Suspicion suspicion;
    suspicion.throws = true;
    const auto chain = Chain({{.detector = &suspicion, .on_failure = policy}});
    Shop shop([&](auto& options) { options.bots = chain.get(); });
    shop.Create(Shop::Terms());
    shop.At(0s);
    CHECK(shop.Reserve(1) == (policy == FailurePolicy::kOpen ? Code::kDone : Code::kDenied));
    CHECK(shop.service().ReadMetrics().bots[0].stats.failures == 1);
  }
}

TEST_CASE("in shadow mode everybody is let in and what would have been is counted") {
  Suspicion suspicion;
  suspicion.score = 100;
  const auto chain = Chain({{.detector = &suspicion}}, true);
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::Terms());
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kDone);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  CHECK(metrics.bot_decisions.spared == 1);
  CHECK(metrics.bots[0].name == "suspicion");
  CHECK(metrics.bots[0].stats.suspected == 1);
}

class AlwaysPassed final : public ChallengeVerifier {
 public:
  explicit AlwaysPassed(SimulatedClock& clock) : clock_(clock) {}
  std::optional<Result<ChallengeAnswer>> Verify(const Request&,
                                                const std::shared_ptr<ChallengeSink>&) override {
    return ChallengeAnswer{.valid = true, .issued_at = clock_.Now()};
  }

 private:
  SimulatedClock& clock_;
};

TEST_CASE("a challenge that was passed does not help a device with too many accounts") {
  Shop shop;
  AlwaysPassed verifier(shop.clock());
  const auto captcha = std::move(*CaptchaValidator::New(verifier));
  const auto prints = std::move(*FingerprintDetector::New(shop.storage().fingerprints()));
  const auto chain = Chain({{.detector = prints.get()}, {.detector = captcha.get()}});
  const auto guarded = shop.Open([&](auto& options) { options.bots = chain.get(); });
  SaleTerms terms = Shop::Terms(1'000);
  REQUIRE(guarded->Create(terms).ok());
  shop.clock().Set(Shop::kOpening);
  const auto reserve = [&](std::uint64_t user, std::uint64_t device) {
    const std::string token = "a token of user " + std::to_string(user);
    return guarded
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(user),
                   .id = ReservationId::FromInteger(1),
                   .context = {.device = LimitKey::FromInteger(device), .challenge_token = token}})
        ->code;
  };
  for (std::uint64_t user = 1; user <= 3; ++user) CHECK(reserve(user, 7) == Code::kDone);
  Code last = Code::kDone;
  for (std::uint64_t user = 4; user <= 30; ++user) last = reserve(user, 7);
  CHECK(last == Code::kDenied);
  CHECK(reserve(100, 8) == Code::kDone);
}

TEST_CASE("a step waits for a detector that takes its time, and goes on with its answer") {
  Slow slow;
  const auto chain = Chain({{.detector = &slow, .time_limit = 1s}});
  Shop shop([&](auto& options) { options.bots = chain.get(); });
  shop.Create(Shop::Terms());
  shop.At(0s);
  Received received;
  const auto prepare = [&](std::uint64_t user) {
    return shop.service().Prepare(
        {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(1)},
        shop.clock().Now(), &received);
  };
  CHECK(prepare(1).kind() == Step::Kind::kPending);
  CHECK(prepare(2).kind() == Step::Kind::kPending);
  CHECK(prepare(3).kind() == Step::Kind::kPending);
  REQUIRE(slow.waiting.size() == 3);
  slow.waiting[0]->Deliver({.score = 0});
  slow.waiting[1]->Deliver({.score = 100, .reason = BotReason::kHostRule});
  REQUIRE(received.steps.size() == 2);
  CHECK(received.steps[0].kind() == Step::Kind::kApply);
  CHECK(received.steps[0].command().user == UserId::FromInteger(1));
  CHECK(received.steps[1].kind() == Step::Kind::kAnswered);
  CHECK(received.steps[1].outcome().code == Code::kDenied);
  // The third never answers: its time runs out, and the policy is to let pass.
  shop.clock().Advance(1s);
  shop.service().Poll();
  REQUIRE(received.steps.size() == 3);
  CHECK(received.steps[2].kind() == Step::Kind::kApply);
  Outcome outcome;
  const Step& step = received.steps[2];
  REQUIRE(shop.storage()
              .inventory()
              .Apply(step.sale(), shop.clock().Now(), {&step.command(), 1}, {&outcome, 1})
              .ok());
  CHECK(shop.service().Complete(step, outcome, shop.clock().Now())->code == Code::kDone);
}

TEST_CASE("a step that is still pending when the service is gone is answered, not forgotten") {
  Slow slow;
  const auto chain = Chain({{.detector = &slow}});
  Received received;
  {
    Shop shop([&](auto& options) { options.bots = chain.get(); });
    shop.Create(Shop::Terms());
    shop.At(0s);
    const Step step = shop.service().Prepare(
        {.sale = "drop", .user = UserId::FromInteger(1), .id = ReservationId::FromInteger(1)},
        shop.clock().Now(), &received);
    REQUIRE(step.kind() == Step::Kind::kPending);
  }
  slow.waiting[0]->Deliver({.score = 0});
  REQUIRE(received.steps.size() == 1);
  CHECK(received.steps[0].kind() == Step::Kind::kAnswered);
  CHECK(received.steps[0].outcome().code == Code::kOverloaded);
}

std::uint64_t CountOf(const MetricsSnapshot& metrics, Operation operation, Code code) {
  for (const OutcomeCount& count : metrics.outcomes) {
    if (count.operation == operation && count.code == code) return count.count;
  }
  return 0;
}

TEST_CASE("where rates cannot be asked, the declared mode decides") {
  for (const WhenGateFails mode : {WhenGateFails::kRefuse, WhenGateFails::kLetPass}) {
    bool broken = false;
    Shop shop(
        [mode](auto& options) {
          options.rate_limits = RateLimits{};
          options.when_rates_fail = mode;
        },
        FaultPlan{.decide = [&broken](StorageCall call) {
          return broken && call == StorageCall::kTakeRates ? Fault::kRefused : Fault::kNone;
        }});
    shop.Create(Shop::Terms());
    shop.At(0s);
    REQUIRE(shop.Reserve(1) == Code::kDone);
    broken = true;
    CHECK(shop.Reserve(2) == (mode == WhenGateFails::kRefuse ? Code::kOverloaded : Code::kDone));
    CHECK(shop.Reserve(1) == Code::kAlreadyDone);
  }
}

// The storage of a shop, as if other processes shared it.
class Shared final : public Storage {
 public:
  explicit Shared(Storage& inner) : inner_(inner) {}
  StorageTraits traits() const override { return {.shared_across_processes = true}; }
  InventoryRepository& inventory() override { return inner_.inventory(); }
  FlashSaleRepository& sales() override { return inner_.sales(); }
  RateRepository& rates() override { return inner_.rates(); }
  FingerprintRepository& fingerprints() override { return inner_.fingerprints(); }
  QueueRepository& queue() override { return inner_.queue(); }
  QueueRepository& waitlists() override { return inner_.waitlists(); }

 private:
  Storage& inner_;
};

TEST_CASE("on a shared store a refused reserve is looked up if it says that it is sent again") {
  Shop shop;
  shop.Create(Shop::Terms());
  shop.clock().Set(Shop::kOpening);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.service().Pause("drop").ok());
  Shared shared(shop.storage());
  auto service = FlashSaleService::New({.storage = shared,
                                        .clock = &shop.clock(),
                                        .rate_limits = std::nullopt,
                                        .resend_lookups_per_second = 2});
  REQUIRE(service.ok());
  const auto reserve = [&](bool resend) {
    return (*service)
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(1),
                   .id = ReservationId::FromInteger(1),
                   .resend = resend})
        ->code;
  };
  CHECK(reserve(false) == Code::kPaused);
  CHECK(reserve(true) == Code::kAlreadyDone);
  CHECK(reserve(true) == Code::kAlreadyDone);
  CHECK(reserve(true) == Code::kPaused);  // so many a second
  shop.clock().Advance(500ms);
  CHECK(reserve(true) == Code::kAlreadyDone);
  // An act of another server is seen after the refresh interval.
  REQUIRE(shop.service().Resume("drop").ok());
  shop.clock().Advance(1s);
  (*service)->Poll();
  CHECK(
      (*service)
          ->Reserve(
              {.sale = "drop", .user = UserId::FromInteger(2), .id = ReservationId::FromInteger(1)})
          ->code == Code::kDone);
}

TEST_CASE("calls, answers, failures, stock, queue and velocity are measured") {
  bool broken = false;
  Shop shop([](auto& options) { options.metrics = MetricsOptions{.time_one_in = 1}; },
            FaultPlan{.decide = [&broken](StorageCall call) {
              return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
            }});
  shop.Create(Shop::QueuedTerms(2));
  shop.At(0s);
  for (std::uint64_t user = 1; user <= 3; ++user) shop.Join(user);
  shop.Pass(1s);
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(shop.Reserve(2) == Code::kDone);
  CHECK(shop.Reserve(3) == Code::kQueued);
  CHECK(shop.Confirm(1) == Code::kDone);
  broken = true;
  CHECK(!shop.service()
             .Confirm({.sale = "drop",
                       .user = UserId::FromInteger(2),
                       .id = ReservationId::FromInteger(1)})
             .ok());
  broken = false;
  shop.Pass(1s);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  CHECK(CountOf(metrics, Operation::kReserve, Code::kDone) == 2);
  CHECK(CountOf(metrics, Operation::kReserve, Code::kQueued) == 1);
  CHECK(CountOf(metrics, Operation::kJoin, Code::kDone) == 3);
  CHECK(CountOf(metrics, Operation::kConfirm, Code::kDone) == 1);
  CHECK(CountOf(metrics, Operation::kCreate, Code::kDone) == 1);
  REQUIRE(metrics.failures.size() == 1);
  CHECK(metrics.failures[0] == FailureCount{Operation::kConfirm, StatusCode::kUnavailable, 1});
  CHECK(metrics.holds.reserved == 2);
  CHECK(metrics.holds.conversion() == 0.5);
  const auto& reserves = metrics.operations[static_cast<std::size_t>(Operation::kReserve)];
  CHECK(reserves.calls == 3);
  CHECK(reserves.latency.count == 3);
  CHECK(reserves.latency.Percentile(0.5) > 0);
  REQUIRE(metrics.sales.size() == 1);
  const SaleMetrics& sale = metrics.sales[0];
  CHECK(sale.sale == SaleId("drop"));
  CHECK(sale.state == SaleState::kSoldOut);
  CHECK(sale.lines[0].product == ProductId("thing"));
  CHECK(sale.lines[0].stock == Stock{.limit = 2, .released = 2, .reserved = 1, .sold = 1});
  REQUIRE(sale.queue.has_value());
  CHECK(sale.queue->waiting == 1);
  CHECK(sale.queue->admitted == 1);
  CHECK(sale.queue->wait_p50 > 0s);
  CHECK(sale.velocity.reserved > 0);
  CHECK(sale.velocity.purchased > 0);
  CHECK(!sale.expiry_behind);
  shop.clock().Advance(10min);
  CHECK(shop.service().ReadMetrics().sales[0].expiry_behind);
}

TEST_CASE("without metrics nothing is counted and everything works") {
  Shop shop([](auto& options) { options.metrics = std::nullopt; });
  shop.Create(Shop::Terms());
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kDone);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  CHECK(metrics.operations.empty());
  CHECK(metrics.sales.size() == 1);
}

TEST_CASE("an operator reads in the log what was done and what failed") {
  std::vector<std::string> lines;
  bool broken = false;
  Shop shop(
      [&](auto& options) {
        options.log.sink = [&](const LogRecord& record) { lines.push_back(FormatLogLine(record)); };
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.service().Pause("drop").ok());
  REQUIRE(shop.service().Resume("drop").ok());
  broken = true;
  CHECK(!shop.service()
             .Confirm({.sale = "drop",
                       .user = UserId::FromInteger(2),
                       .id = ReservationId::FromInteger(1)})
             .ok());
  const auto has = [&](std::string_view part) {
    return std::any_of(lines.begin(), lines.end(), [part](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  };
  CHECK(has("event=sale_created sale=drop"));
  CHECK(has("event=operator_act sale=drop act=pause answer=Done"));
  CHECK(has("level=error event=store_failed sale=drop operation=confirm status=Unavailable"));
}

TEST_CASE("calls, polls and readers of metrics at once agree in the end") {
  Shop shop([](auto& options) { options.metrics = MetricsOptions{.time_one_in = 1}; });
  shop.Create(Shop::QueuedTerms(1'000, 10'000'000));
  shop.Create(Shop::Terms(1'000, "other"));
  shop.clock().Set(Shop::kOpening);
  constexpr std::uint64_t kThreads = 3;
  constexpr std::uint64_t kUsers = 200;
  std::atomic<std::uint64_t> done{0};
  {
    std::vector<std::jthread> crowd;
    crowd.reserve(kThreads);
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      crowd.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < kUsers; ++i) {
          const UserId user = UserId::FromInteger(t * kUsers + i);
          const ReservationId cart = ReservationId::FromInteger(1);
          // Queued until somebody polls; who polls already may be off the processor for long.
          for (;;) {
            const auto held = shop.service().Reserve({.sale = "drop", .user = user, .id = cart});
            if (!held.ok() || held->code != Code::kQueued) break;
            shop.clock().Advance(1ms);
            shop.service().Poll();
            std::this_thread::yield();
          }
          const auto bought = shop.service().Confirm({.sale = "drop", .user = user, .id = cart});
          if (bought.ok() && bought->code == Code::kDone) ++done;
          (void)shop.service().Reserve({.sale = "other", .user = user, .id = cart});
        }
      });
    }
    std::jthread reader([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) (void)shop.service().ReadMetrics();
    });
    crowd.clear();
  }
  CHECK(done == kThreads * kUsers);
  CHECK(shop.StockNow().sold == kThreads * kUsers);
  CHECK(CountOf(shop.service().ReadMetrics(), Operation::kConfirm, Code::kDone) ==
        kThreads * kUsers);
}

}  // namespace
}  // namespace flashsale::service_test
