#include "flashsale/policy/allocation_strategy.h"

namespace flashsale::inline v0 {

std::size_t AllocationStrategy::PickTiers(std::span<const std::uint64_t> waiting,
                                          std::uint64_t state, std::span<TierPick> picks) const {
  std::size_t picked = 0;
  for (std::size_t tier = 0; tier < waiting.size(); ++tier) {
    for (std::uint64_t i = 0; i < waiting[tier] && picked < picks.size(); ++i) {
      picks[picked++] = {.tier = static_cast<std::uint8_t>(tier), .state = state};
    }
  }
  return picked;
}

Status AllocationStrategy::CheckTerms(const QueueTerms& /*terms*/) const { return {}; }

TierShare AllocationStrategy::ShareOf(std::uint8_t tier, std::size_t /*tiers*/) const {
  return {.weight = tier == 0 ? 1U : 0U, .total = 1};
}

}  // namespace flashsale::inline v0
