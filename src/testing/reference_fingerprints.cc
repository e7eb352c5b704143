#include "testing/reference_fingerprints.h"

#include <algorithm>
#include <bit>
#include <string>

namespace flashsale::inline v0 {
namespace {

Status NotOneCountEach(std::size_t counts, std::size_t asked) {
  return {StatusCode::kInvalidArgument, "users: " + std::to_string(counts) +
                                            ", expected one for each of " + std::to_string(asked)};
}

}  // namespace

PrintProbe ReferenceFingerprints::Probe(const PrintKey& key) {
  return {.scope = key.scope, .hash = std::bit_cast<std::array<std::uint64_t, 2>>(key.bytes)};
}

std::uint32_t ReferenceFingerprints::UsersAt(Time now, const Seen& seen) {
  return static_cast<std::uint32_t>(std::count_if(
      seen.begin(), seen.end(), [now](const auto& user) { return now - user.second <= kMemory; }));
}

Status ReferenceFingerprints::Note(Time now, std::span<const Sighting> sightings,
                                   std::span<std::uint32_t> users) {
  if (users.size() != sightings.size()) return NotOneCountEach(users.size(), sightings.size());
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    Seen& seen = keys_[{sightings[i].probe.scope, sightings[i].probe.hash}];
    Time& last = seen[sightings[i].user];
    last = std::max(last, now);
    users[i] = UsersAt(now, seen);
  }
  return Status();
}

Status ReferenceFingerprints::Count(Time now, std::span<const PrintProbe> probes,
                                    std::span<std::uint32_t> users) {
  if (users.size() != probes.size()) return NotOneCountEach(users.size(), probes.size());
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto found = keys_.find({probes[i].scope, probes[i].hash});
    users[i] = found == keys_.end() ? 0 : UsersAt(now, found->second);
  }
  return Status();
}

}  // namespace flashsale::inline v0
