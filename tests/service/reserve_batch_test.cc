// Reserves in a batch: the answers of single calls, at fewer calls of the store.

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/composite_bot_detector.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

// Suspects whoever asks too often, and so sees in which order it was asked.
class Impatience final : public BotDetector {
 public:
  std::string_view name() const override { return "impatience"; }
  DetectorCost cost() const override { return DetectorCost::kArithmetic; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>&) override {
    const int asked = ++asked_[query.user];
    return BotScore{.score = static_cast<std::uint8_t>(asked % 6 == 0 ? 60 : 0),
                    .reason = BotReason::kHostRule};
  }

 private:
  std::map<UserId, int> asked_;
};

const std::vector<std::string> kSales = {"open", "queued", "paused", "later"};

// A shop with all gates and some sales, of which two in the same history are the same.
class Guarded {
 public:
  explicit Guarded(bool join_on_reserve)
      : chain_(*CompositeBotDetector::New({.detectors = {{.detector = &impatience_}}})),
        shop_([&](auto& options) {
          options.rate_limits =
              RateLimits{.per_user = Quota{.permits = 6, .per = 10s, .burst = 6},
                         .per_ipv4 = Quota{.permits = 40, .per = 10s, .burst = 40}};
          options.bots = chain_.get();
          options.breaker = CircuitBreakerOptions{};
          options.join_on_reserve = join_on_reserve;
        }) {
    for (const std::string& id : kSales) {
      SaleTerms terms = id == "queued" ? Shop::QueuedTerms(12, 1, id) : Shop::Terms(12, id);
      terms.limit_per_user = 2;
      terms.limit_ceiling = 3;
      terms.max_open_holds = 2;
      if (id == "later") terms.start += 30min;
      QueueSetup queue;
      if (id == "queued") queue = {.max_in_flight = 4, .admission_window = 1min};
      shop_.Create(terms, queue);
    }
    shop_.At(0s);
  }

  Shop& shop() { return shop_; }
  FlashSaleService& service() { return shop_.service(); }

 private:
  Impatience impatience_;
  const std::unique_ptr<CompositeBotDetector> chain_;
  Shop shop_;
};

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::uint64_t Below(std::uint64_t end) { return random_() % end; }
  bool Chance(unsigned percent) { return Below(100) < percent; }

  // The same person comes again and again, with ids that come again, too.
  std::vector<ReserveRequest> Requests() {
    std::vector<ReserveRequest> requests(1 + Below(70));
    std::string sale = kSales[Below(kSales.size())];
    for (ReserveRequest& request : requests) {
      if (Chance(30)) sale = kSales[Below(kSales.size())];
      request = {.sale = Chance(3) ? SaleId("nowhere") : SaleId(sale),
                 .user = Chance(2) ? UserId() : UserId::FromInteger(Below(12)),
                 .id = ReservationId::FromInteger(Below(4)),
                 .units = static_cast<Units>(1 + (Chance(20) ? Below(4) : 0)),
                 .context = {.address = IpAddress::FromIpv4(
                                 {10, 0, 0, static_cast<std::uint8_t>(Below(3))})}};
    }
    return requests;
  }

 private:
  std::mt19937_64 random_;
};

TEST_CASE("a batch is answered as its requests are one after the other, whatever refuses them") {
  std::map<Code, int> seen;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    Guarded together(seed % 2 == 0);
    Guarded alone(seed % 2 == 0);
    const auto both = [&](const auto& act) {
      act(together);
      act(alone);
    };
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      const std::vector<ReserveRequest> requests = draw.Requests();
      std::vector<Outcome> outcomes(requests.size());
      REQUIRE(together.service().Reserve(requests, outcomes).ok());
      for (std::size_t i = 0; i < requests.size(); ++i) {
        CAPTURE(i);
        const Result<Outcome> expected = alone.service().Reserve(requests[i]);
        REQUIRE(expected.ok());
        REQUIRE_MESSAGE(outcomes[i] == *expected, ToString(outcomes[i]), " instead of ",
                        ToString(*expected));
        ++seen[expected->code];
      }
      for (const std::string& sale : kSales) {
        CHECK(together.service().ReadStock(SaleId(sale))->lines ==
              alone.service().ReadStock(SaleId(sale))->lines);
      }
      CHECK(together.shop().Queue("queued").unused == alone.shop().Queue("queued").unused);
      const bool pause = draw.Chance(50);
      const Duration rest = std::chrono::milliseconds(draw.Below(8'000));
      const UserId who = UserId::FromInteger(draw.Below(12));
      const ReservationId id = ReservationId::FromInteger(draw.Below(4));
      const SaleId sale = kSales[draw.Below(2)];
      const bool buys = draw.Chance(40);
      both([&](Guarded& guarded) {
        if (buys) {
          (void)guarded.service().Confirm({.sale = sale, .user = who, .id = id});
        } else {
          (void)guarded.service().Cancel({.sale = sale, .user = who, .id = id});
        }
        if (pause) {
          (void)guarded.service().Pause("paused");
        } else {
          (void)guarded.service().Resume("paused");
        }
        guarded.shop().Pass(rest, 1s);
      });
    }
  }
  // It was about something.
  for (const Code code :
       {Code::kDone, Code::kAlreadyDone, Code::kIdConflict, Code::kCancelled, Code::kInvalid,
        Code::kUnknownSale, Code::kNotStarted, Code::kPaused, Code::kRateLimited, Code::kChallenge,
        Code::kLimitChallenge, Code::kQueued, Code::kNotAdmitted, Code::kTooManyHolds,
        Code::kUserLimit, Code::kSoldOut}) {
    CHECK_MESSAGE(seen[code] > 0, Name(code));
  }
}

