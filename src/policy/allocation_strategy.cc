#include "flashsale/policy/allocation_strategy.h"

#include <algorithm>

namespace flashsale::inline v0 {

std::size_t AllocationStrategy::PickTiers(std::span<const std::uint64_t> waiting,
                                          std::array<std::uint64_t, 4>& /*state*/,
                                          std::span<std::uint8_t> tiers) const {
  std::size_t picked = 0;
  for (std::size_t tier = 0; tier < waiting.size() && picked < tiers.size(); ++tier) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(waiting[tier], tiers.size() - picked));
    std::fill_n(tiers.begin() + static_cast<std::ptrdiff_t>(picked), count,
                static_cast<std::uint8_t>(tier));
    picked += count;
  }
  return picked;
}

}  // namespace flashsale::inline v0
