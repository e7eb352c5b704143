#include "flashsale/runtime/manual_executor.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace flashsale {
namespace {

std::unique_ptr<ManualExecutor> Make(ManualExecutorOptions options = {}) {
  Result<std::unique_ptr<ManualExecutor>> executor = ManualExecutor::New(std::move(options));
  REQUIRE(executor.ok());
  return std::move(*executor);
}

TEST_CASE("a manual executor runs nothing before it is asked to, and then in order") {
  const auto executor = Make();
  std::string ran;
  executor->Post([&] { ran += 'a'; });
  executor->Post([&] { ran += 'b'; });
  executor->Post([&] { ran += 'c'; });
  CHECK(ran.empty());
  CHECK(executor->waiting() == 3);
  CHECK(executor->RunReady(2) == 2);
  CHECK(ran == "ab");
  CHECK(executor->RunReady() == 1);
  CHECK(ran == "abc");
  CHECK(executor->RunReady() == 0);
}

TEST_CASE("a task that posts itself again waits for the next turn") {
  const auto executor = Make();
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    executor->Post(again);
  };
  executor->Post(again);
  CHECK(executor->RunReady() == 1);
  CHECK(executor->RunReady() == 1);
  CHECK(ran == 2);
}

TEST_CASE("a full manual executor refuses") {
  const auto executor = Make({.capacity = 2});
  CHECK(executor->Post([] {}));
  CHECK(executor->Post([] {}));
  CHECK_FALSE(executor->Post([] { FAIL("was refused"); }));
  CHECK(executor->RunReady() == 2);
  CHECK(executor->Post([] {}));
}

TEST_CASE("the host is woken once for what came while nothing was waiting") {
  int wakes = 0;
  const auto executor = Make({.wake = [&] { ++wakes; }});
  executor->Post([] {});
  executor->Post([] {});
  CHECK(wakes == 1);
  executor->RunReady();
  CHECK(wakes == 1);
  executor->Post([] {});
  CHECK(wakes == 2);
  executor->Post([] {});
  // One is left behind.
  executor->RunReady(1);
  CHECK(wakes == 3);
  executor->Post([] {});
  CHECK(wakes == 3);
}

TEST_CASE("a task that is left behind wakes the loop again") {
  int wakes = 0;
  const auto executor = Make({.wake = [&] { ++wakes; }});
  int ran = 0;
  // Posted while another waits, and not run in the same turn.
  CHECK(executor->Post([&] { CHECK(executor->Post([&] { ++ran; })); }));
  CHECK(executor->Post([&] { ++ran; }));
  CHECK(wakes == 1);
  CHECK(executor->RunReady() == 2);
  CHECK(executor->waiting() == 1);
  CHECK(wakes == 2);
  CHECK(executor->RunReady() == 1);
  CHECK(wakes == 2);
  CHECK(ran == 2);
}

TEST_CASE("what tasks and wake-ups throw is counted, and the others run") {
  const auto executor = Make({.wake = [] { throw std::runtime_error("no eventfd"); }});
  bool ran = false;
  CHECK(executor->Post([] { throw 1; }));
  CHECK(executor->Post([&] { ran = true; }));
  CHECK(executor->RunReady() == 2);
  CHECK(ran);
  CHECK(executor->exceptions() == 2);
}

TEST_CASE("a task is destroyed once it has run, and with its executor if it never did") {
  const auto owned = std::make_shared<int>(1);
  {
    const auto executor = Make();
    executor->Post([owned] {});
    CHECK(owned.use_count() == 2);
    executor->RunReady();
    CHECK(owned.use_count() == 1);
    executor->Post([owned] {});
  }
  CHECK(owned.use_count() == 1);
}

TEST_CASE("tasks of many threads run once each") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  const auto executor = Make({.capacity = 64});
  std::atomic<int> ran = 0;
  std::atomic<int> accepted = 0;
  std::atomic<int> left = kThreads;
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTasks; ++n) {
        if (executor->Post([&ran] { ++ran; })) ++accepted;
      }
      --left;
    });
  }
  while (left > 0) {
    if (executor->RunReady() == 0) std::this_thread::yield();
  }
  executor->RunReady();
  CHECK(accepted > 0);
  CHECK(ran == accepted);
}

TEST_CASE("a manual executor without room is refused by name") {
  const auto refused = ManualExecutor::New({.capacity = 0});
  CHECK(refused.status().code() == StatusCode::kInvalidArgument);
  CHECK(refused.status().message() == "capacity: 0, expected 1 to 1048576");
}

}  // namespace
}  // namespace flashsale
