#include "flashsale/policy/fifo_strategy.h"

#include <numeric>

namespace flashsale::inline v0 {

Status FifoStrategy::Order(const OrderRequest& /*request*/, std::span<std::uint32_t> order) const {
  std::iota(order.begin(), order.end(), 0U);
  return {};
}

}  // namespace flashsale::inline v0
