#ifndef FLASHSALE_TESTS_RUNTIME_ASYNC_WORLD_H_
#define FLASHSALE_TESTS_RUNTIME_ASYNC_WORLD_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/runtime/async_service.h"
#include "flashsale/runtime/manual_executor.h"
#include "flashsale/testing/faults.h"
#include "flashsale/testing/simulated_clock.h"
#include "tests/wait_for.h"

namespace flashsale::async_test {

using namespace std::chrono_literals;

inline constexpr Time kOpening = kMinTime + std::chrono::hours{1'000};

// Keeps what it is told.
template <typename Answer>
class Heard final : public Completion<Answer> {
 public:
  void Complete(const Result<Answer>& answer) override {
    const std::lock_guard lock(mutex_);
    answers_.push_back(answer);
  }
  std::vector<Result<Answer>> answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  std::size_t count() const { return answers().size(); }
  // The one answer, which is an outcome.
  Code code() const {
    const auto all = answers();
    REQUIRE(all.size() == 1);
    REQUIRE_MESSAGE(all[0].ok(), all[0].status().ToString());
    return CodeOf(*all[0]);
  }

 private:
  static Code CodeOf(const Outcome& outcome) { return outcome.code; }
  static Code CodeOf(const QueuePlace& place) { return place.outcome.code; }
  static Code CodeOf(const WaitlistPlace& place) { return place.outcome.code; }

  mutable std::mutex mutex_;
  std::vector<Result<Answer>> answers_;
};

// A remote detector whose answers wait until the test gives them.
class PatientDetector final : public BotDetector {
 public:
  std::string_view name() const override { return "patient"; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>& later) override {
    const std::lock_guard lock(mutex_);
    tokens_.emplace_back(query.context.challenge_token);
    sinks_.push_back(later);
    return std::nullopt;
  }

  std::vector<std::string> tokens() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  // Those that have not been answered; the test's from here on.
  std::vector<std::shared_ptr<BotScoreSink>> TakeSinks() {
    const std::lock_guard lock(mutex_);
    return std::exchange(sinks_, {});
  }
  // Answers all that wait.
  void Deliver(std::uint8_t score) {
    for (const auto& sink : TakeSinks()) {
      sink->Deliver({.score = score, .reason = BotReason::kHostRule});
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<BotScoreSink>> sinks_;
  std::vector<std::string> tokens_;
};

inline std::unique_ptr<CompositeBotDetector> ChainOf(BotDetector& detector) {
  auto chain = CompositeBotDetector::New(
      {.detectors = {{.detector = &detector, .time_limit = 10s, .max_outstanding = 65'536}}});
  REQUIRE_MESSAGE(chain.ok(), chain.status().ToString());
  return *std::move(chain);
}

// A storage in memory that says of itself what a test wants it to.
class TraitStorage final : public Storage {
 public:
  TraitStorage(std::unique_ptr<Storage> inner, bool may_block)
      : inner_(std::move(inner)), may_block_(may_block) {}

  StorageTraits traits() const override {
    StorageTraits traits = inner_->traits();
    traits.may_block = may_block_;
    return traits;
  }
  InventoryRepository& inventory() override { return inner_->inventory(); }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  const std::unique_ptr<Storage> inner_;
  const bool may_block_;
};

// A service in simulated time over a storage in memory, and an asynchronous one over that.
class AsyncShop {
 public:
  struct Setup {
    bool may_block = false;
    FaultPlan faults = {};
    // Changes the service's options; there are no rates unless it sets some.
    std::function<void(FlashSaleServiceOptions&)> service = {};
    // By default: a lane that the test polls, completions in `loop`, round trips in `pool`.
    std::function<void(AsyncServiceOptions&)> async = {};
  };

  AsyncShop() : AsyncShop(Setup{}) {}
  explicit AsyncShop(Setup setup)
      : loop_(*ManualExecutor::New()),
        pool_(*ManualExecutor::New()),
        storage_(NewFaultyStorage(std::move(*OpenMemoryStorage({.hash_seed = 1})),
                                  std::move(setup.faults)),
                 setup.may_block),
        clock_(kOpening) {
    FlashSaleServiceOptions service_options{
        .storage = storage_, .clock = &clock_, .rate_limits = std::nullopt};
    if (setup.service) setup.service(service_options);
    auto service = FlashSaleService::New(service_options);
    REQUIRE_MESSAGE(service.ok(), service.status().ToString());
    service_ = *std::move(service);
    AsyncServiceOptions options{
        .lane = {.workers = 0}, .executor = loop_.get(), .blocking = pool_.get()};
    if (setup.async) setup.async(options);
    auto async = AsyncFlashSaleService::New(*service_, options);
    REQUIRE_MESSAGE(async.ok(), async.status().ToString());
    async_ = *std::move(async);
  }

  void Create(Units units = 10, const std::string& id = "drop", bool queued = false) {
    const auto created = service().Create({.id = id,
                                           .lines = {{.product = "thing", .units = units}},
                                           .start = kOpening,
                                           .end = kOpening + 1h,
                                           .requires_admission = queued});
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
  }

  // Runs what there is to run until nothing is left: round trips, batches, completions.
  void Settle() {
    while (pool_->RunReady() + loop_->RunReady() > 0 || async().Poll() ||
           pool_->waiting() + loop_->waiting() > 0) {
    }
  }

  Stock StockNow(const SaleId& sale = "drop") { return service().ReadStock(sale)->lines[0]; }

  AsyncFlashSaleService& async() { return *async_; }
  void DestroyAsync() { async_.reset(); }
  FlashSaleService& service() { return *service_; }
  ManualExecutor& loop() { return *loop_; }
  ManualExecutor& pool() { return *pool_; }
  SimulatedClock& clock() { return clock_; }

 private:
  // In the order in which they may go, from the last.
  std::unique_ptr<ManualExecutor> loop_;
  std::unique_ptr<ManualExecutor> pool_;
  TraitStorage storage_;
  SimulatedClock clock_;
  std::unique_ptr<FlashSaleService> service_;
  std::unique_ptr<AsyncFlashSaleService> async_;
};

inline ReserveRequest ReserveOf(std::uint64_t user, const RequestContext& context = {}) {
  return {.sale = "drop",
          .user = UserId::FromInteger(user),
          .id = ReservationId::FromInteger(user),
          .context = context};
}
inline ConfirmRequest ConfirmOf(std::uint64_t user) {
  return {
      .sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(user)};
}
inline CancelRequest CancelOf(std::uint64_t user) {
  return {
      .sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(user)};
}
inline ExtendRequest ExtendOf(std::uint64_t user) {
  return {
      .sale = "drop", .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(user)};
}

// A coroutine whose frame the test owns and may destroy at any time.
struct Frame {
  // The name that the language looks for.
  // NOLINTNEXTLINE(readability-identifier-naming)
  struct promise_type {
    Frame get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

}  // namespace flashsale::async_test

#endif  // FLASHSALE_TESTS_RUNTIME_ASYNC_WORLD_H_
