#ifndef FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_
#define FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/virtual_queue.h"

namespace flashsale::inline v0 {

// What the order of those who came before a tier's line opened is worked out from, and the order
// itself.  It may be worked out on another thread, and outlive the queue that asked for it.
//
// Thread safety: Run on one thread; the others may ask is_done, and look after it.
class QueueOrdering {
 public:
  // `strategy`: null for the order in which the entrants are given.
  QueueOrdering(const AllocationStrategy* strategy, const SaleId& sale, std::uint8_t tier,
                std::vector<Entrant> entrants)
      : strategy_(strategy), sale_(sale), tier_(tier), entrants_(std::move(entrants)) {}

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
  std::atomic<bool> done_{false};
};

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
  };

  ServedQueue(const Parts& parts, const QueueTerms& terms, const AllocationStrategy& strategy,
              const SaleRef& queue, const SaleRef& sale);

  const SaleRef& queue() const { return queue_; }
  const SaleId& id() const { return queue_.id(); }
  std::uint32_t tiers() const { return terms_.tiers; }
  const Duration& waiting_page_retry() const { return parts_.options.waiting_page_retry; }

  // Fills in what everybody is told of the sale.
  void DescribeSale(QueuePlace& place) const;
  // And what a waiting person is told beside their entry.
  void Describe(const QueueAnswer& answer, QueuePlace& place) const;
  // True where nothing can come any more but by a refund.
  bool SoldOutForGood() const { return sold_out_for_good_.load(std::memory_order_relaxed); }

  void NotePace(const QueuePace& pace) {
    admissions_per_second_.store(pace.admissions_per_second, std::memory_order_relaxed);
  }

  // What one turn did.
  struct Turn {
    Status status = {};
    bool strategy_failed = false;
    // A tier's line could not begin; the others go on, and it is tried again a little later.
    bool tier_failed = false;
    std::vector<QueueEntry> admitted = {};
    Time next{};
  };
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
  Status FollowPhase(Time now, Phase phase, QueueState& state, Turn& turn)
      FLASHSALE_REQUIRES(turn_mutex_);
  // A tier from the gathering to the running line, in as many turns as it takes.
  Status StartTier(Time now, const QueueState& state, std::uint8_t tier, bool& strategy_failed)
      FLASHSALE_REQUIRES(turn_mutex_);
  void StartTiers(Time now, const QueueState& state, Turn& turn) FLASHSALE_REQUIRES(turn_mutex_);
  // In the order in which they came; see OrderRequest.
  Result<std::vector<Entrant>> ReadEntrants(std::uint8_t tier);
  Status Arrange(const QueueOrdering& ordering);
  Status LetIn(Time now, const QueueState& state, const SaleStock& stock, Turn& turn)
      FLASHSALE_REQUIRES(turn_mutex_);
  void NoteWaits(Time now, std::span<const QueueEntry> admitted) FLASHSALE_REQUIRES(turn_mutex_);
  void NoteStock(const SaleStock& stock);
  void NoteState(const QueueState& state);

  const Parts parts_;
  const QueueTerms terms_;
  const AllocationStrategy& strategy_;
  const SaleRef queue_;
  const SaleRef sale_;

  // As last seen; each on its own, so that a person may be told of two instants.  Relaxed: nothing
  // is published with them.
  std::atomic<std::uint32_t> admissions_per_second_;
  std::array<std::atomic<QueueStage>, kMaxTiers> stages_;
  std::atomic<bool> restored_{false};
  std::atomic<SaleState> sale_state_{SaleState::kNotStarted};
  std::atomic<Units> units_left_{0};
  std::atomic<Units> units_held_{0};
  std::atomic<bool> sold_out_for_good_{false};
  std::atomic<Duration::rep> due_us_{0};

  Mutex turn_mutex_;
  std::array<std::shared_ptr<QueueOrdering>, kMaxTiers> orderings_
      FLASHSALE_GUARDED_BY(turn_mutex_);
  // When a tier that could not begin is tried again.
  std::array<Time, kMaxTiers> try_again_ FLASHSALE_GUARDED_BY(turn_mutex_) = {};
  std::vector<TierPick> picks_ FLASHSALE_GUARDED_BY(turn_mutex_);  // memory for LetIn
  LatencyHistogram waits_ FLASHSALE_GUARDED_BY(turn_mutex_);       // in microseconds
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVED_QUEUE_H_
