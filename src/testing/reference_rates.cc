#include "testing/reference_rates.h"

#include <bit>

namespace flashsale::inline v0 {

RateProbe ReferenceRates::Probe(const RateKey& key) {
  return {.scope = key.scope, .hash = std::bit_cast<std::array<std::uint64_t, 2>>(key.bytes)};
}

void ReferenceRates::LookLocked(Time now, std::span<const RateCharge> charges,
                                RateVerdict& verdict) {
  verdict = {.decision = {.allowed = true}};
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const RateCharge& charge = charges[i];
    const auto found = tats_.find(KeyOf(charge));
    const std::int64_t tat = found == tats_.end() ? 0 : found->second;
    const RateDecision decision =
        charge.rate.Take(tat, CellRate::Nanoseconds(now), charge.weight).decision;
    if (decision.allowed || decision.retry_after < verdict.decision.retry_after) continue;
    verdict = {.decision = decision, .refused_by = i};
  }
}

Status ReferenceRates::Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) {
  const MutexLock lock(mutex_);
  LookLocked(now, charges, verdict);
  return Status();
}

Status ReferenceRates::Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) {
  const MutexLock lock(mutex_);
  LookLocked(now, charges, verdict);
  if (!verdict.decision.allowed) return Status();
  for (const RateCharge& charge : charges) {
    std::int64_t& tat = tats_[KeyOf(charge)];
    tat = charge.rate.Take(tat, CellRate::Nanoseconds(now), charge.weight).tat_ns;
  }
  return Status();
}

Status ReferenceRates::Return(Time /*now*/, std::span<const RateCharge> charges) {
  const MutexLock lock(mutex_);
  for (const RateCharge& charge : charges) {
    tats_[KeyOf(charge)] -= charge.rate.permit_ns() * charge.weight;
  }
  return Status();
}

Time ReferenceRates::Poll(Time /*now*/) { return kMaxTime; }

}  // namespace flashsale::inline v0
