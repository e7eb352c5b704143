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

// A key as the repository that gave it finds it again.
struct PrintProbe {
  PrintScope scope = PrintScope::kDevice;
  std::uint64_t hash = 0;
};

// That a user was seen with a key.
struct Sighting {
  PrintProbe probe;
  UserId user;
};

// How many distinct users were seen with a device or a network of late.
//
// Counts decay: a user who was not seen with the key for `kMemory` is no longer counted, and counts
// no longer than twice that.  Counts up to kExact are exact, but that two users in some thousands
// may be taken for one; beyond it a count says "at least so many".  Keys are an attacker's to
// invent: memory stays within a bound that was set beforehand, and where room is needed the keys
// with the fewest users make it.
//
// Implementer's duty: any thread; a sighting is atomic; no exception leaves an implementation.
class FLASHSALE_EXPORT FingerprintRepository {
 public:
  static constexpr Duration kMemory = std::chrono::minutes{30};
  static constexpr std::uint32_t kExact = 8;

  virtual ~FingerprintRepository() = default;

  // Hashes a key and asks for the memory that Note is going to need; never blocks.
  virtual PrintProbe Probe(const PrintKey& key) = 0;

  // Notes each sighting and writes how many distinct users its key has now, itself included; at
  // least 1, at most a bound of the implementation that is no less than kExact.
  // Errors: InvalidArgument where the spans differ in size; those of the store, and then sightings
  // were noted or not.
  virtual Status Note(Time now, std::span<const Sighting> sightings,
                      std::span<std::uint32_t> users) = 0;

  // The same counts without the sightings.
  virtual Status Count(Time now, std::span<const PrintProbe> probes,
                       std::span<std::uint32_t> users) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_FINGERPRINT_REPOSITORY_H_
