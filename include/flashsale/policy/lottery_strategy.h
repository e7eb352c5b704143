#ifndef FLASHSALE_POLICY_LOTTERY_STRATEGY_H_
#define FLASHSALE_POLICY_LOTTERY_STRATEGY_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_seed.h"
#include "flashsale/policy/draw_witness.h"

namespace flashsale::inline v0 {

class DrawCeremony;

// Draws the order of those who came before the start, so that anybody can check it: docs/draw.md
// has the protocol.  The order depends on who entered, on the secret and on the beacon, if there is
// one; not on when they came.  Who comes after the start stands behind the draw, in the order of
// arrival.
//
// Thread safety: any thread.  Blocking: Order as the witness; never without one.
// Ownership: the witness must outlive it.
class FLASHSALE_EXPORT LotteryStrategy final : public AllocationStrategy {
 public:
  // The secret must be the same on every server, and known to nobody who may enter; a secret of
  // zeros is refused by Announce, CheckTerms and Order.  May throw std::bad_alloc.
  explicit LotteryStrategy(const DrawSecret& secret, const DrawOptions& options = {});
  ~LotteryStrategy() override;

  std::string_view name() const override { return "lottery"; }
  bool keeps_arrival_order() const override { return false; }

  // What to publish before anybody may register for the draw: the commitment to its seed.
  // Errors: InvalidArgument, which names the field: the draw's, the secret's or an option's;
  // ResourceExhausted.
  Result<DrawRecord> Announce(const DrawId& draw) const;

  // That it can draw: secret, witness, beacon_source and share are lawful.  Errors:
  // InvalidArgument, which names the field, as "strategy.secret"; ResourceExhausted.
  Status CheckTerms(const QueueTerms& terms) const override;

  // Errors: as Announce's; InvalidArgument where somebody enters twice; Unavailable while the
  // beacon is not known; what the witness answers; ResourceExhausted.  Memory: 32 bytes an entrant
  // while it works.
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override;

 private:
  const std::unique_ptr<DrawCeremony> ceremony_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_LOTTERY_STRATEGY_H_
