#ifndef FLASHSALE_BASE_CLOCK_H_
#define FLASHSALE_BASE_CLOCK_H_

#include <atomic>
#include <chrono>
#include <memory>

#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Where the service layer gets the time from.  Everything below it takes the time as an argument.
//
// Implementer's duty: Now() may be called from any thread, must not block and must not throw.
class FLASHSALE_EXPORT Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() = 0;
};

// The wall clock as read once, at construction, carried on by CLOCK_BOOTTIME: it neither steps when
// the wall clock is set nor stands still while the machine is suspended.
FLASHSALE_EXPORT std::unique_ptr<Clock> NewSystemClock();

struct ServiceClockOptions {
  // The latest time that an earlier run of this service is known to have used; kMinTime if none.  A
  // service takes what its storage knows (Storage::latest_time), if that is later.
  Time high_water_mark = kMinTime;
  // How far beyond the mark the first reading may lie.  A restart after a longer rest, or on a
  // machine whose clock is wrong, is held (see below).
  Duration clock_guard = std::chrono::hours{1};
};

// The service's time axis: T = max(T_prev, source).  It never steps back, not even across restarts
// if it is given the mark of the run before.  Where the first reading lies more than `clock_guard`
// beyond the mark, the clock is *held*: Now() answers the mark until an operator calls Trust().
//
// Thread safety: any thread; wait-free but for the source.
// Ownership: the source must outlive the clock.
class FLASHSALE_EXPORT ServiceClock final : public Clock {
 public:
  explicit ServiceClock(Clock& source, const ServiceClockOptions& options = {});

  Time Now() override;

  // True while the clock stands at the mark because its source cannot be trusted.
  bool held() const;

  // An operator's word that the source is right: time goes on from the source's present reading.
  void Trust();

 private:
  Clock& source_;
  std::atomic<Duration::rep> last_us_;
  std::atomic<bool> held_{false};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_CLOCK_H_
