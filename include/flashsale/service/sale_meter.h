#ifndef FLASHSALE_SERVICE_SALE_METER_H_
#define FLASHSALE_SERVICE_SALE_METER_H_

#include <memory>

#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/export.h"
#include "flashsale/service/metrics.h"

namespace flashsale::inline v0 {

// How fast one sale goes: units reserved and bought by way of this process, a second, as averages
// that forget exponentially: what was counted a time constant ago weighs 37 %.  They do not depend
// on how often they are read.
//
// Thread safety: any thread; counting is wait-free and touches a cache line of the thread's own.
// Blocking: never.  Ownership: none.  Clock: none.
class FLASHSALE_EXPORT SaleMeter {
 public:
  static constexpr Duration kTimeConstant = std::chrono::seconds{10};

  // Counts from `start` on.
  explicit SaleMeter(Time start);
  ~SaleMeter();
  SaleMeter(const SaleMeter&) = delete;
  SaleMeter& operator=(const SaleMeter&) = delete;

  void CountReserved(Units units);
  void CountPurchased(Units units);

  // Up to `now`, or the latest time that it was read at.
  Velocity Read(Time now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_SALE_METER_H_
