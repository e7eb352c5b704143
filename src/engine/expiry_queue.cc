#include "engine/expiry_queue.h"

namespace flashsale::inline v0::engine {

ExpiryBlockArena::ExpiryBlockArena(std::uint64_t expected_holds)
    : region_bytes_([expected_holds] {
        constexpr std::size_t kSmallest = std::size_t{64} << 10;
        constexpr std::size_t kLargest = std::size_t{8} << 20;
        const std::uint64_t all = expected_holds * sizeof(ExpiryEntry);
        return static_cast<std::size_t>(std::clamp<std::uint64_t>(all / 8, kSmallest, kLargest)) /
               sizeof(ExpiryBlock) * sizeof(ExpiryBlock);
      }()) {}

ExpiryBlock* ExpiryBlockArena::Allocate() {
  const MutexLock lock(mutex_);
  if (free_ != nullptr) return std::exchange(free_, free_->next);
  if (regions_.empty() || used_bytes_ == region_bytes_) {
    PageRegion region = PageRegion::Map(region_bytes_);
    if (region.empty()) return nullptr;
    try {
      regions_.push_back(std::move(region));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    used_bytes_ = 0;
  }
  auto* const block = new (regions_.back().data() + used_bytes_) ExpiryBlock;
  used_bytes_ += sizeof(ExpiryBlock);
  return block;
}

void ExpiryBlockArena::Free(ExpiryBlock* block) {
  const MutexLock lock(mutex_);
  block->next = std::exchange(free_, block);
}

bool ExpiryBlockArena::Prefault(std::uint64_t holds) {
  ExpiryBlock* taken = nullptr;
  std::uint64_t room = 0;
  for (; room < holds; room += ExpiryBlock::kEntries) {
    ExpiryBlock* const block = Allocate();
    if (block == nullptr) break;
    block->entries.fill({});
    block->next = std::exchange(taken, block);
  }
  while (taken != nullptr) Free(std::exchange(taken, taken->next));
  return room >= holds;
}

bool ExpiryQueue::GrowHeap(std::size_t entries) {
  try {
    heap_.reserve(std::max(entries, 2 * heap_.capacity()));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

bool ExpiryQueue::AppendBlock() {
  Block* const block = arena_.Allocate();
  if (block == nullptr) return false;
  block->next = nullptr;
  if (tail_ == nullptr) {
    head_ = tail_ = block;
    head_position_ = tail_size_ = 0;
  } else {
    tail_->next = block;
  }
  return true;
}

void ExpiryQueue::DropHead() {
  if (in_order_ == 0) {
    // Nothing is left in order: begin anew at the front of the block that is appended to.
    while (head_ != tail_) arena_.Free(std::exchange(head_, head_->next));
    head_position_ = tail_size_ = 0;
    return;
  }
  arena_.Free(std::exchange(head_, head_->next));
  head_position_ = 0;
}

}  // namespace flashsale::inline v0::engine
