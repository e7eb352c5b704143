#ifndef FLASHSALE_SRC_TESTING_REFERENCE_FINGERPRINTS_H_
#define FLASHSALE_SRC_TESTING_REFERENCE_FINGERPRINTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "flashsale/repository/fingerprint_repository.h"

namespace flashsale::inline v0 {

// Fingerprints as FingerprintRepository describes them, of any number of keys and users, exact and
// never forgotten: a mutex and a map of when each user was last seen with each key.
class ReferenceFingerprints final : public FingerprintRepository {
 public:
  PrintProbe Probe(const PrintKey& key) override;
  Status Note(Time now, std::span<const Sighting> sightings,
              std::span<std::uint32_t> users) override;
  Status Count(Time now, std::span<const PrintProbe> probes,
               std::span<std::uint32_t> users) override;

 private:
  // Its own probe: the bytes themselves.
  using Key = std::pair<PrintScope, std::array<std::uint64_t, 2>>;
  using Seen = std::map<UserId, Time>;

  static std::uint32_t UsersAt(Time now, const Seen& seen);

  Mutex mutex_;
  std::map<Key, Seen> keys_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_REFERENCE_FINGERPRINTS_H_
