#ifndef FLASHSALE_SRC_BASE_DIRECTORY_H_
#define FLASHSALE_SRC_BASE_DIRECTORY_H_

#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/epoch_gate.h"
#include "base/mutex.h"
#include "flashsale/base/id.h"

namespace flashsale::inline v0 {
namespace directory_internal {

// Generations of different directories, whatever they hold, begin far apart, so that a hint of
// another one is none.
inline std::uint32_t FirstGeneration() {
  static std::atomic<std::uint32_t> directories{0};
  return directories.fetch_add(1, std::memory_order_relaxed) << 20 | 1;
}

}  // namespace directory_internal

// Finds what belongs to a sale: at once by a hint that was given before, else by the sale's id.
// Look-ups take no lock: the lists behind the buckets are never changed, only replaced.
//
// Thread safety: any thread.  Ownership: of what was added.
template <typename T>
class Directory {
 public:
  Directory() = default;
  ~Directory() {
    for (const auto& block : blocks_owned_) {
      for (Slot& slot : *block) delete slot.value.load(std::memory_order_relaxed);
    }
    for (const auto& bucket : buckets_) delete bucket.load(std::memory_order_relaxed);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Whatever is found within a visit is alive until its end.
  class Visit {
   public:
    explicit Visit(Directory& directory) : directory_(directory), visit_(directory.gate_) {}

    // Null where there is none.  `hint`: from HintFor, or 0.
    T* Find(const SaleId& id, std::uint64_t hint) const { return directory_.Find(id, hint); }

   private:
    const Directory& directory_;
    EpochGate::Visit visit_;
  };

  // A visit to one thing.
  class Pinned {
   public:
    Pinned(Directory& directory, const SaleId& id, std::uint64_t hint)
        : visit_(directory), value_(visit_.Find(id, hint)) {}
    // Null where there is none.
    T* get() const { return value_; }
    T* operator->() const { return value_; }
    T& operator*() const { return *value_; }

   private:
    Visit visit_;
    T* value_;
  };

  // Adds what belongs to the sale, unless something does already: then returns false.
  // Throws std::bad_alloc.  Unless it was added nothing changed, and `value` still has it.
  bool Add(const SaleId& id, std::unique_ptr<T>& value) FLASHSALE_EXCLUDES(mutex_);
  bool Add(const SaleId& id, std::unique_ptr<T>&& value) { return Add(id, value); }

  // The hint for the sale; 0 where there is nothing.
  std::uint64_t HintFor(const SaleId& id) FLASHSALE_EXCLUDES(mutex_);

  // Takes out and destroys what belongs to the sale, after the last visit has ended.  False where
  // there is nothing.  REQUIRES: the calling thread is in no visit, and holds no lock that a
  // visitor may wait for.
  bool Remove(const SaleId& id) FLASHSALE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kBuckets = 1024;
  static constexpr std::size_t kSlotsPerBlock = 1024;
  static constexpr std::size_t kBlocks = 4096;
  // How many replaced lists gather before somebody waits for the readers of all.
  static constexpr std::size_t kMostReplaced = 256;

  // Where hints point.  A slot is used again for another sale, with another generation.
  struct Slot {
    std::atomic<T*> value{nullptr};
    std::atomic<std::uint32_t> generation{0};
  };
  using SlotBlock = std::array<Slot, kSlotsPerBlock>;
  struct Entry {
    SaleId id;
    std::uint32_t slot;
  };
  using Bucket = std::vector<Entry>;

  T* Find(const SaleId& id, std::uint64_t hint) const {
    T* const hinted = hint == 0 ? nullptr : FindHinted(hint);
    return hinted != nullptr ? hinted : FindById(id);
  }
  // Null where the hint is of something that is there no more, or of another directory.
  T* FindHinted(std::uint64_t hint) const {
    const Slot* const slot = SlotAt(static_cast<std::uint32_t>(hint));
    if (slot == nullptr) return nullptr;
    // The value first: it is set last when a slot is filled and cleared first when it is emptied,
    // so a value together with the hint's generation is the hint's sale's.
    T* const value = slot->value.load(std::memory_order_seq_cst);
    return slot->generation.load(std::memory_order_seq_cst) == hint >> 32 ? value : nullptr;
  }
  T* FindById(const SaleId& id) const;
  Slot* SlotAt(std::uint32_t index) const {
    const std::size_t block = index / kSlotsPerBlock;
    if (block >= kBlocks) return nullptr;
    SlotBlock* const slots = blocks_[block].load(std::memory_order_acquire);
    return slots == nullptr ? nullptr : &(*slots)[index % kSlotsPerBlock];
  }
  static std::size_t BucketOf(const SaleId& id) {
    return absl::HashOf(absl::string_view(id.view().data(), id.view().size())) % kBuckets;
  }
  const Entry* FindEntry(const SaleId& id) const {
    const Bucket* const bucket = buckets_[BucketOf(id)].load(std::memory_order_seq_cst);
    if (bucket == nullptr) return nullptr;
    const auto found = std::find_if(bucket->begin(), bucket->end(),
                                    [&id](const Entry& entry) { return entry.id == id; });
    return found == bucket->end() ? nullptr : &*found;
  }
  // Lists that were replaced, to be freed after all who may still look at them.
  using Replaced = std::vector<std::unique_ptr<const Bucket>>;
  // Waits without a lock: who is in a visit may ask for a hint, or add, meanwhile.
  void Free(Replaced& replaced) FLASHSALE_EXCLUDES(mutex_) {
    if (replaced.empty()) return;
    gate_.Synchronize();
    replaced.clear();
  }

  const std::uint32_t first_generation_ = directory_internal::FirstGeneration();
  EpochGate gate_;
  std::array<std::atomic<SlotBlock*>, kBlocks> blocks_{};
  std::array<std::atomic<const Bucket*>, kBuckets> buckets_{};

  Mutex mutex_;
  std::vector<std::unique_ptr<SlotBlock>> blocks_owned_ FLASHSALE_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_slots_ FLASHSALE_GUARDED_BY(mutex_);
  std::uint32_t slots_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  // Slots that will be free when the last visitor of what was removed has left.
  std::size_t slots_left_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  Replaced replaced_ FLASHSALE_GUARDED_BY(mutex_);
};

template <typename T>
T* Directory<T>::FindById(const SaleId& id) const {
  const Entry* const entry = FindEntry(id);
  return entry == nullptr ? nullptr : SlotAt(entry->slot)->value.load(std::memory_order_seq_cst);
}

template <typename T>
bool Directory<T>::Add(const SaleId& id, std::unique_ptr<T>& value) {
  Replaced replaced;
  {
    const MutexLock lock(mutex_);
    if (FindEntry(id) != nullptr) return false;
    if (free_slots_.empty()) {
      if (slots_ % kSlotsPerBlock == 0) {
        const std::size_t block = slots_ / kSlotsPerBlock;
        if (block == kBlocks) throw std::bad_alloc();
        blocks_owned_.push_back(std::make_unique<SlotBlock>());
        for (Slot& slot : *blocks_owned_.back()) {
          slot.generation.store(first_generation_, std::memory_order_relaxed);
        }
        blocks_[block].store(blocks_owned_.back().get(), std::memory_order_release);
      }
      free_slots_.reserve(slots_left_ + 1);  // with room for those that are on their way
      free_slots_.push_back(slots_++);
    }
    const std::uint32_t slot = free_slots_.back();
    std::atomic<const Bucket*>& bucket = buckets_[BucketOf(id)];
    const Bucket* const old_bucket = bucket.load(std::memory_order_relaxed);
    auto new_bucket = std::make_unique<Bucket>(old_bucket == nullptr ? Bucket{} : *old_bucket);
    new_bucket->push_back({.id = id, .slot = slot});
    replaced_.reserve(replaced_.size() + 1);  // the last step that can fail

    free_slots_.pop_back();
    SlotAt(slot)->value.store(value.release(), std::memory_order_seq_cst);
    bucket.store(new_bucket.release(), std::memory_order_seq_cst);
    if (old_bucket != nullptr) replaced_.emplace_back(old_bucket);
    if (replaced_.size() >= kMostReplaced) replaced.swap(replaced_);
  }
  Free(replaced);
  return true;
}

template <typename T>
std::uint64_t Directory<T>::HintFor(const SaleId& id) {
  const MutexLock lock(mutex_);
  const Entry* const entry = FindEntry(id);
  if (entry == nullptr) return 0;
  const std::uint32_t generation = SlotAt(entry->slot)->generation.load(std::memory_order_relaxed);
  return std::uint64_t{generation} << 32 | entry->slot;
}

template <typename T>
bool Directory<T>::Remove(const SaleId& id) {
  std::unique_ptr<T> removed;
  Replaced replaced;
  std::uint32_t index = 0;
  {
    const MutexLock lock(mutex_);
    const Entry* const entry = FindEntry(id);
    if (entry == nullptr) return false;
    index = entry->slot;
    std::atomic<const Bucket*>& bucket = buckets_[BucketOf(id)];
    const Bucket* const old_bucket = bucket.load(std::memory_order_relaxed);
    auto new_bucket = std::make_unique<Bucket>(*old_bucket);
    std::erase_if(*new_bucket, [&id](const Entry& other) { return other.id == id; });
    replaced_.reserve(replaced_.size() + 1);
    free_slots_.reserve(free_slots_.size() + slots_left_ + 1);

    Slot& slot = *SlotAt(index);
    removed.reset(slot.value.exchange(nullptr, std::memory_order_seq_cst));
    slot.generation.fetch_add(1, std::memory_order_seq_cst);
    bucket.store(new_bucket.release(), std::memory_order_seq_cst);
    replaced_.emplace_back(old_bucket);
    replaced.swap(replaced_);
    ++slots_left_;
  }
  Free(replaced);  // after it, nobody is inside what was removed
  const MutexLock lock(mutex_);
  --slots_left_;
  free_slots_.push_back(index);
  return true;
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_DIRECTORY_H_
