#ifndef FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_
#define FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// Those who came before a tier's line opened.
struct OrderRequest {
  const SaleId& sale;
  std::uint8_t tier = 0;
  // In the order in which they came: who brought back an earlier ticket first, by their places
  // there, then by ticket.
  std::span<const Entrant> entrants = {};
};

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

  // Writes a permutation of 0 to entrants.size() - 1: who is let in first comes first.  Called once
  // a tier when it freezes.  REQUIRES: `order` has the size of the entrants.  On an error the tier
  // stays frozen and this is called again, a second later; Unavailable says that what it waits for
  // (a public beacon, say) is not there yet, and is no failure.
  virtual Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const = 0;

  // Picks the tier of each of the next admissions, given who waits in the lines that are open (0 in
  // those that are not); writes them to the front of `picks`, each with the state after it, and how
  // many.  `state` is that of the last pick that was taken, and 0 at first.  Here: whoever waits in
  // the lowest tier.
  virtual std::size_t PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                                std::span<TierPick> picks) const;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_
