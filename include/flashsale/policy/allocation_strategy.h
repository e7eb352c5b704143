#ifndef FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_
#define FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// Who goes before whom: orders those who came before the start, and picks among the tiers while the
// queue runs.
//
// Implementer's duty: any thread; the same arguments give the same answer, on every server that
// shares the queue; nothing throws.
class FLASHSALE_EXPORT AllocationStrategy {
 public:
  virtual ~AllocationStrategy() = default;

  // For logs and reports; constant.
  virtual std::string_view name() const = 0;

  // True where Order keeps the order of arrival, so that a position can be told before the start.
  virtual bool keeps_arrival_order() const = 0;

  // Writes a permutation of 0 to entrants.size() - 1: who is let in first comes first.  Called at
  // the freeze, once a tier, with the entrants in the order of their tickets. REQUIRES: the spans
  // have one size.  On an error the queue stays frozen and this is called again.
  virtual Status Order(std::uint8_t tier, std::span<const Entrant> entrants,
                       std::span<std::uint32_t> order) const = 0;

  // Picks the tier of each of the next admissions, given who waits where; writes them to the front
  // of `tiers`, and how many.  `state` begins as zeros and is kept with the queue from one call to
  // the next.  Here: whoever waits in the lowest tier.
  virtual std::size_t PickTiers(std::span<const std::uint64_t> waiting,
                                std::array<std::uint64_t, 4>& state,
                                std::span<std::uint8_t> tiers) const;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_
