#ifndef FLASHSALE_POLICY_FIFO_STRATEGY_H_
#define FLASHSALE_POLICY_FIFO_STRATEGY_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"

namespace flashsale::inline v0 {

// First come, first served.
//
// Thread safety: any thread.
class FLASHSALE_EXPORT FifoStrategy final : public AllocationStrategy {
 public:
  std::string_view name() const override { return "fifo"; }
  bool keeps_arrival_order() const override { return true; }
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_FIFO_STRATEGY_H_
