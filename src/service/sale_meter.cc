#include "flashsale/service/sale_meter.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "base/sharded_counters.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kReserved = 0;
constexpr std::size_t kPurchased = 1;

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// A rate r that forgets.  Where n things came evenly over a span of dt, the average with the time
// constant T becomes  r e + (n / dt)(1 - e),  e = exp(-dt / T): reading it more often splits the
// span and changes nothing.
struct DecayingRate {
  void Advance(std::uint64_t total, double seconds, double kept) {
    const double added = static_cast<double>(total - counted);
    per_second = per_second * kept + added / seconds * (1 - kept);
    counted = total;
  }

  std::uint64_t counted = 0;
  double per_second = 0;
};

}  // namespace

struct SaleMeter::State {
  explicit State(Time start) : read_at(start) {}

  ShardedCounters<2> counters;
  Mutex mutex;
  Time read_at FLASHSALE_GUARDED_BY(mutex);
  DecayingRate reserved FLASHSALE_GUARDED_BY(mutex);
  DecayingRate purchased FLASHSALE_GUARDED_BY(mutex);
};

SaleMeter::SaleMeter(Time start) : state_(std::make_unique<State>(start)) {}
SaleMeter::~SaleMeter() = default;

void SaleMeter::CountReserved(Units units) { state_->counters.Add(kReserved, units); }
void SaleMeter::CountPurchased(Units units) { state_->counters.Add(kPurchased, units); }

Velocity SaleMeter::Read(Time now) {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  if (now > s.read_at) {
    const double seconds = Seconds(now - s.read_at);
    const double kept = std::exp(-seconds / Seconds(kTimeConstant));
    s.reserved.Advance(s.counters.Sum(kReserved), seconds, kept);
    s.purchased.Advance(s.counters.Sum(kPurchased), seconds, kept);
    s.read_at = now;
  }
  return {.reserved = s.reserved.per_second, .purchased = s.purchased.per_second};
}

}  // namespace flashsale::inline v0
