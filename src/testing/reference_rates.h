#ifndef FLASHSALE_SRC_TESTING_REFERENCE_RATES_H_
#define FLASHSALE_SRC_TESTING_REFERENCE_RATES_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "flashsale/repository/rate_repository.h"

namespace flashsale::inline v0 {

// Rates as RateRepository describes them, of any number of keys, none of them ever forgotten or
// merged: a mutex and a map of TATs.
class ReferenceRates final : public RateRepository {
 public:
  RateProbe Probe(const RateKey& key) override;
  Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override;
  Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override;
  Status Return(Time now, std::span<const RateCharge> charges) override;
  Time Poll(Time now) override;

 private:
  // Its own probe: the bytes themselves.
  using Key = std::pair<RateScope, std::array<std::uint64_t, 2>>;

  static Key KeyOf(const RateCharge& charge) { return {charge.probe.scope, charge.probe.hash}; }
  void LookLocked(Time now, std::span<const RateCharge> charges, RateVerdict& verdict)
      FLASHSALE_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<Key, std::int64_t> tats_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_REFERENCE_RATES_H_
