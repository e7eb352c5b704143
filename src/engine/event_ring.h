#ifndef FLASHSALE_SRC_ENGINE_EVENT_RING_H_
#define FLASHSALE_SRC_ENGINE_EVENT_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/mutex.h"
#include "engine/edge_fold.h"
#include "engine/page_region.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::engine {

// The last events of one sale.  Writers take numbers with one addition and write their slots side
// by side; one thread at a time folds the dense prefix and marks the edges, which only an order can
// tell. A slot is written again only after it was folded; a reader that falls behind is told what
// it lost. Thread safety: any thread.  Blocking: Write waits, if the ring is full, for the writers
// of the numbers before its own, which never wait for it.
class EventRing {
 public:
  // `next_seq` is where numbers are taken from; it lives next to the stock and must outlive the
  // ring. REQUIRES: capacity is a power of two.
  EventRing(const SaleTerms& terms, std::size_t capacity, std::atomic<std::uint64_t>& next_seq);

  // False where the system had no memory.
  bool ok() const { return !region_.empty(); }

  void Prefault() { region_.Prefault(); }

  // The first of `count` numbers in a row, to be written by the caller.
  std::uint64_t TakeNumbers(std::uint64_t count) {
    return next_seq_.fetch_add(count, std::memory_order_acq_rel);
  }
  std::uint64_t last_seq() const { return next_seq_.load(std::memory_order_acquire) - 1; }

  // Writes and publishes the event with the number event.seq.
  void Write(const Event& event);

  EventPage Read(std::uint64_t after, std::span<Event> events) FLASHSALE_EXCLUDES(fold_mutex_);

  // Whether an event at `now` would mark the start or the end of the sale.
  bool TimeEdgeIsDue(Time now) FLASHSALE_EXCLUDES(fold_mutex_);

 private:
  using Word = std::atomic<std::uint64_t>;

  Word* SlotOf(std::uint64_t seq) const {
    return reinterpret_cast<Word*>(region_.data()) + (seq & mask_) * stride_;
  }
  bool IsPublished(std::uint64_t seq) const {
    return SlotOf(seq)[0].load(std::memory_order_acquire) == seq;
  }
  void WaitForRoom(std::uint64_t seq) FLASHSALE_EXCLUDES(fold_mutex_);
  // Folds what is published and follows without a gap, `most` events at the most.
  void Fold(std::uint64_t most) FLASHSALE_REQUIRES(fold_mutex_);
  // False where the slot was written again meanwhile.
  bool CopyOut(std::uint64_t seq, Event& event) const;

  const std::uint64_t mask_;
  const std::size_t keys_;
  const std::size_t stride_;  // in words
  std::atomic<std::uint64_t>& next_seq_;
  PageRegion region_;
  Mutex fold_mutex_;
  EdgeFold edges_ FLASHSALE_GUARDED_BY(fold_mutex_);
  // The last event that was folded.  Written under fold_mutex_.
  alignas(64) std::atomic<std::uint64_t> folded_{0};
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EVENT_RING_H_
