#ifndef FLASHSALE_REPOSITORY_RATE_REPOSITORY_H_
#define FLASHSALE_REPOSITORY_RATE_REPOSITORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What a rate is kept for.  The numbers are stable: they stand in the keys of shared stores.
enum class RateScope : std::uint8_t {
  kGlobal = 1,
  kUser = 2,
  kIpv4 = 3,
  kIpv6Slash64 = 4,
  kIpv6Slash56 = 5,
  kIpv6Slash48 = 6,
  kDevice = 7,
  kUserAttempts = 8,  // apart from kUser: what a user tries at another rate than what is let in
};
inline constexpr std::size_t kRateScopes = 8;

// One thing of a scope: a user's id, a network's first bytes, whatever 16 bytes name it.
struct RateKey {
  RateScope scope = RateScope::kGlobal;
  std::array<std::uint8_t, 16> bytes = {};

  friend bool operator==(const RateKey&, const RateKey&) = default;
};

// A key as the repository that gave it finds it again: its hash under the repository's secret.
struct RateProbe {
  RateScope scope = RateScope::kGlobal;
  std::array<std::uint64_t, 2> hash = {};
};

// So many permits of one key.  All charges of one scope must carry one rate.
struct RateCharge {
  RateProbe probe;
  CellRate rate;
  std::uint32_t weight = 1;
};

// How a set of charges was answered.
struct RateVerdict {
  // Where it is refused, the wait after which every charge would fit.
  RateDecision decision;
  // The charge that made it so, and the longest to wait for.  Meaningless where it is allowed.
  std::size_t refused_by = 0;
};

// How much of their rates many keys have used: one atomic measure-and-replace, so that servers that
// share a store share their limits.
//
// Keys are an attacker's to invent, so an implementation may forget and may merge them, but only so
// that it helps no offender: a key that has used up its rate is not forgotten before it has a
// permit again, and memory stays within a bound that was set beforehand.
//
// Implementer's duty: any thread; no exception leaves an implementation.
class FLASHSALE_EXPORT RateRepository {
 public:
  virtual ~RateRepository() = default;

  // Hashes a key and asks for the memory that Take is going to need; never blocks.  A caller that
  // probes all its keys before it takes lets their cache misses overlap.
  virtual RateProbe Probe(const RateKey& key) = 0;

  // Charges all or nothing.  A charge that has to be taken back, because another one fits no more
  // since it was looked at, may meanwhile be in somebody's way.
  // REQUIRES: at most kRateScopes charges, of distinct keys.
  // Errors: those of the store; then nothing was charged, or (Unknown) perhaps.
  virtual Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) = 0;

  // What Take would answer; charges nothing.
  virtual Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) = 0;

  // Gives back what a Take charged, e.g. because a later gate refused for no fault of the caller.
  virtual Status Return(Time now, std::span<const RateCharge> charges) = 0;

  // Forgets what has no use any more; bounded work.  To be called again at the time returned, at
  // the latest.
  virtual Time Poll(Time now) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_RATE_REPOSITORY_H_
