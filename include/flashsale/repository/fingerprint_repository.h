#ifndef FLASHSALE_REPOSITORY_FINGERPRINT_REPOSITORY_H_
#define FLASHSALE_REPOSITORY_FINGERPRINT_REPOSITORY_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What users are counted by.  The numbers are stable: they stand in the keys of shared stores.
enum class PrintScope : std::uint8_t {
  kDevice = 1,
  kIpv4 = 2,
  kIpv6Slash64 = 3,
  kIpv6Slash48 = 4,
};
inline constexpr std::size_t kPrintScopes = 4;

// One thing that many users may share: a device, a network.
struct PrintKey {
  PrintScope scope = PrintScope::kDevice;
  std::array<std::uint8_t, 16> bytes = {};

  friend bool operator==(const PrintKey&, const PrintKey&) = default;
};

// A key as the repository that gave it finds it again: its hash under the repository's secret.
struct PrintProbe {
  PrintScope scope = PrintScope::kDevice;
  std::array<std::uint64_t, 2> hash = {};
};

// That a user was seen with a key.
struct Sighting {
  PrintProbe probe;
  UserId user;
};

// How many distinct users were seen with a device or a network of late.
//
// Counts decay: a user counts for `kMemory` after they were last seen with the key, and no longer
// than twice that.  A count is exact for a key that never had more than kExact users at once, but
// that two users in some thousands may be taken for one.  Beyond that it may be an estimate, no
// less than kExact and, up to kCountable users, between half and twice their number.
//
// Keys are an attacker's to invent: memory stays within a bound that was set beforehand.  Where
// room is needed the keys with the fewest users make it; where all keys have several, newcomers
// share one count, so that nobody is helped by being forgotten.
//
// Implementer's duty: any thread; a sighting is atomic; no exception leaves an implementation.
class FLASHSALE_EXPORT FingerprintRepository {
 public:
  static constexpr Duration kMemory = std::chrono::minutes{30};
  static constexpr std::uint32_t kExact = 8;
  static constexpr std::uint32_t kCountable = 128;

  virtual ~FingerprintRepository() = default;

  // Hashes a key and asks for the memory that Note is going to need; never blocks.  A caller that
  // probes all its keys before it notes lets their cache misses overlap.
  virtual PrintProbe Probe(const PrintKey& key) = 0;

  // Notes each sighting and writes how many distinct users its key has now, itself included: at
  // least 1.  REQUIRES: IsValid(now).
  // Errors: InvalidArgument where the spans differ in size; those of the store, and then sightings
  // were noted or not.
  virtual Status Note(Time now, std::span<const Sighting> sightings,
                      std::span<std::uint32_t> users) = 0;

  // The same counts without the sightings: 0 for a key that nobody was seen with.
  // REQUIRES: IsValid(now).  Errors: as Note.
  virtual Status Count(Time now, std::span<const PrintProbe> probes,
                       std::span<std::uint32_t> users) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_FINGERPRINT_REPOSITORY_H_
