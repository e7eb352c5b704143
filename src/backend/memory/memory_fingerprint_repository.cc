#include "backend/memory/memory_fingerprint_repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

// Users are hashed apart from the keys of any scope.
constexpr std::uint64_t kUsers = 0x100;

Status NotOneCountEach(std::size_t counts, std::size_t asked) {
  return {StatusCode::kInvalidArgument,
          fmt::format("users: {}, expected one for each of {}", counts, asked)};
}

}  // namespace

std::unique_ptr<MemoryFingerprintRepository> MemoryFingerprintRepository::New(
    std::uint64_t hash_seed, std::uint64_t keys) {
  try {
    std::unique_ptr<MemoryFingerprintRepository> made(
        new MemoryFingerprintRepository(hash_seed, keys));
    const bool enough = std::all_of(made->tables_.begin(), made->tables_.end(),
                                    [](const auto& table) { return table->ok(); });
    return enough ? std::move(made) : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

MemoryFingerprintRepository::MemoryFingerprintRepository(std::uint64_t hash_seed,
                                                         std::uint64_t keys)
    : hash_(hash_seed) {
  for (std::unique_ptr<DistinctTable>& table : tables_) {
    table = std::make_unique<DistinctTable>(keys);
  }
}

PrintProbe MemoryFingerprintRepository::Probe(const PrintKey& key) {
  const PrintProbe probe{.scope = key.scope,
                         .hash = {hash_(key.bytes, static_cast<std::uint64_t>(key.scope)), 0}};
  TableOf(key.scope).Prefetch(probe.hash[0]);
  return probe;
}

Status MemoryFingerprintRepository::Note(Time now, std::span<const Sighting> sightings,
                                         std::span<std::uint32_t> users) {
  if (users.size() != sightings.size()) return NotOneCountEach(users.size(), sightings.size());
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    const PrintProbe& probe = sightings[i].probe;
    users[i] =
        TableOf(probe.scope).Note(probe.hash[0], hash_(sightings[i].user.bytes(), kUsers), now);
  }
  return Status();
}

Status MemoryFingerprintRepository::Count(Time now, std::span<const PrintProbe> probes,
                                          std::span<std::uint32_t> users) {
  if (users.size() != probes.size()) return NotOneCountEach(users.size(), probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    users[i] = TableOf(probes[i].scope).Count(probes[i].hash[0], now);
  }
  return Status();
}

}  // namespace flashsale::inline v0::memory
