#ifndef FLASHSALE_SRC_RUNTIME_SALE_TURNS_H_
#define FLASHSALE_SRC_RUNTIME_SALE_TURNS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/time.h"
#include "flashsale/runtime/lane.h"
#include "runtime/slot_lists.h"

namespace flashsale::inline v0 {

// A call on its way through a lane.
struct LaneSlot {
  LaneCall call = {};
  std::uint64_t sale_hash = 0;
  LaneCompletion* completion = nullptr;
  Result<Outcome> answer = Outcome{};
};

// The calls that wait, a queue for each sale that has any, and the sales that take turns.  Its
// memory is there from the beginning. Thread safety: as an int.
class SaleTurns {
 public:
  SaleTurns(const std::vector<LaneSlot>& slots, SlotLinks& links)
      : slots_(slots),
        links_(links),
        queues_(slots.size()),
        buckets_(std::bit_ceil(slots.size()), kNone),
        free_(slots.size()) {
    for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = static_cast<QueueIndex>(i);
  }

  bool empty() const { return first_ == kNone; }

  // At the end of its sale's queue; a sale that had none is the last to have its turn.
  void Add(SlotIndex slot, Time seen) {
    links_[slot] = kNoSlot;
    QueueIndex& bucket = BucketOf(slots_[slot].sale_hash);
    for (QueueIndex q = bucket; q != kNone; q = queues_[q].same_bucket) {
      Queue& queue = queues_[q];
      if (!SameSale(slots_[queue.first], slots_[slot])) continue;
      links_[queue.last] = slot;
      queue.last = slot;
      ++queue.size;
      return;
    }
    const QueueIndex q = free_.back();
    free_.pop_back();
    queues_[q] = {.first = slot, .last = slot, .size = 1, .since = seen, .same_bucket = bucket};
    bucket = q;
    Append(q);
  }

  // Of the sale whose turn it is.  REQUIRES: !empty().
  SlotIndex first() const { return queues_[first_].first; }
  std::size_t size() const { return queues_[first_].size; }
  // When the sale's queue began.
  Time since() const { return queues_[first_].since; }

  // Takes the first call of the sale whose turn it is, and tells whether the sale has more.  A sale
  // without calls leaves; so the turn is the next sale's.  REQUIRES: !empty().
  bool TakeFirst() {
    const QueueIndex q = first_;
    Queue& queue = queues_[q];
    if (--queue.size > 0) {
      queue.first = links_[queue.first];
      return true;
    }
    QueueIndex* place = &BucketOf(slots_[queue.first].sale_hash);
    while (*place != q) place = &queues_[*place].same_bucket;
    *place = queue.same_bucket;
    first_ = queue.next_turn;
    free_.push_back(q);
    return false;
  }

  // Ends the turn of a sale that has more.  REQUIRES: !empty().
  void EndTurn() {
    const QueueIndex q = first_;
    first_ = queues_[q].next_turn;
    Append(q);
  }

 private:
  using QueueIndex = std::uint32_t;
  static constexpr QueueIndex kNone = ~QueueIndex{0};

  struct Queue {
    SlotIndex first = kNoSlot;
    SlotIndex last = kNoSlot;
    std::size_t size = 0;
    Time since = kMinTime;
    QueueIndex same_bucket = kNone;
    QueueIndex next_turn = kNone;
  };

  static bool SameSale(const LaneSlot& a, const LaneSlot& b) {
    return a.sale_hash == b.sale_hash && a.call.sale.id() == b.call.sale.id();
  }
  QueueIndex& BucketOf(std::uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  void Append(QueueIndex q) {
    queues_[q].next_turn = kNone;
    (first_ == kNone ? first_ : queues_[last_].next_turn) = q;
    last_ = q;
  }

  const std::vector<LaneSlot>& slots_;
  SlotLinks& links_;
  std::vector<Queue> queues_;
  std::vector<QueueIndex> buckets_;
  std::vector<QueueIndex> free_;
  QueueIndex first_ = kNone;
  QueueIndex last_ = kNone;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_SALE_TURNS_H_
