#ifndef FLASHSALE_SRC_ENGINE_EXPIRY_QUEUE_H_
#define FLASHSALE_SRC_ENGINE_EXPIRY_QUEUE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "engine/page_region.h"
#include "engine/user_table.h"

namespace flashsale::inline v0::engine {

// A hold that is to be looked at when its deadline comes.
struct ExpiryEntry {
  std::int64_t deadline_us;
  Place place;  // of the user's line
  Ordinal ordinal;
};

// A piece of a queue: 1 KB.
struct ExpiryBlock {
  static constexpr std::size_t kEntries = 63;
  std::array<ExpiryEntry, kEntries> entries;
  ExpiryBlock* next;
};

// Where the queues of one sale get their blocks from: few large regions, so that the ends of a
// thousand queues, all written in turn, lie on few pages.
// Thread safety: any thread.  Ownership: all blocks, given back to the system with the arena.
class ExpiryBlockArena {
 public:
  // `expected_holds` decides how much is asked for at a time.
  explicit ExpiryBlockArena(std::uint64_t expected_holds);

  // Null where memory ran out.
  ExpiryBlock* Allocate() FLASHSALE_EXCLUDES(mutex_);
  void Free(ExpiryBlock* block) FLASHSALE_EXCLUDES(mutex_);

  // Takes, and makes resident, the memory for so many holds.  False where there is not enough.
  bool Prefault(std::uint64_t holds) FLASHSALE_EXCLUDES(mutex_);

 private:
  const std::size_t region_bytes_;
  WordMutex mutex_;
  std::vector<PageRegion> regions_ FLASHSALE_GUARDED_BY(mutex_);
  std::size_t used_bytes_ FLASHSALE_GUARDED_BY(mutex_) = 0;  // of the last region
  ExpiryBlock* free_ FLASHSALE_GUARDED_BY(mutex_) = nullptr;
};

// The holds of one shard in the order of their deadlines.  Holds are made with one hold time, so
// they come nearly sorted: what comes in order is appended to a list of blocks, the rest goes
// through a binary heap.  Entries of holds that were confirmed or cancelled stay until their time.
// Thread safety: under the shard's lock.
class ExpiryQueue {
 public:
  explicit ExpiryQueue(ExpiryBlockArena& arena) : arena_(arena) {}
  ExpiryQueue(const ExpiryQueue&) = delete;
  ExpiryQueue& operator=(const ExpiryQueue&) = delete;

  bool empty() const { return in_order_ == 0 && heap_.empty(); }
  std::size_t size() const { return in_order_ + heap_.size(); }

  // Makes room for `entries` more, at most ExpiryBlock::kEntries, of which each has this deadline;
  // and for each of them to be queued once more when its time has come, for deadlines move.
  // False where memory ran out.
  bool EnsureRoom(std::int64_t deadline_us, std::size_t entries) {
    if (size() + entries > heap_.capacity() && !GrowHeap(size() + entries)) return false;
    if (in_order_ != 0 && deadline_us < last_us_) return true;
    if (tail_ == nullptr && !AppendBlock()) return false;
    return tail_size_ + entries <= kEntriesPerBlock || tail_->next != nullptr || AppendBlock();
  }

  // REQUIRES: EnsureRoom.
  void Push(const ExpiryEntry& entry) {
    if (in_order_ != 0 && entry.deadline_us < last_us_) {
      PushHeap(entry);
    } else {
      Append(entry);
    }
  }

  // The entry popped last again, with its later deadline.
  void Requeue(const ExpiryEntry& entry) { PushHeap(entry); }

  // REQUIRES: !empty().
  const ExpiryEntry& front() const { return FrontIsInHeap() ? heap_.front() : FrontInOrder(); }

  void Pop() {
    if (FrontIsInHeap()) {
      std::pop_heap(heap_.begin(), heap_.end(), Later);
      heap_.pop_back();
      return;
    }
    --in_order_;
    if (++head_position_ == kEntriesPerBlock || in_order_ == 0) DropHead();
  }

  // Takes memory for so many entries.  False where there is not enough.
  bool Prefault(std::size_t entries) { return entries <= heap_.capacity() || GrowHeap(entries); }

  // Tells the entry `distance` behind the front, as far as the front's block or the next has it.
  // REQUIRES: distance <= kEntriesPerBlock.
  const ExpiryEntry* Ahead(std::size_t distance) const {
    if (distance >= in_order_) return nullptr;
    const std::size_t position = head_position_ + distance;
    return position < kEntriesPerBlock ? &head_->entries[position]
                                       : &head_->next->entries[position - kEntriesPerBlock];
  }

  // Asks for the place where the next entry is going to be written.
  void PrefetchTail() const {
    if (tail_ != nullptr) __builtin_prefetch(tail_->entries.data() + tail_size_, 1);
  }

 private:
  using Block = ExpiryBlock;
  static constexpr std::size_t kEntriesPerBlock = Block::kEntries;

  static bool Later(const ExpiryEntry& a, const ExpiryEntry& b) {
    return a.deadline_us > b.deadline_us;
  }

  const ExpiryEntry& FrontInOrder() const { return head_->entries[head_position_]; }
  bool FrontIsInHeap() const {
    if (heap_.empty()) return false;
    return in_order_ == 0 || heap_.front().deadline_us < FrontInOrder().deadline_us;
  }

  void Append(const ExpiryEntry& entry) {
    if (tail_size_ == kEntriesPerBlock) {
      tail_ = tail_->next;
      tail_size_ = 0;
    }
    tail_->entries[tail_size_++] = entry;
    last_us_ = entry.deadline_us;
    ++in_order_;
  }

  void PushHeap(const ExpiryEntry& entry) {
    heap_.push_back(entry);  // never allocates: it has room for every entry there is
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }

  // Makes room in the heap for so many in all.
  bool GrowHeap(std::size_t entries);
  // A block behind the last one.
  bool AppendBlock();
  void DropHead();

  ExpiryBlockArena& arena_;
  Block* head_ = nullptr;
  Block* tail_ = nullptr;  // the block that is appended to; a spare one may follow it
  std::size_t head_position_ = 0;
  std::size_t tail_size_ = 0;
  std::size_t in_order_ = 0;
  std::int64_t last_us_ = 0;
  std::vector<ExpiryEntry> heap_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EXPIRY_QUEUE_H_
