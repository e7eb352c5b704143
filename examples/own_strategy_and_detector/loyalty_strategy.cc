#include "examples/own_strategy_and_detector/loyalty_strategy.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace own_rules {

using flashsale::Entrant;
using flashsale::Status;
using flashsale::UserId;

LoyaltyStrategy::LoyaltyStrategy(std::vector<UserId> members) : members_(std::move(members)) {
  std::sort(members_.begin(), members_.end());
}

bool LoyaltyStrategy::IsMember(const UserId& user) const {
  return std::binary_search(members_.begin(), members_.end(), user);
}

// Two passes and no memory, so that it can neither fail nor throw.  The entrants are given in the
// order in which they came, and each pass keeps it.
Status LoyaltyStrategy::Order(const flashsale::OrderRequest& request,
                              std::span<std::uint32_t> order) const {
  const std::span<const Entrant> entrants = request.entrants;
  std::size_t next = 0;
  for (const bool members : {true, false}) {
    for (std::uint32_t i = 0; i < entrants.size(); ++i) {
      if (IsMember(entrants[i].user) == members) order[next++] = i;
    }
  }
  return {};
}

}  // namespace own_rules
