#ifndef FLASHSALE_RUNTIME_RUNNER_H_
#define FLASHSALE_RUNTIME_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "flashsale/base/clock.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/runtime/poll_schedule.h"

namespace flashsale::inline v0 {

// How a Runner's thread waits.  A simulation gives its own, which moves a simulated clock.
//
// Implementer's duty: SleepUntil is called by one thread; it returns when the clock says `until`,
// or soon after a Wake that it has not yet answered, which any thread may call at any time; it may
// return for no reason.  Neither throws.
class FLASHSALE_EXPORT Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void SleepUntil(Time until) = 0;
  virtual void Wake() = 0;
};

// Waits in the kernel, a minute at most at a time, so that a clock that was set, or a machine that
// was suspended, is noticed.  The clock must outlive it.
FLASHSALE_EXPORT std::unique_ptr<Sleeper> NewSleeper(Clock& clock);

// A thread that calls periodic functions (expiry, the queue's admissions, countdowns) when they ask
// to be called: for hosts that have no event loop for it.
//
// Thread safety: any thread, but for the destructor.
// Blocking: the destructor, until the function that is running returns.
// Ownership: of its thread and the functions; what they refer to and the clock must outlive it.
// Clock: one reading a round.
class FLASHSALE_EXPORT Runner {
 public:
  // Starts to call them.  `sleeper`: null for NewSleeper(clock); else it must outlive the runner.
  // Errors: those of PollSchedule::New; ResourceExhausted (the system gives no thread).
  static Result<std::unique_ptr<Runner>> New(Clock& clock, std::vector<PollFunction> polls,
                                             const PollScheduleOptions& options = {},
                                             Sleeper* sleeper = nullptr);
  // Calls nothing any more.  REQUIRES: not called by one of the functions.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // All functions are called soon, whatever they asked for: something has happened, a sale was
  // created, say.
  void Wake();

  // How many calls have thrown.
  std::uint64_t exceptions() const;

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_RUNNER_H_
