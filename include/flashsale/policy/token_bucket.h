#ifndef FLASHSALE_POLICY_TOKEN_BUCKET_H_
#define FLASHSALE_POLICY_TOKEN_BUCKET_H_

#include <atomic>
#include <cstdint>

#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"

namespace flashsale::inline v0 {

// A limiter of one thing: one atomic word.  It begins full.  Time may step back: then the bucket is
// as full as it was.
// Thread safety: any thread; lock-free.  Blocking: never.  Ownership: none.  Clock: none.
class TokenBucket {
 public:
  // REQUIRES: Validate(quota) is OK.
  explicit TokenBucket(const Quota& quota) : rate_(quota) {}
  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;

  // Takes `weight` permits, or none of them and tells when they are there.
  // REQUIRES: IsValid(now), weight >= 1.
  RateDecision Take(Time now, std::uint32_t weight = 1) {
    // Relaxed throughout: the word is all there is, nothing is published with it.
    std::int64_t tat = tat_ns_.load(std::memory_order_relaxed);
    for (;;) {
      const CellRate::Step step = rate_.Take(tat, CellRate::Nanoseconds(now), weight);
      if (!step.decision.allowed ||
          tat_ns_.compare_exchange_weak(tat, step.tat_ns, std::memory_order_relaxed)) {
        return step.decision;
      }
    }
  }

  // What Take would answer; takes nothing.
  RateDecision Look(Time now, std::uint32_t weight = 1) const {
    const std::int64_t tat = tat_ns_.load(std::memory_order_relaxed);
    return rate_.Take(tat, CellRate::Nanoseconds(now), weight).decision;
  }

  // Puts back what a Take took.
  void Return(std::uint32_t weight = 1) {
    tat_ns_.fetch_sub(rate_.permit_ns() * weight, std::memory_order_relaxed);
  }

 private:
  const CellRate rate_;
  std::atomic<std::int64_t> tat_ns_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_TOKEN_BUCKET_H_
