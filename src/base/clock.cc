#include "flashsale/base/clock.h"

#include <time.h>

#include <algorithm>

namespace flashsale::inline v0 {
namespace {

// Nanoseconds of the clock that goes on while the machine sleeps, where the system has one.
std::chrono::nanoseconds SuspendProofNow() {
#ifdef CLOCK_BOOTTIME
  constexpr clockid_t kClockId = CLOCK_BOOTTIME;
#else
  constexpr clockid_t kClockId = CLOCK_MONOTONIC;
#endif
  timespec now{};
  clock_gettime(kClockId, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  Time Now() override {
    return wall_ + std::chrono::duration_cast<Duration>(SuspendProofNow() - origin_);
  }

 private:
  const std::chrono::nanoseconds origin_ = SuspendProofNow();
  const Time wall_ = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
};

}  // namespace

std::unique_ptr<Clock> NewSystemClock() { return std::make_unique<SystemClock>(); }

ServiceClock::ServiceClock(Clock& source, const ServiceClockOptions& options)
    : source_(source), last_us_(options.high_water_mark.time_since_epoch().count()) {
  const bool first_run = options.high_water_mark == kMinTime;
  if (!first_run && source_.Now() > SaturatingAdd(options.high_water_mark, options.clock_guard)) {
    held_.store(true, std::memory_order_relaxed);  // published with the object itself
  }
}

Time ServiceClock::Now() {
  if (held()) return Time(Duration(last_us_.load(std::memory_order_relaxed)));
  const Time now = source_.Now();
  // No time that the library accepts can be right: as if the source stood still.
  const Duration::rep reading = IsValid(now) ? now.time_since_epoch().count() : 0;
  // Relaxed: the value is the whole message; a thread sees its own and all earlier maxima.
  Duration::rep last = last_us_.load(std::memory_order_relaxed);
  while (reading > last &&
         !last_us_.compare_exchange_weak(last, reading, std::memory_order_relaxed)) {
  }
  return Time(Duration(std::max(reading, last)));
}

bool ServiceClock::held() const { return held_.load(std::memory_order_acquire); }

void ServiceClock::Trust() { held_.store(false, std::memory_order_release); }

}  // namespace flashsale::inline v0
