#include "base/mutex.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace flashsale {
namespace {

// A plain number that only the mutex keeps whole: ThreadSanitizer sees a missing order, the sum a
// missing exclusion.
template <typename M>
struct Guarded {
  M mutex;
  std::size_t value FLASHSALE_GUARDED_BY(mutex) = 0;

  void Add() {
    const MutexLock lock(mutex);
    ++value;
  }
  bool TryAdd() {
    if (!mutex.TryLock()) return false;
    ++value;
    mutex.Unlock();
    return true;
  }
  std::size_t Read() {
    const MutexLock lock(mutex);
    return value;
  }
};

TEST_CASE_TEMPLATE("a mutex lets one thread in at a time and wakes all who wait", M, Mutex,
                   WordMutex) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kRounds = 5'000;
  Guarded<M> guarded;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&guarded] {
        for (std::size_t n = 0; n < kRounds; ++n) guarded.Add();
      });
    }
  }
  CHECK(guarded.Read() == kThreads * kRounds);
}

TEST_CASE_TEMPLATE("a try that succeeds excludes, one that fails changes nothing", M, Mutex,
                   WordMutex) {
  constexpr std::size_t kThreads = 4;
  Guarded<M> guarded;
  std::atomic<std::size_t> successes = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 5'000; ++n) {
          if (guarded.TryAdd()) ++successes;
        }
      });
    }
  }
  CHECK(successes > 0);
  CHECK(guarded.Read() == successes);
}

TEST_CASE_TEMPLATE("a held mutex refuses a try and sends a waiter to sleep until it is free", M,
                   Mutex, WordMutex) {
  Guarded<M> guarded;
  std::atomic<bool> asked = false;
  std::jthread waiter;
  std::jthread asker;
  {
    const MutexLock lock(guarded.mutex);
    asker = std::jthread([&] { asked = !guarded.TryAdd(); });
    asker.join();
    waiter = std::jthread([&guarded] { guarded.Add(); });
    // Long enough for the waiter to give up looking and sleep, in most runs.
    for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
    CHECK(guarded.value == 0);
  }
  waiter.join();
  CHECK(asked);
  CHECK(guarded.Read() == 1);
}

TEST_CASE("a word mutex is as small as a word") { CHECK(sizeof(WordMutex) == 4); }

}  // namespace
}  // namespace flashsale
