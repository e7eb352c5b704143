#include "backend/memory/memory_rate_repository.h"

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

// A sweep goes through all tables in so many steps, each table once in RateTable::kLongestRest.
constexpr std::size_t kSweepSteps = 1'024;
constexpr Duration kSweepEvery = RateTable::kLongestRest / kSweepSteps;
// There is one global key, or few.
constexpr std::uint64_t kGlobalKeys = 64;

// What a charge adds to the answer to all of them: the longest wait counts.
void Note(const RateDecision& decision, std::size_t charge, RateVerdict& verdict) {
  if (decision.allowed || decision.retry_after < verdict.decision.retry_after) return;
  verdict = {.decision = decision, .refused_by = charge};
}

}  // namespace

std::unique_ptr<MemoryRateRepository> MemoryRateRepository::New(std::uint64_t hash_seed,
                                                                std::uint64_t keys) {
  try {
    std::unique_ptr<MemoryRateRepository> made(new MemoryRateRepository(hash_seed, keys));
    const bool enough = std::all_of(made->tables_.begin(), made->tables_.end(),
                                    [](const auto& table) { return table->ok(); });
    return enough ? std::move(made) : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

MemoryRateRepository::MemoryRateRepository(std::uint64_t hash_seed, std::uint64_t keys)
    : hash_(hash_seed) {
  for (std::size_t i = 0; i < kRateScopes; ++i) {
    const bool global = static_cast<RateScope>(i + 1) == RateScope::kGlobal;
    tables_[i] = std::make_unique<RateTable>(global ? kGlobalKeys : keys);
  }
}

RateProbe MemoryRateRepository::Probe(const RateKey& key) {
  const RateProbe probe{.scope = key.scope,
                        .hash = {hash_(key.bytes, static_cast<std::uint64_t>(key.scope)), 0}};
  TableOf(key.scope).Prefetch(probe.hash[0]);
  return probe;
}

RateTable::Bucket MemoryRateRepository::LookAt(std::int64_t now_ns,
                                               const RateCharge& charge) const {
  return TableOf(charge.probe.scope).Look(charge.probe.hash[0], now_ns, charge.rate, charge.weight);
}

Status MemoryRateRepository::Look(Time now, std::span<const RateCharge> charges,
                                  RateVerdict& verdict) {
  const std::int64_t now_ns = CellRate::Nanoseconds(now);
  verdict = {.decision = {.allowed = true}};
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Note(LookAt(now_ns, charges[i]).decision(), i, verdict);
  }
  return Status();
}

Status MemoryRateRepository::Take(Time now, std::span<const RateCharge> charges,
                                  RateVerdict& verdict) {
  const std::int64_t now_ns = CellRate::Nanoseconds(now);
  verdict = {.decision = {.allowed = true}};
  // A look first: as a rule a refusal charges nothing for a moment, and brings in no key.
  // What it has seen is taken from then, unless it has changed.
  std::array<RateTable::Bucket, kRateScopes> seen;
  const std::size_t looked_at = std::min(charges.size(), seen.size());
  for (std::size_t i = 0; i < looked_at; ++i) {
    seen[i] = LookAt(now_ns, charges[i]);
    Note(seen[i].decision(), i, verdict);
  }
  if (!verdict.decision.allowed) return Status();
  for (std::size_t i = 0; i < charges.size(); ++i) {
    if (i < looked_at && RateTable::TakeSeen(seen[i])) continue;
    const RateCharge& charge = charges[i];
    const RateDecision decision =
        TableOf(charge.probe.scope).Take(charge.probe.hash[0], now_ns, charge.rate, charge.weight);
    if (decision.allowed) continue;
    verdict = {.decision = decision, .refused_by = i};
    return Return(now, charges.first(i));
  }
  return Status();
}

Status MemoryRateRepository::Return(Time /*now*/, std::span<const RateCharge> charges) {
  for (const RateCharge& charge : charges) {
    TableOf(charge.probe.scope).Return(charge.probe.hash[0], charge.rate, charge.weight);
  }
  return Status();
}

Time MemoryRateRepository::Poll(Time now) {
  const std::int64_t now_ns = CellRate::Nanoseconds(now);
  for (const auto& table : tables_) {
    table->Sweep(now_ns, table->set_count() / kSweepSteps + 1);
  }
  return SaturatingAdd(now, kSweepEvery);
}

}  // namespace flashsale::inline v0::memory
