#include "engine/expiry_queue.h"

namespace flashsale::inline v0::engine {

bool ExpiryQueue::EnsureHeap(std::size_t entries) {
  const std::size_t needed = heap_.size() + requeues_ + entries;
  if (needed <= heap_.capacity()) return true;
  try {
    heap_.reserve(std::max(needed, 2 * heap_.capacity()));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

bool ExpiryQueue::AppendBlock() {
  auto* const block = new (std::nothrow) Block;
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
    while (head_ != tail_) delete std::exchange(head_, head_->next);
    head_position_ = tail_size_ = 0;
    return;
  }
  delete std::exchange(head_, head_->next);
  head_position_ = 0;
}

void ExpiryQueue::Clear() {
  while (head_ != nullptr) delete std::exchange(head_, head_->next);
  tail_ = nullptr;
  head_position_ = tail_size_ = in_order_ = requeues_ = 0;
  heap_.clear();
  heap_.shrink_to_fit();
}

}  // namespace flashsale::inline v0::engine
