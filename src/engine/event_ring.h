#ifndef FLASHSALE_SRC_ENGINE_EVENT_RING_H_
#define FLASHSALE_SRC_ENGINE_EVENT_RING_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/mutex.h"
#include "engine/edge_fold.h"
#include "engine/event_sink.h"
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

  // Whom each event is shown to as it is folded, from the next one on; null: nobody.  It must
  // outlive the ring, or be taken away.
  void Show(EventSink* sink) FLASHSALE_EXCLUDES(fold_mutex_);

  // The first of `count` numbers in a row, to be written by the caller.
  std::uint64_t TakeNumbers(std::uint64_t count) {
    return next_seq_.fetch_add(count, std::memory_order_acq_rel);
  }
  std::uint64_t last_seq() const { return next_seq_.load(std::memory_order_acquire) - 1; }

  // Writes and publishes the event with the number event.seq.  Inline: most of what a caller builds
  // of the event never leaves its registers.
  void Write(const Event& event, const Party& party = {}) {
    // Acquire pairs with the release in Fold: the slot was read before it is written again.
    if (event.seq > folded_.load(std::memory_order_acquire) + mask_) WaitForRoom(event.seq);
    Word* const slot = SlotOf(event.seq);
    slot[kSeq].store(0, std::memory_order_relaxed);
    Put(slot[kAt], static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
    Put(slot[kTypeLineEdges], static_cast<std::uint64_t>(event.type) |
                                  std::uint64_t{event.line} << kLineShift |
                                  std::uint64_t{party.record} << kRecordShift);
    Put(slot[kUnitsReturned], std::uint64_t{event.units} << 32 | event.returned);
    PutId(&slot[kUser], event.user.bytes());
    PutId(&slot[kId], event.id.bytes());
    Put(slot[kDeadline], static_cast<std::uint64_t>(event.deadline.time_since_epoch().count()));
    Put(slot[kQuote], event.quote);
    Put(slot[kAdmission], event.admission);
    Put(slot[kLimitPlace], std::uint64_t{party.place} << 32 | event.user_limit);
    for (std::size_t i = 0; i < keys_; ++i) PutId(&slot[kKeys + 2 * i], event.keys[i].bytes());
    slot[kSeq].store(event.seq, std::memory_order_release);
    // Folding is shared out: whoever writes an event with such a number folds what has gathered.
    if (event.seq % kFoldEvery == 0) FoldGathered();
  }

  EventPage Read(std::uint64_t after, std::span<Event> events) FLASHSALE_EXCLUDES(fold_mutex_);

  // Returns when all events up to this number were folded, and shown to the sink.  May wait for who
  // has taken one of the numbers and writes its event.  REQUIRES: it was given.
  void FoldThrough(std::uint64_t seq) FLASHSALE_EXCLUDES(fold_mutex_);

  // Whether an event at `now` would mark the start or the end of the sale.
  bool TimeEdgeIsDue(Time now) FLASHSALE_EXCLUDES(fold_mutex_);

 private:
  using Word = std::atomic<std::uint64_t>;

  // The words of a slot.  Each is an atomic: a reader may look at a slot that is being written
  // again, and finds out by the sequence number, which is cleared first and set last.
  enum SlotWord : std::size_t {
    kSeq = 0,
    kAt = 1,
    kTypeLineEdges = 2,  // 16 bits each, above them 8 of the record
    kUnitsReturned = 3,  // 32 bits each
    kUser = 4,
    kId = 6,
    kDeadline = 8,
    kQuote = 9,
    kAdmission = 10,
    kLimitPlace = 11,  // 32 bits each
    kKeys = 12,
  };
  static constexpr int kLineShift = 16;
  static constexpr int kEdgesShift = 32;
  static constexpr int kRecordShift = 48;
  static constexpr std::uint64_t kFoldEvery = 256;

  static void Put(Word& word, std::uint64_t value) {
    // Release keeps the store behind that which cleared the sequence number; see CopyOut.
    word.store(value, std::memory_order_release);
  }
  static void PutId(Word* words, const std::array<std::uint8_t, 16>& bytes) {
    const auto values = std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
    Put(words[0], values[0]);
    Put(words[1], values[1]);
  }

  Word* SlotOf(std::uint64_t seq) const {
    return reinterpret_cast<Word*>(region_.data()) + (seq & mask_) * stride_;
  }
  bool IsPublished(std::uint64_t seq) const {
    return SlotOf(seq)[0].load(std::memory_order_acquire) == seq;
  }
  void WaitForRoom(std::uint64_t seq) FLASHSALE_EXCLUDES(fold_mutex_);
  void FoldGathered() FLASHSALE_EXCLUDES(fold_mutex_);
  // Folds what is published and follows without a gap, `most` events at the most.
  void Fold(std::uint64_t most) FLASHSALE_REQUIRES(fold_mutex_);
  // False where the slot was written again meanwhile.
  bool CopyOut(std::uint64_t seq, Event& event) const;
  // Shows the sink what was folded anew, up to `last`.
  void ShowThrough(std::uint64_t last) FLASHSALE_REQUIRES(fold_mutex_);

  const std::uint64_t mask_;
  const std::size_t keys_;
  const std::size_t stride_;  // in words; whole cache lines, so that writers share none
  std::atomic<std::uint64_t>& next_seq_;
  PageRegion region_;
  Mutex fold_mutex_;
  EdgeFold edges_ FLASHSALE_GUARDED_BY(fold_mutex_);
  EventSink* sink_ FLASHSALE_GUARDED_BY(fold_mutex_) = nullptr;
  // The last event that was folded.  Written under fold_mutex_.
  alignas(64) std::atomic<std::uint64_t> folded_{0};
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EVENT_RING_H_
