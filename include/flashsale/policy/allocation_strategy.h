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

// What part of the admissions a tier has while all tiers wait: `weight` of every `total`.
struct TierShare {
  std::uint32_t weight = 1;
  std::uint32_t total = 1;

  friend bool operator==(const TierShare&, const TierShare&) = default;
};

// Who goes before whom: orders those who came before the start, and picks among the tiers while the
// queue runs.
//
// Implementer's duty: any thread; the same arguments give the same answer, on every server that
// shares the queue; nothing throws.  A queue keeps what is thrown to itself: see Order, PickTiers;
// the others are asked when it is opened, which then answers Internal.
class FLASHSALE_EXPORT AllocationStrategy {
 public:
  virtual ~AllocationStrategy() = default;

  // For logs and reports; constant.
  virtual std::string_view name() const = 0;

  // True where Order keeps the order of arrival, so that a position can be told before the start.
  // Order is then never called, and nobody needs to gather.
  virtual bool keeps_arrival_order() const = 0;

  // OK where it can order a queue of these terms; here always.  Else an InvalidArgument that names
  // the member.
  virtual Status CheckTerms(const QueueTerms& terms) const;

  // Writes a permutation of 0 to entrants.size() - 1: who is let in first comes first.  Called once
  // a tier when it freezes.  REQUIRES: `order` has the size of the entrants.  On an error the tier
  // stays frozen and this is called again, a second later; Unavailable says that what it waits for
  // (a public beacon, say) is not there yet, and is no failure.
  virtual Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const = 0;

  // Picks the tier of each of the next admissions, given who waits in the lines that are open (0 in
  // those that are not); writes them to the front of `picks`, each with the state after it, and how
  // many.  `state` is that of the last pick that was taken, and 0 at first.  Here: whoever waits in
  // the lowest tier.  REQUIRES: somebody waits, `picks` is not empty.
  //
  // A tier where nobody waits lets its turn pass; but at least one pick must be of one where
  // somebody does.  Where none is, where it throws, names a tier that there is not, or picks more
  // than `picks` has room for, the strategy has failed (VirtualQueue::failures).  The turn is not
  // lost: what it picked before it went wrong counts, or else the lowest tier goes first.
  virtual std::size_t PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                                std::span<TierPick> picks) const;

  // What PickTiers gives a tier of `tiers`, for people to be told: a weight of 0 to the total,
  // which is at least 1.  Asked once a tier, when a queue is opened.  Here: all of it to the
  // lowest.
  virtual TierShare ShareOf(std::uint8_t tier, std::size_t tiers) const;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_ALLOCATION_STRATEGY_H_
