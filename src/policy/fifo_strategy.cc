#include "flashsale/policy/fifo_strategy.h"

#include <numeric>

namespace flashsale::inline v0 {

Status FifoStrategy::Order(std::uint8_t /*tier*/, std::span<const Entrant> /*entrants*/,
                           std::span<std::uint32_t> order) const {
  std::iota(order.begin(), order.end(), 0U);
  return {};
}

}  // namespace flashsale::inline v0
