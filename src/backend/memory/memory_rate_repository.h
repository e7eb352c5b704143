#ifndef FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_RATE_REPOSITORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_RATE_REPOSITORY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/memory/rate_table.h"
#include "engine/keyed_hash.h"
#include "flashsale/repository/rate_repository.h"

namespace flashsale::inline v0::memory {

// Rates in this process: a table for each scope.
// Thread safety: any thread; lock-free.
class MemoryRateRepository final : public RateRepository {
 public:
  // Null where the system had no memory.  `keys` is the room for keys of each scope.
  static std::unique_ptr<MemoryRateRepository> New(std::uint64_t hash_seed, std::uint64_t keys);

  RateProbe Probe(const RateKey& key) override;
  Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override;
  Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override;
  Status Return(Time now, std::span<const RateCharge> charges) override;
  Time Poll(Time now) override;

 private:
  MemoryRateRepository(std::uint64_t hash_seed, std::uint64_t keys);

  RateTable::Bucket LookAt(std::int64_t now_ns, const RateCharge& charge) const;
  RateTable& TableOf(RateScope scope) const {
    return *tables_[static_cast<std::size_t>(scope) - 1];
  }

  const engine::KeyedHash hash_;
  std::array<std::unique_ptr<RateTable>, kRateScopes> tables_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_RATE_REPOSITORY_H_
