#include "examples/flashsale_sim/queue_strategy.h"

#include <utility>

#include "examples/flashsale_sim/draw_seeds.h"
#include "flashsale/policy/fifo_strategy.h"
#include "flashsale/policy/hybrid_strategy.h"
#include "flashsale/policy/lottery_strategy.h"
#include "flashsale/policy/priority_strategy.h"

namespace flashsale::sim {
namespace {

std::unique_ptr<AllocationStrategy> MakeOrder(const SimulationPlan& plan, const Dice& dice,
                                              DrawWitness& witness) {
  switch (OrderOf(plan)) {
    case Allocation::kLottery:
      return std::make_unique<LotteryStrategy>(LotterySecretOf(dice),
                                               DrawOptions{.witness = &witness});
    case Allocation::kHybrid:
      return std::make_unique<HybridStrategy>(
          HybridStrategy::Rules{.secret = LotterySecretOf(dice),
                                .fifo_per_mille = plan.hybrid_per_mille,
                                .options = {.witness = &witness}});
    case Allocation::kFifo:
    case Allocation::kPriority:
      break;
  }
  return std::make_unique<FifoStrategy>();
}

}  // namespace

Result<std::unique_ptr<QueueStrategy>> QueueStrategy::New(const SimulationPlan& plan,
                                                          const Dice& dice, DrawWitness& witness) {
  std::unique_ptr<QueueStrategy> made(new QueueStrategy);
  made->order_ = MakeOrder(plan, dice, witness);
  if (plan.allocation != Allocation::kPriority) return made;
  Result<std::unique_ptr<PriorityStrategy>> priority =
      PriorityStrategy::New({.weights = WeightsOf(plan), .order = made->order_.get()});
  if (!priority.ok()) return priority.status();
  made->priority_ = *std::move(priority);
  return made;
}

}  // namespace flashsale::sim
