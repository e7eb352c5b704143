#ifndef FLASHSALE_TESTS_LINEARIZABILITY_INTERRUPTION_H_
#define FLASHSALE_TESTS_LINEARIZABILITY_INTERRUPTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace flashsale {

// Where a call is interrupted: at which of its places, from 1.
struct Interruption {
  enum class Places : std::uint8_t {
    kEvery,   // before each of the program's own instructions
    kAtomic,  // before and after each that changes a word atomically, as every lock does
  };
  Places places = Places::kEvery;
  std::size_t at = 1;
};

// Whether this build can interrupt calls: on x86-64 under Linux, without a sanitizer.
bool CanInterrupt();

// Runs `call` on this thread, one instruction at a time until the place; there `intrude` runs on
// another thread, and the call goes on when that has returned or waits for a lock.  So what comes
// between two instructions is decided here, not by the scheduler, and the code under test need not
// know.  Returns when both have returned; false where the call never came to the place, and
// `intrude` did not run.  Blocking: yes.  REQUIRES: CanInterrupt(); one call at a time.
bool RunInterrupted(const Interruption& interruption, const std::function<void()>& call,
                    const std::function<void()>& intrude);

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_LINEARIZABILITY_INTERRUPTION_H_
