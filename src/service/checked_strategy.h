#ifndef FLASHSALE_SRC_SERVICE_CHECKED_STRATEGY_H_
#define FLASHSALE_SRC_SERVICE_CHECKED_STRATEGY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// An allocation strategy as the queue of one sale asks it.  It may be a host's: what it throws goes
// no further, what it answers is looked at, and what never changes is asked once.
//
// Thread safety: as the strategy, which must outlive it.
class CheckedStrategy {
 public:
  // Errors: InvalidArgument where the terms name another strategy, where it cannot order such a
  // queue, or where its shares are none; Internal where it throws.
  static Result<CheckedStrategy> New(const AllocationStrategy& strategy, const QueueTerms& terms);

  // For QueueOrdering, which looks at the order itself and may outlive this.
  const AllocationStrategy& strategy() const { return *strategy_; }
  const std::string& name() const { return name_; }
  bool keeps_arrival_order() const { return keeps_arrival_order_; }
  // REQUIRES: tier < tiers of the terms.
  TierShare ShareOf(std::uint8_t tier) const { return shares_[tier]; }

  struct Picked {
    std::size_t count = 0;
    // Not OK: the strategy has failed.  `count` turns are taken nevertheless: those that it picked
    // before it went wrong, or, where nobody would be let in by them, the lowest tier first.
    Status failure = {};
  };
  // As AllocationStrategy::PickTiers.  REQUIRES: somebody waits, there is room in `picks`.
  Picked PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                   std::span<TierPick> picks) const;

 private:
  CheckedStrategy(const AllocationStrategy& strategy, std::string name)
      : strategy_(&strategy), name_(std::move(name)) {}

  const AllocationStrategy* strategy_;
  std::string name_;
  bool keeps_arrival_order_ = true;
  std::array<TierShare, kMaxTiers> shares_ = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_CHECKED_STRATEGY_H_
