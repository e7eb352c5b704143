#ifndef FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_LOYALTY_STRATEGY_H_
#define FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_LOYALTY_STRATEGY_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/allocation_strategy.h"

namespace own_rules {

// Of those who came before the start, members of the loyalty programme go first; among members, and
// among all others, who came first.
//
// The list is fixed when the strategy is made: servers that share a queue must agree on the order.
//
// Thread safety: any thread.  Blocking: never.  Ownership: of its list.  Clock: none.
class LoyaltyStrategy final : public flashsale::AllocationStrategy {
 public:
  explicit LoyaltyStrategy(std::vector<flashsale::UserId> members);

  std::string_view name() const override { return "loyalty"; }
  // A regular who came first may have members before them, so there is no position before the
  // start.
  bool keeps_arrival_order() const override { return false; }
  flashsale::Status Order(const flashsale::OrderRequest& request,
                          std::span<std::uint32_t> order) const override;

  bool IsMember(const flashsale::UserId& user) const;

 private:
  std::vector<flashsale::UserId> members_;  // sorted
};

}  // namespace own_rules

#endif  // FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_LOYALTY_STRATEGY_H_
