#ifndef FLASHSALE_POLICY_LOTTERY_STRATEGY_H_
#define FLASHSALE_POLICY_LOTTERY_STRATEGY_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"

namespace flashsale::inline v0 {

// Draws the order of those who came before the start: each entrant's rank is
// HMAC-SHA256(seed, user id) (RFC 2104), lowest first, ties by id.  So the order depends on the
// seed and on who entered alone, not on when; whoever knows the seed can compute it.  Who comes
// after the start stands behind the draw, in the order of arrival.
//
// Thread safety: any thread.
class FLASHSALE_EXPORT LotteryStrategy final : public AllocationStrategy {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  // The seed must not be known to anybody who may still enter.
  explicit LotteryStrategy(const Seed& seed) : seed_(seed) {}

  std::string_view name() const override { return "lottery"; }
  bool keeps_arrival_order() const override { return false; }
  // Errors: ResourceExhausted.
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override;

 private:
  const Seed seed_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_LOTTERY_STRATEGY_H_
