#ifndef FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_RATES_H_
#define FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_RATES_H_

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include "flashsale/repository/rate_repository.h"

namespace custom_backend {

// The rates of all keys in a map behind a mutex.  A key whose bucket is full again is forgotten, so
// that the map holds no more keys than asked for something of late.
class MapRates final : public flashsale::RateRepository {
 public:
  flashsale::RateProbe Probe(const flashsale::RateKey& key) override {
    return {.scope = key.scope, .hash = std::bit_cast<std::array<std::uint64_t, 2>>(key.bytes)};
  }

  flashsale::Status Take(flashsale::Time now, std::span<const flashsale::RateCharge> charges,
                         flashsale::RateVerdict& verdict) override {
    const std::lock_guard lock(mutex_);
    Judge(now, charges, verdict);
    if (!verdict.decision.allowed) return {};
    for (const flashsale::RateCharge& charge : charges) {
      std::int64_t& tat = tats_[KeyOf(charge)];
      tat = charge.rate.Take(tat, flashsale::CellRate::Nanoseconds(now), charge.weight).tat_ns;
    }
    return {};
  }

  flashsale::Status Look(flashsale::Time now, std::span<const flashsale::RateCharge> charges,
                         flashsale::RateVerdict& verdict) override {
    const std::lock_guard lock(mutex_);
    Judge(now, charges, verdict);
    return {};
  }

  flashsale::Status Return(flashsale::Time /*now*/,
                           std::span<const flashsale::RateCharge> charges) override {
    const std::lock_guard lock(mutex_);
    for (const flashsale::RateCharge& charge : charges) {
      const auto found = tats_.find(KeyOf(charge));
      if (found != tats_.end()) found->second -= charge.rate.permit_ns() * charge.weight;
    }
    return {};
  }

  flashsale::Time Poll(flashsale::Time now) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(tats_, [now](const auto& entry) {
      return entry.second <= flashsale::CellRate::Nanoseconds(now);
    });
    return flashsale::SaturatingAdd(now, std::chrono::minutes{1});
  }

 private:
  using Key = std::pair<flashsale::RateScope, std::array<std::uint64_t, 2>>;

  static Key KeyOf(const flashsale::RateCharge& charge) {
    return {charge.probe.scope, charge.probe.hash};
  }

  // The longest wait of all charges; charges nothing.
  void Judge(flashsale::Time now, std::span<const flashsale::RateCharge> charges,
             flashsale::RateVerdict& verdict) const {
    verdict = {.decision = {.allowed = true}};
    for (std::size_t i = 0; i < charges.size(); ++i) {
      const auto found = tats_.find(KeyOf(charges[i]));
      const std::int64_t tat = found == tats_.end() ? 0 : found->second;
      const std::int64_t now_ns = flashsale::CellRate::Nanoseconds(now);
      const auto decision = charges[i].rate.Take(tat, now_ns, charges[i].weight).decision;
      if (decision.allowed || decision.retry_after < verdict.decision.retry_after) continue;
      verdict = {.decision = decision, .refused_by = i};
    }
  }

  std::mutex mutex_;
  std::map<Key, std::int64_t> tats_;  // the theoretical arrival time of each key's next permit
};

}  // namespace custom_backend

#endif  // FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_RATES_H_
