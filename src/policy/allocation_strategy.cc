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

}  // namespace flashsale::inline v0
