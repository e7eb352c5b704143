#ifndef FLASHSALE_RUNTIME_POLL_SCHEDULE_H_
#define FLASHSALE_RUNTIME_POLL_SCHEDULE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Does a bounded piece of periodic work and returns when to be called again.
using PollFunction = std::function<Time(Time now)>;

struct PollScheduleOptions {
  // The least time from the end of one call of a function to its next; 1 us to 1 h.  So a function
  // that has always more to do leaves time for the others.
  Duration minimum_pause = std::chrono::milliseconds{1};

  // The time from a call that threw to the next; `minimum_pause` to 24 h.
  Duration back_off = std::chrono::seconds{1};
};

// Calls several periodic functions, each when it asked to be called: for an event loop that calls
// RunDue from a timer.  A Runner does it on a thread.
//
// Thread safety: one thread at a time.  Blocking: as the functions.
// Ownership: of the functions; what they refer to must outlive it.  Clock: none.
class FLASHSALE_EXPORT PollSchedule {
 public:
  // Errors: InvalidArgument (names the option, or the function that is empty).
  static Result<std::unique_ptr<PollSchedule>> New(std::vector<PollFunction> polls,
                                                   const PollScheduleOptions& options = {});

  // Calls each function that is due, once; all are due the first time.  Returns when the next one
  // is due: after `now`, unless that is kMaxTime.  What a function throws is caught and counted.
  Time RunDue(Time now);
  // The same, but calls all of them: something has happened that they may want to know.
  Time RunAll(Time now);

  std::uint64_t exceptions() const { return exceptions_; }

 private:
  struct Entry {
    PollFunction poll;
    Time due = kMinTime;
  };

  PollSchedule(std::vector<PollFunction>&& polls, const PollScheduleOptions& options);
  Time Run(Time now, Time due_until);
  void Call(Entry& entry, Time now);

  const PollScheduleOptions options_;
  std::vector<Entry> entries_;
  std::uint64_t exceptions_ = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_POLL_SCHEDULE_H_
