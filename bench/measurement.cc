#include "bench/measurement.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace flashsale::bench {

double ThreadNanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

namespace {

// Keeps the calling thread on the i-th of the processors that this process may use, so that no two
// of a crew share one: what lasts milliseconds may be over before the system has spread them.
void StayOnProcessor(unsigned i) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  unsigned place = i % static_cast<unsigned>(CPU_COUNT(&allowed));
  for (unsigned processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    if (place-- != 0) continue;
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET(processor, &chosen);
    pthread_setaffinity_np(pthread_self(), sizeof(chosen), &chosen);  // a wish
    return;
  }
}

}  // namespace

double NanosecondsOfThreads(unsigned threads, const std::function<void(unsigned)>& work) {
  using SteadyTime = std::chrono::steady_clock::time_point;
  std::atomic<unsigned> waiting{0};
  std::atomic<bool> go{false};
  std::vector<SteadyTime> ends(threads);
  std::vector<std::exception_ptr> errors(threads);
  SteadyTime start;
  {
    std::vector<std::jthread> crew;
    crew.reserve(threads);
    for (unsigned i = 0; i < threads; ++i) {
      crew.emplace_back([&, i] {
        StayOnProcessor(i);
        waiting.fetch_add(1, std::memory_order_acq_rel);
        // Spinning: to be woken takes longer than some of the work.  Acquire pairs with `go` below.
        while (!go.load(std::memory_order_acquire)) {
        }
        try {
          work(i);
        } catch (...) {
          errors[i] = std::current_exception();
        }
        ends[i] = std::chrono::steady_clock::now();
      });
    }
    while (waiting.load(std::memory_order_acquire) != threads) std::this_thread::yield();
    // They spin meanwhile.  A virtual processor that was idle may share a core with the other until
    // its host has noticed that both are at work.
    if (threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds{300});
    start = std::chrono::steady_clock::now();
    go.store(true, std::memory_order_release);
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return std::chrono::duration<double, std::nano>(std::ranges::max(ends) - start).count();
}

ResidentMemory ReadResidentMemory() {
  malloc_trim(0);
  // Exact, where statm lags behind by what each core has counted but not yet added.
  std::ifstream file("/proc/self/smaps_rollup");
  ResidentMemory memory;
  std::string word;
  while (file >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "Rss:" && file >> kibibytes) memory.all = kibibytes << 10;
    if (word == "AnonHugePages:" && file >> kibibytes) memory.huge = kibibytes << 10;
  }
  return memory;
}

SecondThread::SecondThread() : thread_([ended = end_.get_future()]() mutable { ended.wait(); }) {}

SecondThread::~SecondThread() {
  end_.set_value();
  thread_.join();
}

}  // namespace flashsale::bench
