#ifndef FLASHSALE_POLICY_PRIORITY_STRATEGY_H_
#define FLASHSALE_POLICY_PRIORITY_STRATEGY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"

namespace flashsale::inline v0 {

struct PriorityOptions {
  // By tier, how many are let in in its turn; 2 to 8 of them, 1 to 1,000 each.  {3, 1}: of four,
  // three are of tier 0 and one of tier 1, as long as both wait.
  std::vector<std::uint32_t> weights;
  // Who orders those who came before a tier's line opened; null: FifoStrategy.  Must outlive the
  // strategy.
  const AllocationStrategy* order = nullptr;
};

// Tiers that take turns by weight: deficit round robin (M. Shreedhar and G. Varghese, "Efficient
// Fair Queuing Using Deficit Round-Robin", 1995), in which everybody costs the same.
//
// While all tiers wait, any w_0 + ... + w_n admissions in a row have exactly w_i of tier i.  So
// before the k-th of a tier with weight w are at most ceil(k / w) turns of the others, however
// many come to those without end.  A tier where nobody waits lets its turn pass and saves nothing
// up: no admission is lost for it.
//
// Its name tells the weights and the order, as "priority-3-1" or "priority-3-1-lottery", so that no
// server lets people in by others.  Weights are told, and kept to, without a common divisor.
//
// Thread safety: any thread.
class FLASHSALE_EXPORT PriorityStrategy final : public AllocationStrategy {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<PriorityStrategy>> New(const PriorityOptions& options);

  std::string_view name() const override { return name_; }
  bool keeps_arrival_order() const override { return order_.keeps_arrival_order(); }
  // A queue has as many tiers as there are weights.
  Status CheckTerms(const QueueTerms& terms) const override;
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override {
    return order_.Order(request, order);
  }
  std::size_t PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                        std::span<TierPick> picks) const override;
  TierShare ShareOf(std::uint8_t tier, std::size_t tiers) const override;

 private:
  PriorityStrategy(std::vector<std::uint32_t> weights, const AllocationStrategy& order,
                   std::string name);

  const std::vector<std::uint32_t> weights_;
  const AllocationStrategy& order_;
  const std::string name_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_PRIORITY_STRATEGY_H_