TEST_CASE("a resend is known although what it sends again is in the same batch") {
  Shop shop([](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1h, .burst = 1}};
  });
  shop.Create(Shop::Terms());
  shop.At(0s);
  const ReserveRequest request{
      .sale = "drop", .user = UserId::FromInteger(1), .id = ReservationId::FromInteger(1)};
  ReserveRequest other = request;
  other.id = ReservationId::FromInteger(2);
  const std::vector<ReserveRequest> requests = {request, other, request};
  std::vector<Outcome> outcomes(requests.size());
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  CHECK(outcomes[0].code == Code::kDone);
  CHECK(outcomes[1].code == Code::kRateLimited);
  CHECK(outcomes[2].code == Code::kAlreadyDone);
}

TEST_CASE("a breaker that is half open hears of the first of a batch before the rest") {
  bool broken = false;
  Shop shop(
      [](auto& options) {
        options.breaker = CircuitBreakerOptions{
            .min_calls = 5, .open_for = 10s, .probes = 1, .successes_to_close = 2};
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::Terms());
  shop.At(0s);
  std::vector<ReserveRequest> requests;
  for (std::uint64_t user = 1; user <= 10; ++user) {
    requests.push_back(
        {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(1)});
  }
  std::vector<Outcome> outcomes(requests.size());
  broken = true;
  CHECK(shop.service().Reserve(requests, outcomes).code() == StatusCode::kUnavailable);
  broken = false;
  REQUIRE(shop.Reserve(1) == Code::kWaitingPage);
  shop.clock().Advance(10s);
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  for (const Outcome& outcome : outcomes) CHECK(outcome.code == Code::kDone);
}

TEST_CASE("a breaker counts the calls of a batch as it counts single ones") {
  bool broken = false;
  const auto breaker = [&broken](auto reserve) {
    Shop shop(
        [](auto& options) {
          options.breaker = CircuitBreakerOptions{
              .min_calls = 5, .open_for = 10s, .probes = 2, .successes_to_close = 3};
        },
        FaultPlan{.decide = [&broken](StorageCall call) {
          return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
        }});
    shop.Create(Shop::Terms(100));
    shop.At(0s);
    std::vector<ReserveRequest> requests;
    for (std::uint64_t user = 1; user <= 8; ++user) {
      requests.push_back(
          {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(1)});
    }
    broken = true;
    for (const ReserveRequest& request : requests) (void)shop.service().Reserve(request);
    broken = false;
    shop.clock().Advance(10s);
    reserve(shop.service(), requests);
    return *shop.service().ReadMetrics().breaker;
  };
  const CircuitSnapshot singly = breaker([](FlashSaleService& service, const auto& requests) {
    for (const ReserveRequest& request : requests) {
      REQUIRE(service.Reserve(request)->code == Code::kDone);
    }
  });
  const CircuitSnapshot at_once = breaker([](FlashSaleService& service, const auto& requests) {
    std::vector<Outcome> outcomes(requests.size());
    REQUIRE(service.Reserve(requests, outcomes).ok());
    for (const Outcome& outcome : outcomes) REQUIRE(outcome.code == Code::kDone);
  });
  CHECK(at_once == singly);
}

TEST_CASE("a batch asks for what goes to one sale at once") {
  std::map<StorageCall, int> calls;
  Shop shop([](auto& options) { options.rate_limits = RateLimits{}; },
            FaultPlan{.before = [&calls](StorageCall call) { ++calls[call]; }});
  shop.Create(Shop::QueuedTerms(100));
  shop.At(0s);
  std::vector<ReserveRequest> requests;
  for (std::uint64_t user = 1; user <= 20; ++user) {
    shop.Join(user);
    requests.push_back(
        {.sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(1)});
  }
  shop.Pass(1s);
  // And one who was not let in, in the midst of them.
  requests.insert(requests.begin() + 10,
                  {.sale = "drop", .user = UserId::FromInteger(99), .id = requests[0].id});
  std::vector<Outcome> outcomes(requests.size());
  calls.clear();
  REQUIRE(shop.service().Reserve(requests, outcomes).ok());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    CHECK(outcomes[i].code == (i == 10 ? Code::kQueued : Code::kDone));
  }
  CHECK(calls[StorageCall::kFindAdmissions] == 1);
  CHECK(calls[StorageCall::kApply] == 1);
  CHECK(calls[StorageCall::kMarkUsed] == 1);
  CHECK(shop.Queue().unused == 0);
}

}  // namespace
}  // namespace flashsale::service_test
