#ifndef FLASHSALE_TESTS_MODEL_MODEL_ATOMICS_H_
#define FLASHSALE_TESTS_MODEL_MODEL_ATOMICS_H_

// Lets Relacy run the engine's own sources: include this first, then the sources to be explored.
//
// Within namespace flashsale the name std::atomic means rl::atomic from here on, because a
// namespace std of our own, inside flashsale, is found before the real one.  Relacy's macros turn
// std::memory_order_acquire into std::mo_acquire and the place in the source, which rl::atomic
// takes. So nothing under test is copied or changed.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <relacy/relacy.hpp>

#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free

namespace flashsale::inline v0::std {

using namespace ::std;  // NOLINT(google-build-using-namespace)
template <typename T>
using atomic = rl::atomic<T>;
using rl::mo_acq_rel;
using rl::mo_acquire;
using rl::mo_relaxed;
using rl::mo_release;
using rl::mo_seq_cst;

}  // namespace flashsale::inline v0::std

// The place of base/mutex.h: the same names over Relacy's mutex.
#define FLASHSALE_SRC_BASE_MUTEX_H_
#define FLASHSALE_GUARDED_BY(x)
#define FLASHSALE_REQUIRES(...)
#define FLASHSALE_EXCLUDES(...)

namespace flashsale::inline v0 {

class Mutex {
 public:
  void Lock() { mutex_.lock($); }
  void Unlock() { mutex_.unlock($); }

 private:
  rl::mutex mutex_;
};

template <typename M>
class MutexLock {
 public:
  explicit MutexLock(M& mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  M& mutex_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTS_MODEL_MODEL_ATOMICS_H_
