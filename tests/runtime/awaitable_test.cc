#include "flashsale/runtime/awaitable.h"

#include <doctest/doctest.h>

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/runtime/manual_executor.h"
#include "flashsale/runtime/task.h"
#include "flashsale/runtime/thread_pool_executor.h"
#include "flashsale/testing/simulated_clock.h"
#include "tests/runtime/hooked_inventory.h"

namespace flashsale {
namespace {

Task<Code> Reserve(Lane& lane, std::uint64_t user) {
  const Result<Outcome> answer =
      co_await CallLane(lane, {.sale = "a", .command = ReserveFor(user)});
  co_return answer.ok() ? answer->code : Code::kInvalid;
}

// Reserves, confirms and looks at both answers.
Task<bool> Buy(Lane& lane, std::uint64_t user) {
  if (co_await Reserve(lane, user) != Code::kDone) co_return false;
  Command confirm = ReserveFor(user);
  confirm.verb = Verb::kConfirm;
  confirm.units = 0;
  const Result<Outcome> bought = co_await CallLane(lane, {.sale = "a", .command = confirm});
  co_return bought.ok() && bought->state == ReservationState::kPurchased;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as Spawn wants it
void Ignore(std::exception_ptr /*thrown*/) {}

// Goes on behind what the executor has to do.
struct BackOfTheQueue {
  Executor& executor;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) const {
    return executor.Post([waiting] { waiting.resume(); });
  }
  void await_resume() const noexcept {}
};

// A coroutine whose frame the test owns and may destroy at any time.
struct Held {
  // NOLINTNEXTLINE(readability-identifier-naming): the name that the language looks for
  struct promise_type {
    Held get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

Held Hold(Lane& lane, std::uint64_t user, Code& code) {
  const Result<Outcome> answer =
      co_await CallLane(lane, {.sale = "a", .command = ReserveFor(user)});
  code = answer->code;
}

TEST_CASE("a coroutine goes on with the store's answer") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a");
  const auto lane = MakeLane(store, clock);
  CHECK(SyncWait(Buy(*lane, 1)));
  CHECK(SyncWait(Reserve(*lane, 1)) == Code::kAlreadyDone);
}

TEST_CASE("a refusal does not suspend") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  Heard heard;  // hears of its call when the lane goes
  const auto lane = MakeLane(store, clock, {.workers = 0, .capacity = 1});
  CHECK_FALSE(lane->Submit({.sale = "a", .command = ReserveFor(1)}, heard).has_value());
  // Nobody polls: it would wait for ever.
  CHECK(SyncWait(Reserve(*lane, 2)) == Code::kOverloaded);
}

TEST_CASE("the store's error is the answer") {
  SimulatedClock clock(kOpening);
  HookedInventory store([](const auto&) { return Status(StatusCode::kFenced, "epoch"); });
  const auto lane = MakeLane(store, clock);
  const auto task = [](Lane& on) -> Task<Status> {
    const Result<Outcome> answer = co_await CallLane(on, {.sale = "a", .command = ReserveFor(1)});
    co_return answer.status();
  };
  CHECK(SyncWait(task(*lane)) == Status(StatusCode::kFenced, "epoch"));
}

TEST_CASE("coroutines go on where the lane's completions run") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a");
  const auto executor = std::move(*ManualExecutor::New());
  const auto lane = MakeLane(store, clock, {.executor = executor.get()});
  const auto here = std::this_thread::get_id();
  std::vector<bool> on_this_thread;
  const auto task = [&](std::uint64_t user) -> Task<> {
    co_await Buy(*lane, user);
    on_this_thread.push_back(std::this_thread::get_id() == here);
  };
  for (const std::uint64_t user : {1U, 2U, 3U}) CHECK(Spawn(*executor, task(user), Ignore));
  while (on_this_thread.size() < 3) {
    if (executor->RunReady() == 0) std::this_thread::yield();
  }
  CHECK(on_this_thread == std::vector<bool>(3, true));
}

TEST_CASE(
    "a coroutine destroyed while it waits is forgotten, and its command applied all the same") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a");
  const auto lane = MakeLane(store, clock, {.workers = 0});
  Code destroyed = Code::kInvalid;
  Code kept = Code::kInvalid;
  const Held first = Hold(*lane, 1, destroyed);
  const Held second = Hold(*lane, 2, kept);
  first.coroutine.destroy();
  lane->Poll();
  CHECK(destroyed == Code::kInvalid);
  CHECK(kept == Code::kDone);
  CHECK(store.Reserved("a") == 2);
  CHECK(lane->statistics().depth == 0);
  second.coroutine.destroy();
}

TEST_CASE("many coroutines over few places: each gets its answer once") {
  constexpr std::uint64_t kBuyers = 2'000;
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a", kBuyers / 2);
  const auto pool = std::move(*ThreadPoolExecutor::New({.threads = 2}));
  std::atomic<std::uint64_t> bought = 0;
  std::atomic<std::uint64_t> ended = 0;
  {
    const auto lane = MakeLane(store, clock, {.capacity = 64, .executor = pool.get()});
    const auto buyer = [&](std::uint64_t user) -> Task<> {
      Code code = Code::kOverloaded;
      while (code == Code::kOverloaded) {
        code = co_await Reserve(*lane, user);
        // Lets the answers that the pool has to deliver go first.
        if (code == Code::kOverloaded) co_await BackOfTheQueue{*pool};
      }
      if (code == Code::kDone) ++bought;
      ++ended;
    };
    for (std::uint64_t user = 0; user < kBuyers; ++user) {
      CHECK(Spawn(*pool, buyer(user), Ignore));
    }
    while (ended < kBuyers) std::this_thread::yield();
  }
  CHECK(bought == kBuyers / 2);
  CHECK(store.Reserved("a") == kBuyers / 2);
}

}  // namespace
}  // namespace flashsale
