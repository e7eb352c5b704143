#include "service/queue_ordering.h"

#include <exception>
#include <numeric>
#include <span>

#include <fmt/format.h>

namespace flashsale::inline v0 {
namespace {

bool IsPermutation(std::span<const std::uint32_t> order) {
  std::vector<bool> seen(order.size());
  for (const std::uint32_t place : order) {
    if (place >= order.size() || seen[place]) return false;
    seen[place] = true;
  }
  return true;
}

}  // namespace

Status QueueOrdering::Order() {
  order_.resize(entrants_.size());
  if (strategy_ == nullptr) {
    std::iota(order_.begin(), order_.end(), 0U);
    return {};
  }
  const OrderRequest request{.sale = sale_, .tier = tier_, .entrants = entrants_};
  if (Status status = strategy_->Order(request, order_); !status.ok()) return status;
  if (IsPermutation(order_)) return {};
  return Status(
      StatusCode::kInternal,
      fmt::format("strategy '{}': its order of tier {} names somebody twice or not at all",
                  strategy_->name(), tier_));
}

void QueueOrdering::Run() {
  if (begun_.exchange(true, std::memory_order_relaxed)) return;
  try {
    status_ = Order();
  } catch (const std::exception& error) {
    status_ = Status(StatusCode::kInternal, error.what());
  } catch (...) {
    status_ = Status(StatusCode::kInternal, "the strategy threw what is no std::exception");
  }
  done_.store(true, std::memory_order_release);
}

}  // namespace flashsale::inline v0
