#include "flashsale/runtime/task.h"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "flashsale/runtime/inline_executor.h"
#include "flashsale/runtime/manual_executor.h"
#include "flashsale/runtime/thread_pool_executor.h"

namespace flashsale {
namespace {

// Goes on as a task of an executor.
struct On {
  Executor& executor;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) const {
    return executor.Post([waiting] { waiting.resume(); });
  }
  void await_resume() const noexcept {}
};

Task<int> Number(int value) { co_return value; }
Task<int> Fails() {
  throw std::runtime_error("out of luck");
  co_return 0;
}
Task<int> Sum(int a, int b) { co_return co_await Number(a) + co_await Number(b); }
Task<std::unique_ptr<int>> Owned() { co_return std::make_unique<int>(7); }
Task<> Note(bool& begun) {
  begun = true;
  co_return;
}

TEST_CASE("a task computes what it is asked for, others of its kind included") {
  CHECK(SyncWait(Sum(2, 3)) == 5);
  CHECK(*SyncWait(Owned()) == 7);
}

TEST_CASE("a task begins when it is awaited, and never if it is not") {
  bool begun = false;
  {
    const Task<> task = Note(begun);
    CHECK_FALSE(begun);
  }
  CHECK_FALSE(begun);
  SyncWait(Note(begun));
  CHECK(begun);
}

TEST_CASE("what a task throws is thrown where it is awaited") {
  CHECK_THROWS_WITH_AS(SyncWait(Fails()), "out of luck", std::runtime_error);
  const auto caught = []() -> Task<std::string> {
    try {
      co_await Fails();
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing";
  };
  CHECK(SyncWait(caught()) == "out of luck");
}

Task<int> Deep(int depth) {
  if (depth == 0) co_return 0;
  co_return co_await Deep(depth - 1) + 1;
}

TEST_CASE("a loop over tasks that end at once does not grow the stack") {
  [[maybe_unused]] const auto loop = []() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 100'000; ++i) sum += co_await Number(1);
    co_return sum;
  };
  CHECK(SyncWait(Deep(100)) == 100);
// Without optimisation, or under a sanitizer, compilers do not turn the transfer into a jump.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(SyncWait(loop()) == 100'000);
#endif
}

TEST_CASE("a task goes on where it is resumed, and the waiting thread gets its result") {
  const auto pool = std::move(*ThreadPoolExecutor::New({.threads = 1}));
  const auto task = [](Executor& executor) -> Task<std::thread::id> {
    co_await On{executor};
    co_return std::this_thread::get_id();
  };
  CHECK(SyncWait(task(*pool)) != std::this_thread::get_id());
}

TEST_CASE("a spawned task runs to its end by itself, and its handler is told what it throws") {
  const auto executor = std::move(*ManualExecutor::New());
  bool begun = false;
  std::string told;
  const auto on_exception = [&](const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::runtime_error& error) {
      told = error.what();
    }
  };
  CHECK(Spawn(*executor, Note(begun), on_exception));
  CHECK_FALSE(begun);
  executor->RunReady();
  CHECK(begun);
  CHECK(told.empty());

  const auto fails = [](Executor& host) -> Task<> {
    co_await On{host};
    co_await Fails();
  };
  CHECK(Spawn(*executor, fails(*executor), on_exception));
  executor->RunReady();
  CHECK(told.empty());
  executor->RunReady();
  CHECK(told == "out of luck");
}

TEST_CASE("a task that the executor does not take is destroyed before it begins") {
  const auto executor = std::move(*ManualExecutor::New({.capacity = 1}));
  executor->Post([] {});
  const auto owned = std::make_shared<int>(1);
  const auto holds = [](std::shared_ptr<int> held) -> Task<> {
    ++*held;
    co_return;
  };
  CHECK_FALSE(Spawn(*executor, holds(owned), [](const std::exception_ptr&) {}));
  CHECK(owned.use_count() == 1);
  CHECK(*owned == 1);
}

TEST_CASE("a task that is destroyed while it is suspended destroys what it holds") {
  const auto owned = std::make_shared<int>(1);
  const auto waits = [](std::shared_ptr<int> held) -> Task<> {
    co_await std::suspend_always();
    ++*held;
  };
  {
    Task<> task = waits(owned);
    auto outer = [](Task<> inner) -> Task<> { co_await std::move(inner); };
    Task<> both = outer(std::move(task));
    CHECK(owned.use_count() == 2);
    Task<> replaced = waits(owned);
    replaced = std::move(both);
    CHECK(owned.use_count() == 2);
  }
  CHECK(owned.use_count() == 1);
}

}  // namespace
}  // namespace flashsale
