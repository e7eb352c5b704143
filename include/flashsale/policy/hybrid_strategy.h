#ifndef FLASHSALE_POLICY_HYBRID_STRATEGY_H_
#define FLASHSALE_POLICY_HYBRID_STRATEGY_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_seed.h"
#include "flashsale/policy/draw_witness.h"

namespace flashsale::inline v0 {

class DrawCeremony;

// Of those who came before the start some go first, in the order of arrival; the rest is drawn as a
// LotteryStrategy draws.  Of n entrants n * fifo_per_mille / 1,000, rounded down, go first.  The
// record of the draw says who by a root of their own, so anybody can check the whole order.
//
// Thread safety: any thread.  Blocking: Order as the witness; never without one.
// Ownership: the witness must outlive it.
class FLASHSALE_EXPORT HybridStrategy final : public AllocationStrategy {
 public:
  struct Rules {
    // The same on every server, and known to nobody who may enter; not all zeros.
    DrawSecret secret = {};
    // How many of a thousand go first; 0 to 1,000.
    std::uint32_t fifo_per_mille = 500;
    DrawOptions options = {};
  };

  // Rules that are not lawful are refused by Announce, CheckTerms and Order.  May throw
  // std::bad_alloc.
  explicit HybridStrategy(const Rules& rules);
  ~HybridStrategy() override;

  // "hybrid-500": queues know their strategy by name, so no server orders people by another share.
  std::string_view name() const override { return name_; }
  // Who stands behind those who go first has no place before the draw, and who goes first is not
  // known before it either.
  bool keeps_arrival_order() const override { return false; }

  // What to publish before anybody may register: the commitment to the seed, and the share.
  // Errors: InvalidArgument, which names the field; ResourceExhausted.
  Result<DrawRecord> Announce(const DrawId& draw) const;

  // That it can draw: secret, witness, beacon_source and share are lawful.  Errors:
  // InvalidArgument, which names the field, as "strategy.secret"; ResourceExhausted.
  Status CheckTerms(const QueueTerms& terms) const override;

  // Errors and memory: as LotteryStrategy::Order.
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override;

 private:
  const std::string name_;
  const std::unique_ptr<DrawCeremony> ceremony_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_HYBRID_STRATEGY_H_
