#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_STRATEGY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_STRATEGY_H_

#include <memory>

#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/simulation_plan.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/policy/draw_witness.h"

namespace flashsale::sim {

// The library's strategy that a plan asks for, with what it is made of.
// Thread safety: any thread.  Blocking: never.  Ownership: the witness must outlive it.
// Clock: none.
class QueueStrategy {
 public:
  // `witness`: told of the draws.  Errors: those of PriorityStrategy::New.
  static Result<std::unique_ptr<QueueStrategy>> New(const SimulationPlan& plan, const Dice& dice,
                                                    DrawWitness& witness);

  const AllocationStrategy& get() const { return priority_ ? *priority_ : *order_; }

 private:
  QueueStrategy() = default;

  std::unique_ptr<AllocationStrategy> order_;
  std::unique_ptr<AllocationStrategy> priority_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_STRATEGY_H_
