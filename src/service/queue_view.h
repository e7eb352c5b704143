#ifndef FLASHSALE_SRC_SERVICE_QUEUE_VIEW_H_
#define FLASHSALE_SRC_SERVICE_QUEUE_VIEW_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/queue_place.h"
#include "flashsale/service/virtual_queue.h"
#include "service/checked_strategy.h"
#include "service/wait_estimator.h"

namespace flashsale::inline v0 {

// A sale and the queue before it as they were last looked at, and what a waiting person is told by
// that.
//
// Thread safety: any thread; wait-free.  Each number is read on its own, so that a person may be
// told of two instants; relaxed, because nothing is published with them.
class QueueView {
 public:
  // All that is referred to must outlive it.
  QueueView(const QueueTerms& terms, const CheckedStrategy& strategy,
            const VirtualQueueOptions& options, const SaleWindow& window);

  void NoteStock(const SaleStock& stock);
  void NoteState(const QueueState& state);
  void NotePace(const QueuePace& pace) {
    admissions_per_second_.store(pace.admissions_per_second, std::memory_order_relaxed);
    max_in_flight_.store(pace.max_in_flight, std::memory_order_relaxed);
  }

  // Fills in what everybody is told of the sale.
  void DescribeSale(QueuePlace& place) const;
  // And what a waiting person is told beside their entry.
  void Describe(const QueueAnswer& answer, Time now, QueuePlace& place);
  // True where nothing can come any more but by a refund.
  bool SoldOutForGood() const { return sold_out_for_good_.load(std::memory_order_relaxed); }

  // SaleEnded or SaleCancelled where the sale is over, as last looked at; else Done.
  Code AnswerWhenOver() const {
    const SaleState state = sale_state_.load(std::memory_order_relaxed);
    if (state == SaleState::kCancelled) return Code::kSaleCancelled;
    return state == SaleState::kEnded ? Code::kSaleEnded : Code::kDone;
  }
  // How many wait, over all tiers.
  std::uint64_t waiting() const;

  WaitEstimator& waits() { return waits_; }

  // Whether places of a queue that was lost are taken back still.
  bool TakesBack(Time now) const { return now < SaturatingAdd(epoch(), terms_.restore_window); }

  Time epoch() const { return Time(Duration(opened_at_us_.load(std::memory_order_relaxed))); }

  // How many units nobody has claimed: those available beyond one for each who is inside and has
  // not reserved yet, and beyond those of which others are asked first (StockOutlook).
  std::uint64_t units_unclaimed() const;
  // How many units may come back to those who wait: held in carts, or there and spoken for.
  std::uint64_t units_out() const;
  // How many can still come to those who wait.
  std::uint64_t units_to_hope_for() const;

 private:
  std::uint64_t units_spoken_for() const;
  bool KnowsPlaces(std::uint8_t tier, Time now) const;
  // When people of the tier begin to be let in, as far as is known; no earlier than `now`.
  Time OpensAt(std::uint8_t tier, Time now) const;
  // How many the pace lets in at once then, a part of a person included.
  double AtOnce(Time opens, Time now) const;
  // How many are let in until the one at this position of the tier is, themselves included, while
  // the tiers take turns.
  std::uint64_t LetInUntil(std::uint8_t tier, std::uint64_t position, Time now) const;
  WaitEstimator::Told WaitOf(std::uint8_t tier, std::uint64_t position, Time now) const;
  Outlook OutlookOf(std::uint8_t tier, std::uint64_t position, Time now) const;
  // Fills in outlook and wait of whoever has a position.
  void DescribeProspects(const UserId& user, std::uint8_t tier, Time now, QueuePlace& place);
  Time NextPoll(const QueuePlace& place, Time now) const;

  const QueueTerms& terms_;
  const CheckedStrategy& strategy_;
  const VirtualQueueOptions& options_;
  const SaleWindow window_;

  WaitEstimator waits_;
  std::atomic<std::uint32_t> admissions_per_second_;
  std::atomic<std::uint32_t> max_in_flight_;
  std::atomic<std::uint64_t> in_flight_{0};
  std::array<std::atomic<QueueStage>, kMaxTiers> stages_;
  std::array<std::atomic<std::uint64_t>, kMaxTiers> waiting_{};
  std::atomic<std::uint64_t> unused_{0};
  std::atomic<bool> restored_{false};
  std::atomic<Duration::rep> opened_at_us_{0};
  std::atomic<Duration::rep> next_room_us_{0};
  std::atomic<bool> knows_stock_{false};
  std::atomic<bool> is_paused_{false};
  std::atomic<SaleState> sale_state_{SaleState::kNotStarted};
  std::atomic<std::uint64_t> units_left_{0};
  std::atomic<std::uint64_t> units_held_{0};
  std::atomic<std::uint64_t> units_to_come_{0};
  std::atomic<std::uint64_t> units_claimed_{0};
  std::atomic<bool> sold_out_for_good_{false};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_QUEUE_VIEW_H_
