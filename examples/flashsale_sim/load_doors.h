#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_DOORS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_DOORS_H_

#include <atomic>

#include "examples/flashsale_sim/load_sale.h"

namespace flashsale::sim {

// The sales that the newcomers of a load go to: one that sells, and the next, while it may be
// joined before its start.  There is always one of them.
// Thread safety: one thread opens, any look.  Blocking: never.
class LoadDoors {
 public:
  struct Open {
    const LoadSale* selling = nullptr;    // null: the first has not started
    const LoadSale* gathering = nullptr;  // null: the next may not be joined yet
  };

  void OpenForGathering(const LoadSale& sale) {
    // Release pairs with Look's acquire: the sale is there before its address.
    gathering_.store(&sale, std::memory_order_release);
  }
  void OpenForSelling(const LoadSale& sale) {
    // In this order, so that who reads them in the other never finds neither.
    selling_.store(&sale, std::memory_order_release);
    gathering_.store(nullptr, std::memory_order_release);
  }

  Open Look() const {
    const LoadSale* const gathering = gathering_.load(std::memory_order_acquire);
    return {.selling = selling_.load(std::memory_order_acquire), .gathering = gathering};
  }

 private:
  std::atomic<const LoadSale*> selling_{nullptr};
  std::atomic<const LoadSale*> gathering_{nullptr};
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_DOORS_H_
