#include "backend/memory/sale_directory.h"

#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <new>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

// How many replaced lists gather before somebody waits for the readers of all.
constexpr std::size_t kMostReplaced = 256;

std::uint64_t MakeHint(std::uint32_t slot, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | slot;
}

}  // namespace

SaleDirectory::SaleDirectory() = default;

SaleDirectory::~SaleDirectory() {
  for (const auto& block : blocks_owned_) {
    for (Slot& slot : *block) delete slot.engine.load(std::memory_order_relaxed);
  }
  for (const auto& bucket : buckets_) delete bucket.load(std::memory_order_relaxed);
}

std::size_t SaleDirectory::BucketOf(const SaleId& id) {
  return absl::HashOf(absl::string_view(id.view().data(), id.view().size())) % kBuckets;
}

SaleDirectory::Slot* SaleDirectory::SlotAt(std::uint32_t index) const {
  const std::size_t block = index / kSlotsPerBlock;
  if (block >= kBlocks) return nullptr;
  SlotBlock* const slots = blocks_[block].load(std::memory_order_acquire);
  return slots == nullptr ? nullptr : &(*slots)[index % kSlotsPerBlock];
}

const SaleDirectory::Entry* SaleDirectory::FindEntry(const SaleId& id) const {
  const Bucket* const bucket = buckets_[BucketOf(id)].load(std::memory_order_seq_cst);
  if (bucket == nullptr) return nullptr;
  const auto found = std::find_if(bucket->begin(), bucket->end(),
                                  [&id](const Entry& entry) { return entry.id == id; });
  return found == bucket->end() ? nullptr : &*found;
}

engine::SaleEngine* SaleDirectory::Find(const SaleRef& sale) const {
  if (sale.hint() != 0) {
    const Slot* const slot = SlotAt(static_cast<std::uint32_t>(sale.hint()));
    if (slot != nullptr) {
      // The engine first: it is set last when a slot is filled and cleared first when it is
      // emptied, so an engine together with the hint's generation is the hint's sale.
      engine::SaleEngine* const engine = slot->engine.load(std::memory_order_seq_cst);
      if (engine != nullptr &&
          slot->generation.load(std::memory_order_seq_cst) == sale.hint() >> 32) {
        return engine;
      }
    }
  }
  const Entry* const entry = FindEntry(sale.id());
  return entry == nullptr ? nullptr : SlotAt(entry->slot)->engine.load(std::memory_order_seq_cst);
}

bool SaleDirectory::Add(std::unique_ptr<engine::SaleEngine> engine) {
  const SaleId& id = engine->terms().id;
  const MutexLock lock(mutex_);
  if (FindEntry(id) != nullptr) return false;
  if (free_slots_.empty()) {
    if (slots_ % kSlotsPerBlock == 0) {
      const std::size_t block = slots_ / kSlotsPerBlock;
      if (block == kBlocks) throw std::bad_alloc();
      blocks_owned_.push_back(std::make_unique<SlotBlock>());
      blocks_[block].store(blocks_owned_.back().get(), std::memory_order_release);
    }
    free_slots_.push_back(slots_++);
  }
  const std::uint32_t slot = free_slots_.back();
  std::atomic<const Bucket*>& bucket = buckets_[BucketOf(id)];
  const Bucket* const old_bucket = bucket.load(std::memory_order_relaxed);
  auto new_bucket = std::make_unique<Bucket>(old_bucket == nullptr ? Bucket{} : *old_bucket);
  new_bucket->push_back({.id = id, .slot = slot});
  replaced_.reserve(replaced_.size() + 1);  // the last step that can fail

  free_slots_.pop_back();
  SlotAt(slot)->engine.store(engine.release(), std::memory_order_seq_cst);
  bucket.store(new_bucket.release(), std::memory_order_seq_cst);
  if (old_bucket != nullptr) replaced_.emplace_back(old_bucket);
  if (replaced_.size() >= kMostReplaced) FreeReplaced();
  return true;
}

std::uint64_t SaleDirectory::HintFor(const SaleId& id) {
  const MutexLock lock(mutex_);
  const Entry* const entry = FindEntry(id);
  if (entry == nullptr) return 0;
  return MakeHint(entry->slot, SlotAt(entry->slot)->generation.load(std::memory_order_relaxed));
}

bool SaleDirectory::Remove(const SaleId& id) {
  std::unique_ptr<engine::SaleEngine> removed;
  const MutexLock lock(mutex_);
  const Entry* const entry = FindEntry(id);
  if (entry == nullptr) return false;
  const std::uint32_t index = entry->slot;
  std::atomic<const Bucket*>& bucket = buckets_[BucketOf(id)];
  const Bucket* const old_bucket = bucket.load(std::memory_order_relaxed);
  auto new_bucket = std::make_unique<Bucket>(*old_bucket);
  std::erase_if(*new_bucket, [&id](const Entry& other) { return other.id == id; });
  replaced_.reserve(replaced_.size() + 1);
  free_slots_.reserve(free_slots_.size() + 1);

  Slot& slot = *SlotAt(index);
  removed.reset(slot.engine.exchange(nullptr, std::memory_order_seq_cst));
  slot.generation.fetch_add(1, std::memory_order_seq_cst);
  bucket.store(new_bucket.release(), std::memory_order_seq_cst);
  replaced_.emplace_back(old_bucket);
  FreeReplaced();  // after it, nobody is inside the removed engine
  free_slots_.push_back(index);
  return true;
}

void SaleDirectory::FreeReplaced() {
  gate_.Synchronize();
  replaced_.clear();
}

}  // namespace flashsale::inline v0::memory
