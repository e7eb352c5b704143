#include "flashsale/runtime/thread_pool_executor.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace flashsale {
namespace {

std::unique_ptr<ThreadPoolExecutor> Make(const ThreadPoolOptions& options = {}) {
  Result<std::unique_ptr<ThreadPoolExecutor>> pool = ThreadPoolExecutor::New(options);
  REQUIRE(pool.ok());
  return std::move(*pool);
}

TEST_CASE("a pool runs tasks on its threads, side by side") {
  const auto pool = Make({.threads = 3});
  // Three tasks that wait for one another: they would never end on fewer threads.
  std::latch meeting(3);
  Mutex mutex;
  std::set<std::thread::id> seen;
  for (int i = 0; i < 3; ++i) {
    CHECK(pool->Post([&] {
      meeting.arrive_and_wait();
      const MutexLock lock(mutex);
      seen.insert(std::this_thread::get_id());
    }));
  }
  pool->Shutdown(ThreadPoolExecutor::Pending::kRun);
  CHECK(seen.size() == 3);
  CHECK_FALSE(seen.contains(std::this_thread::get_id()));
}

TEST_CASE("a full pool refuses, and so does one that was shut down") {
  const auto pool = Make({.threads = 1, .capacity = 2});
  std::latch begun(1);
  std::latch go_on(1);
  CHECK(pool->Post([&] {
    begun.count_down();
    go_on.wait();
  }));
  begun.wait();
  CHECK(pool->Post([] {}));
  CHECK(pool->Post([] {}));
  CHECK(pool->waiting() == 2);
  CHECK_FALSE(pool->Post([] { FAIL("was refused"); }));
  go_on.count_down();
  pool->Shutdown(ThreadPoolExecutor::Pending::kRun);
  CHECK_FALSE(pool->Post([] { FAIL("was refused"); }));
}

TEST_CASE("a shutdown runs what was accepted, or drops it, as asked") {
  for (const auto pending :
       {ThreadPoolExecutor::Pending::kRun, ThreadPoolExecutor::Pending::kDrop}) {
    const auto pool = Make({.threads = 1});
    std::latch begun(1);
    std::latch go_on(1);
    std::atomic<int> ran = 0;
    const auto owned = std::make_shared<int>(1);
    pool->Post([&] {
      begun.count_down();
      go_on.wait();
    });
    begun.wait();
    for (int i = 0; i < 10; ++i) pool->Post([&ran, owned] { ++ran; });
    std::jthread shutdown([&] { pool->Shutdown(pending); });
    const bool drop = pending == ThreadPoolExecutor::Pending::kDrop;
    // The only thread is kept busy until the rest is gone.
    while (drop && pool->waiting() > 0) std::this_thread::yield();
    go_on.count_down();
    shutdown.join();
    CHECK(ran == (drop ? 0 : 10));
    CHECK(pool->dropped() == (drop ? 10 : 0));
    CHECK(owned.use_count() == 1);
    pool->Shutdown(pending);  // nothing is left to do
  }
}

TEST_CASE("what a task throws is counted, and its thread goes on") {
  const auto pool = Make({.threads = 1});
  std::atomic<bool> ran = false;
  pool->Post([] { throw std::runtime_error("out of luck"); });
  pool->Post([] { throw 7; });
  pool->Post([&] { ran = true; });
  pool->Shutdown(ThreadPoolExecutor::Pending::kRun);
  CHECK(ran);
  CHECK(pool->exceptions() == 2);
}

TEST_CASE("tasks of many threads, and those that tasks post, run once each") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  std::atomic<int> ran = 0;
  std::atomic<int> accepted = 0;
  {
    const auto pool = Make({.threads = 2, .capacity = 256});
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < kTasks; ++n) {
          const bool posted = pool->Post([&, again = pool.get()] {
            ++ran;
            if (again->Post([&ran] { ++ran; })) ++accepted;
          });
          if (posted) ++accepted;
        }
      });
    }
    threads.clear();
  }
  CHECK(accepted > 0);
  CHECK(ran == accepted);
}

TEST_CASE("a pool without threads or room is refused by name") {
  CHECK(ThreadPoolExecutor::New({.threads = 0}).status().message() ==
        "threads: 0, expected 1 to 1024");
  CHECK(ThreadPoolExecutor::New({.capacity = 0}).status().message() ==
        "capacity: 0, expected 1 to 1048576");
}

}  // namespace
}  // namespace flashsale
