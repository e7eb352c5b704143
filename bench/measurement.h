#ifndef FLASHSALE_BENCH_MEASUREMENT_H_
#define FLASHSALE_BENCH_MEASUREMENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>
#include <utility>

namespace flashsale::bench {

// Keeps the optimiser from leaving out what made `value`.
template <typename T>
inline void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// The processor time that the calling thread has had so far.
double ThreadNanoseconds();

// The processor time that the calling thread takes for `work()`, in nanoseconds: what it costs
// whoever else the machine serves meanwhile.  REQUIRES: work neither waits nor lets others work for
// it.
template <typename Work>
double NanosecondsOf(Work&& work) {
  const double start = ThreadNanoseconds();
  std::forward<Work>(work)();
  return ThreadNanoseconds() - start;
}

// The wall time that `work()` takes, in nanoseconds: where it waits for a disk, or others work for
// it.
template <typename Work>
double WallNanosecondsOf(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  std::forward<Work>(work)();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// Runs work(0) … work(threads - 1), each on a thread of its own that is there before the clock
// starts.  Returns the nanoseconds of wall time from the common start to the last end; what one of
// them threw is thrown.
double NanosecondsOfThreads(unsigned threads, const std::function<void(unsigned)>& work);

// What this process keeps in memory, in bytes.
struct ResidentMemory {
  std::uint64_t all = 0;
  // The part of it that lies in huge pages.
  std::uint64_t huge = 0;
};
// Returns the allocator's free memory to the system first, so that differences mean something.
ResidentMemory ReadResidentMemory();

// Lives while another thread does: glibc's locks and the compiler's reference counts leave the lock
// prefix out where a process has one thread, which no server has.
class SecondThread {
 public:
  SecondThread();
  ~SecondThread();
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;

 private:
  std::promise<void> end_;
  std::thread thread_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_MEASUREMENT_H_
