#ifndef FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FINGERPRINT_REPOSITORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FINGERPRINT_REPOSITORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/memory/distinct_table.h"
#include "engine/keyed_hash.h"
#include "flashsale/repository/fingerprint_repository.h"

namespace flashsale::inline v0::memory {

// Fingerprints in this process: a table for each scope.
// Thread safety: any thread.  Blocking: as DistinctTable.
class MemoryFingerprintRepository final : public FingerprintRepository {
 public:
  // Null where the system had no memory.  `keys` is the room for keys of each scope.
  static std::unique_ptr<MemoryFingerprintRepository> New(std::uint64_t hash_seed,
                                                          std::uint64_t keys);

  PrintProbe Probe(const PrintKey& key) override;
  Status Note(Time now, std::span<const Sighting> sightings,
              std::span<std::uint32_t> users) override;
  Status Count(Time now, std::span<const PrintProbe> probes,
               std::span<std::uint32_t> users) override;

 private:
  MemoryFingerprintRepository(std::uint64_t hash_seed, std::uint64_t keys);

  DistinctTable& TableOf(PrintScope scope) { return *tables_[static_cast<std::size_t>(scope) - 1]; }

  const engine::KeyedHash hash_;
  std::array<std::unique_ptr<DistinctTable>, kPrintScopes> tables_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FINGERPRINT_REPOSITORY_H_
