#ifndef FLASHSALE_SRC_SERVICE_QUEUE_ORDERING_H_
#define FLASHSALE_SRC_SERVICE_QUEUE_ORDERING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// What the order of those who came before a tier's line opened is worked out from, and the order
// itself.  It may be worked out on another thread, and outlive the queue that asked for it.
//
// Thread safety: Run on any thread; the others may ask is_done, and look after it.
class QueueOrdering {
 public:
  // `strategy`: null for the order in which the entrants are given.
  QueueOrdering(const AllocationStrategy* strategy, const SaleId& sale, std::uint8_t tier,
                std::vector<Entrant> entrants)
      : strategy_(strategy), sale_(sale), tier_(tier), entrants_(std::move(entrants)) {}

  // The second time it does nothing: an executor that throws may have taken the task.
  void Run();
  // Acquire pairs with the release at the end of Run.
  bool is_done() const { return done_.load(std::memory_order_acquire); }

  // REQUIRES: is_done().  Not OK where the strategy failed, threw, or gave what is no order.
  const Status& status() const { return status_; }
  std::uint8_t tier() const { return tier_; }
  std::size_t size() const { return order_.size(); }
  // The ticket of who is let in as the i-th.
  std::uint64_t TicketAt(std::size_t i) const { return entrants_[order_[i]].ticket; }

 private:
  Status Order();

  const AllocationStrategy* const strategy_;
  const SaleId sale_;
  const std::uint8_t tier_;
  const std::vector<Entrant> entrants_;
  std::vector<std::uint32_t> order_;
  Status status_;
  std::atomic<bool> begun_{false};  // relaxed: it picks who runs it, and publishes nothing
  std::atomic<bool> done_{false};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_QUEUE_ORDERING_H_
