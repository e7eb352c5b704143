// A crowd of threads, and a shutdown in the midst of it.

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/runtime/async_service.h"
#include "flashsale/runtime/task.h"
#include "flashsale/runtime/thread_pool_executor.h"
#include "tests/runtime/async_world.h"

namespace flashsale::async_test {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::uint64_t kShoppers = 800;  // of each thread
constexpr Units kStock = 1'000;

// Each call hears for itself.
template <typename Answer>
struct Call final : Completion<Answer> {
  void Complete(const Result<Answer>& result) override {
    answer = result;
    // Release pairs with the reader's acquire: the answer.
    times_heard.fetch_add(1, std::memory_order_acq_rel);
  }
  // Heard once where it was accepted, else never.
  bool is_right() const {
    return times_heard.load(std::memory_order_acquire) == (accepted ? 1 : 0);
  }
  bool accepted = false;
  Result<Answer> answer = Answer{};
  std::atomic<int> times_heard{0};
};

struct ShopperCalls {
  Call<QueuePlace> position;
  Call<Outcome> reserve;
  Call<Outcome> confirm;
};

// What is open while everybody shops: a chain with a slow detector or none, and where the store is.
struct Setting {
  bool may_block = false;
  bool detector = false;
  bool executor = true;
};

Code CodeOf(const Result<Outcome>& answer) { return answer.ok() ? answer->code : Code::kInvalid; }
Code CodeOf(const Result<QueuePlace>& answer) {
  return answer.ok() ? answer->outcome.code : Code::kInvalid;
}

// Submits until there is room, or all is over.
template <typename Answer, typename Request>
void Submit(AsyncFlashSaleService& async, const std::atomic<bool>& over, const Request& request,
            Call<Answer>& call) {
  for (;;) {
    std::optional<Result<Answer>> at_once = async.Submit(request, call);
    call.accepted = !at_once.has_value();
    if (call.accepted) return;
    call.answer = *std::move(at_once);
    if (CodeOf(call.answer) != Code::kOverloaded || over) return;
    std::this_thread::yield();
  }
}

void Shop(AsyncFlashSaleService& async, const std::atomic<bool>& over, std::uint64_t first,
          std::vector<ShopperCalls>& calls) {
  for (std::uint64_t i = 0; i < calls.size(); ++i) {
    const std::uint64_t user = first + i;
    Submit(async, over, PositionRequest{"drop", UserId::FromInteger(user)}, calls[i].position);
    Submit(async, over, ReserveOf(user), calls[i].reserve);
    // Before the reserve has been answered: it may come first, and then knows no reservation.
    Submit(async, over, ConfirmOf(user), calls[i].confirm);
  }
}

void ShutDownInTheMidst(const Setting& setting) {
  PatientDetector patient;
  const auto chain = ChainOf(patient);
  const auto callers = *ThreadPoolExecutor::New({.threads = 2});
  const auto round_trips = *ThreadPoolExecutor::New({.threads = 2});
  AsyncShop shop({.may_block = setting.may_block,
                  .service =
                      [&](auto& options) {
                        if (setting.detector) options.bots = chain.get();
                      },
                  .async =
                      [&](auto& options) {
                        options.lane.workers = 2;
                        options.lane.capacity = 256;
                        options.executor = setting.executor ? callers.get() : nullptr;
                        options.blocking = round_trips.get();
                      }});
  shop.Create(kStock);
  std::vector<std::vector<ShopperCalls>> calls(kThreads);
  for (auto& of_thread : calls) of_thread = std::vector<ShopperCalls>(kShoppers);

  std::atomic<bool> over{false};
  std::jthread detector([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      patient.Deliver(0);
      std::this_thread::yield();
    }
  });
  std::vector<std::jthread> crowd;
  crowd.reserve(kThreads);
  for (std::size_t t = 0; t < kThreads; ++t) {
    crowd.emplace_back([&, t] { Shop(shop.async(), over, t * kShoppers, calls[t]); });
  }
  CHECK(WaitFor([&] {
    const Stock stock = shop.StockNow();
    return stock.reserved + stock.sold > kStock / 10;
  }));
  // Those who shop go on doing so while it drains, and are refused.
  shop.async().Drain();
  over = true;
  const AsyncServiceStatistics drained = shop.async().statistics();
  CHECK(drained.open == 0);
  crowd.clear();
  shop.DestroyAsync();

  std::size_t wrong = 0;
  Units held = 0;
  Units bought = 0;
  for (const auto& of_thread : calls) {
    for (const ShopperCalls& shopper : of_thread) {
      wrong +=
          shopper.position.is_right() && shopper.reserve.is_right() && shopper.confirm.is_right()
              ? 0U
              : 1U;
      if (CodeOf(shopper.reserve.answer) == Code::kDone) ++held;
      if (CodeOf(shopper.confirm.answer) == Code::kDone) ++bought;
    }
  }
  CHECK(wrong == 0);
  const Stock stock = shop.StockNow();
  CHECK(stock.reserved + stock.sold == held);
  CHECK(stock.sold == bought);
  CHECK(held <= kStock);
  CHECK(held > 0);
}

TEST_CASE("a shutdown in the midst: each call is answered once, and the books are right") {
  SUBCASE("a storage that never blocks") { ShutDownInTheMidst({}); }
  SUBCASE("no executor") { ShutDownInTheMidst({.executor = false}); }
  SUBCASE("a detector that takes its time") { ShutDownInTheMidst({.detector = true}); }
  SUBCASE("a storage that may block") { ShutDownInTheMidst({.may_block = true}); }
  SUBCASE("both") { ShutDownInTheMidst({.may_block = true, .detector = true}); }
}

TEST_CASE("many coroutines over few places: each gets its answer, and no unit is sold twice") {
  constexpr std::uint64_t kBuyers = 2'000;
  const auto pool = *ThreadPoolExecutor::New({.threads = 2});
  AsyncShop shop({.async = [&](auto& options) {
    options.lane = {.workers = 1, .capacity = 64};
    options.executor = pool.get();
  }});
  shop.Create(kBuyers / 2);
  std::atomic<std::uint64_t> bought{0};
  std::atomic<std::uint64_t> ended{0};
  // Goes on behind what the executor has to do.
  struct BackOfTheQueue {
    Executor& executor;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiting) const {
      return executor.Post([waiting] { waiting.resume(); });
    }
    void await_resume() const noexcept {}
  };
  const auto buyer = [&](std::uint64_t user) -> Task<> {
    for (;;) {
      const Result<Outcome> held = co_await shop.async().Reserve(ReserveOf(user));
      if (!held.ok() || held->code == Code::kSoldOut) break;
      if (held->code != Code::kOverloaded) {
        const Result<Outcome> paid = co_await shop.async().Confirm(ConfirmOf(user));
        if (paid.ok() && paid->state == ReservationState::kPurchased) {
          ++bought;
          break;
        }
      }
      co_await BackOfTheQueue{*pool};
    }
    ++ended;
  };
  for (std::uint64_t user = 0; user < kBuyers; ++user) {
    CHECK(Spawn(*pool, buyer(user), [](const std::exception_ptr&) {}));
  }
  REQUIRE(WaitFor([&] { return ended == kBuyers; }));
  shop.DestroyAsync();
  CHECK(bought == kBuyers / 2);
  CHECK(shop.StockNow().sold == kBuyers / 2);
}

}  // namespace
}  // namespace flashsale::async_test
