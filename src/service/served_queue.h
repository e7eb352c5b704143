#ifndef FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_
#define FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/queue_observer.h"
#include "flashsale/service/virtual_queue.h"
#include "service/checked_strategy.h"
#include "service/line_opening.h"
#include "service/queue_view.h"
#include "service/store_watch.h"

namespace flashsale::inline v0 {

// The queue before one sale as this process serves it: what it was last seen to be, and what is to
// be done about it next.
//
// Thread safety: any thread.
class ServedQueue {
 public:
  struct Parts {
    QueueRepository& queues;
    InventoryRepository& inventory;
    const VirtualQueueOptions& options;
    const StoreWatch& store;
  };

  // What is known of it at present.
  struct Present {
    QueueState state;
    SaleStock stock;
  };
  ServedQueue(const Parts& parts, const Present& present, CheckedStrategy strategy,
              const SaleRef& queue, const SaleRef& sale, const SaleWindow& window);

  const SaleRef& queue() const { return queue_; }
  const SaleRef& sale() const { return sale_; }  // as the inventory names it
  const SaleId& id() const { return queue_.id(); }
  std::uint32_t tiers() const { return terms_.tiers; }
  const Duration& waiting_page_retry() const { return parts_.options.waiting_page_retry; }

  // What people are told.
  QueueView& view() { return view_; }
  std::uint8_t TierOf(const QueueJoin& join) const {
    // Where there is one line, everybody stands in it.
    if (terms_.tiers == 1) return 0;
    const bool last = join.tier == QueueJoin::kLastTier;
    const auto tier = last ? static_cast<std::uint8_t>(terms_.tiers - 1) : join.tier;
    return tier < terms_.tiers ? TierWithCredits(terms_, tier, join.credits) : tier;
  }
  void NotePace(const QueuePace& pace) { view_.NotePace(pace); }

  // What one turn did.
  struct Turn {
    Status status = {};
    // What the strategy did wrong; people were let in nevertheless.
    Status strategy = {};
    LineOpening::Failure opening = {};
    // Where the flow has changed.
    std::optional<QueueFlowChange> flow = std::nullopt;
    std::vector<QueueEntry> admitted = {};
    Time next{};
  };
  // Whoever polls holds the turn until observers have been told of it, so that they hear of one
  // turn after the other.  False: somebody else holds it.
  bool TryHoldTurn() {
    // Acquire pairs with the release below: what observers did in one turn is seen in the next.
    return !is_turn_held_.exchange(true, std::memory_order_acquire);
  }
  void LetGoOfTurn() { is_turn_held_.store(false, std::memory_order_release); }

  // One at a time; a second caller is told to come back.
  Turn Poll(Time now) FLASHSALE_EXCLUDES(turn_mutex_);
  LatencyHistogram Waits() FLASHSALE_EXCLUDES(turn_mutex_) {
    const MutexLock lock(turn_mutex_);
    return waits_;
  }
  // When the next turn is due.
  Time due() const { return Time(Duration(due_us_.load(std::memory_order_relaxed))); }

 private:
  Status TakeTurn(Time now, Turn& turn) FLASHSALE_REQUIRES(turn_mutex_);
  Status FollowPhase(Time now, const SaleStock& stock, QueueState& state, Turn& turn)
      FLASHSALE_REQUIRES(turn_mutex_);
  // Leaves the state as it is after it.
  Status LetIn(Time now, QueueState& state, Turn& turn) FLASHSALE_REQUIRES(turn_mutex_);
  // Whether people are let in, as it stands after LetIn.
  void NoteFlow(const QueueState& state, Turn& turn) FLASHSALE_REQUIRES(turn_mutex_);
  // What can be learned of waits: from those who were let in here, and now and then from those who
  // were let in elsewhere.
  void NoteProgress(Time now, const QueueState& state, const Turn& turn)
      FLASHSALE_REQUIRES(turn_mutex_);
  // The pace by what the store can bear.
  void FollowStore(Time now, const QueueState& state) FLASHSALE_REQUIRES(turn_mutex_);
  void NoteWaits(Time now, std::span<const QueueEntry> admitted) FLASHSALE_REQUIRES(turn_mutex_);

  const Parts parts_;
  const QueueTerms terms_;
  const CheckedStrategy strategy_;
  const SaleRef queue_;
  const SaleRef sale_;

  QueueView view_;
  std::atomic<Duration::rep> due_us_{0};
  std::atomic<bool> is_turn_held_{false};

  Mutex turn_mutex_;
  LineOpening opening_ FLASHSALE_GUARDED_BY(turn_mutex_);
  Time looked_at_ FLASHSALE_GUARDED_BY(turn_mutex_) = kMinTime;
  QueueFlow flow_ FLASHSALE_GUARDED_BY(turn_mutex_) = QueueFlow::kFlowing;
  // What of the store's calls has been judged, and when.
  StoreCalls watched_ FLASHSALE_GUARDED_BY(turn_mutex_) = {};
  Time watched_since_ FLASHSALE_GUARDED_BY(turn_mutex_) = kMinTime;
  std::vector<TierPick> picks_ FLASHSALE_GUARDED_BY(turn_mutex_);  // memory for LetIn
  LatencyHistogram waits_ FLASHSALE_GUARDED_BY(turn_mutex_);       // in microseconds
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_
