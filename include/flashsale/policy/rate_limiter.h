#ifndef FLASHSALE_POLICY_RATE_LIMITER_H_
#define FLASHSALE_POLICY_RATE_LIMITER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

#include "flashsale/base/id.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"
#include "flashsale/export.h"
#include "flashsale/repository/rate_repository.h"

namespace flashsale::inline v0 {

// Whose requests are limited, and how far.  Not set: not limited.  An IPv6 address counts for the
// networks of all three sizes that are set: a household has a /64 or a /56, an office a /48, and an
// attacker as many addresses as he likes.
// Each: a burst that comes back within a day, at most 1,000,000 permits a second.
//
// In a FlashSaleService joins and reserves, of all its sales, are charged to the same rates: who
// joins once and reserves once has used two permits of `per_user`.  Each call counts, resends and
// every request of a batch too, but for what is refused by its shape or its sale's phase; a reserve
// that takes a ticket (join_on_reserve) counts once.  Confirm, Cancel, Extend, Position, Heartbeat
// and Leave count for none.
struct RateLimits {
  std::optional<Quota> per_user = Quota{.permits = 5, .per = std::chrono::minutes{1}, .burst = 5};
  std::optional<Quota> per_ipv4 = Quota{.permits = 60, .per = std::chrono::minutes{1}, .burst = 60};
  std::optional<Quota> per_ipv6_64 =
      Quota{.permits = 60, .per = std::chrono::minutes{1}, .burst = 60};
  std::optional<Quota> per_ipv6_56 =
      Quota{.permits = 120, .per = std::chrono::minutes{1}, .burst = 120};
  std::optional<Quota> per_ipv6_48 =
      Quota{.permits = 600, .per = std::chrono::minutes{1}, .burst = 600};
  // Works only where the host fills in RequestContext::device: who has no print falls under no rate
  // of devices.
  std::optional<Quota> per_device =
      Quota{.permits = 10, .per = std::chrono::minutes{1}, .burst = 10};
  std::optional<Quota> global = std::nullopt;
};

// Whose request it is, as far as it is known: what is nil or unspecified is not limited by.
struct RateSubject {
  UserId user = {};
  IpAddress address = {};
  // A device print; the same kind of id as a limit key.
  LimitKey device = {};
};

// The rates of a host's callers: all limits that a request falls under are charged together, or
// none of them.
//
// Thread safety: any thread.  Blocking: as the repository.  Clock: none.
//
// Ownership: the repository must outlive it.
class FLASHSALE_EXPORT RateLimiter {
 public:
  // Errors: InvalidArgument, which names the limit ("limits.per_user.burst: …").
  static Result<std::unique_ptr<RateLimiter>> New(RateRepository& rates, const RateLimits& limits);

  // The limits that a request falls under.
  class Probe {
   public:
    std::span<const RateCharge> charges() const { return {room_.charges, count_}; }

   private:
    friend class RateLimiter;
    // For so many charges.  A request falls under a few of them, and half a kilobyte would be
    // written for each if all were made beforehand; so they are made as they are added.
    union Room {
      Room() {}  // NOLINT(modernize-use-equals-default)
      RateCharge charges[kRateScopes];
    };
    static_assert(std::is_trivially_copyable_v<RateCharge>);

    void Add(const RateCharge& charge) { std::construct_at(room_.charges + count_++, charge); }

    Room room_;
    std::size_t count_ = 0;
  };

  // Hashes the subject's keys and asks for their memory.  A host that handles many requests at once
  // probes all of them before it checks the first.  The widest network comes first in a probe.
  Probe ProbeFor(const RateSubject& subject, std::uint32_t weight = 1) const;

  // Charges the request, or says how long to wait and for which scope.  REQUIRES: IsValid(now).
  struct Answer {
    RateDecision decision;
    RateScope refused_by = RateScope::kGlobal;  // where it is refused
  };
  Result<Answer> Check(const Probe& probe, Time now) const;

  // Gives back what a Check charged.
  Status Return(const Probe& probe, Time now) const;

 private:
  RateLimiter(RateRepository& rates, const RateLimits& limits);

  RateRepository& rates_;
  // By scope, from 1.
  std::array<std::optional<CellRate>, kRateScopes + 1> limits_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_RATE_LIMITER_H_
