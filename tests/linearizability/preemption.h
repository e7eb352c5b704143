#ifndef FLASHSALE_TESTS_LINEARIZABILITY_PREEMPTION_H_
#define FLASHSALE_TESTS_LINEARIZABILITY_PREEMPTION_H_

#include <time.h>

#include <cstdint>

namespace flashsale {

// Takes the processor from the calling thread every few microseconds, wherever it is just then: a
// timer's signal, whose handler yields.  Calls of a memory backend last a microsecond, so on a
// machine of few processors they would otherwise run one after the other, and no race would ever be
// seen. Thread safety: belongs to the thread that made it.  Linux only.
class Preemption {
 public:
  explicit Preemption(std::uint64_t seed);
  ~Preemption();
  Preemption(const Preemption&) = delete;
  Preemption& operator=(const Preemption&) = delete;

 private:
  timer_t timer_{};
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_LINEARIZABILITY_PREEMPTION_H_
