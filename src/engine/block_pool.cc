#include "engine/block_pool.h"

#include <algorithm>
#include <new>
#include <utility>

namespace flashsale::inline v0::engine {

BlockPool::BlockPool(std::size_t unit_bytes, std::size_t chunk_bytes) : unit_bytes_(unit_bytes) {
  while (chunk_order_ < kMaxOrder && (unit_bytes_ << chunk_order_) < chunk_bytes) ++chunk_order_;
}

std::byte* BlockPool::Allocate(int order) {
  const MutexLock lock(mutex_);
  int found = order;
  while (found <= kMaxOrder && free_[static_cast<std::size_t>(found)] == nullptr) ++found;
  if (found > kMaxOrder) {
    found = std::max(order, chunk_order_);
    if (!AddChunk(found)) {
      found = order;  // where memory is short, a block of just this size may still be had
      if (!AddChunk(found)) return nullptr;
    }
  }
  FreeBlock* const block = free_[static_cast<std::size_t>(found)];
  const int chunk = block->chunk;
  std::byte* const bytes = reinterpret_cast<std::byte*>(block);
  const std::size_t unit = static_cast<std::size_t>(bytes - At(chunk, 0)) / unit_bytes_;
  Remove(chunk, unit, found);
  while (found > order) {
    --found;
    Push(chunk, unit + (std::size_t{1} << found), found);
  }
  return bytes;
}

void BlockPool::Free(std::byte* block, int order) {
  const MutexLock lock(mutex_);
  const int chunk = ChunkOf(block);
  const Chunk& home = chunks_[static_cast<std::size_t>(chunk)];
  std::size_t unit = static_cast<std::size_t>(block - home.region.data()) / unit_bytes_;
  while (order < home.order) {
    const std::size_t buddy = unit ^ (std::size_t{1} << order);
    if (home.free_order[buddy] != order + 1) break;
    Remove(chunk, buddy, order);
    unit = std::min(unit, buddy);
    ++order;
  }
  Push(chunk, unit, order);
}

void BlockPool::Prefault() {
  const MutexLock lock(mutex_);
  for (Chunk& chunk : chunks_) chunk.region.Prefault();
}

bool BlockPool::AddChunk(int order) {
  const std::size_t units = std::size_t{1} << order;
  Chunk chunk{
      .region = PageRegion::Map(unit_bytes_ << order),
      .order = order,
      .free_order = std::unique_ptr<std::uint8_t[]>(new (std::nothrow) std::uint8_t[units]())};
  if (chunk.region.empty() || chunk.free_order == nullptr) return false;
  try {
    chunks_.push_back(std::move(chunk));
  } catch (const std::bad_alloc&) {
    return false;
  }
  Push(static_cast<int>(chunks_.size()) - 1, 0, order);
  return true;
}

void BlockPool::Push(int chunk, std::size_t unit, int order) {
  FreeBlock*& head = free_[static_cast<std::size_t>(order)];
  head = new (At(chunk, unit)) FreeBlock{.next = head, .previous = nullptr, .chunk = chunk};
  if (head->next != nullptr) head->next->previous = head;
  chunks_[static_cast<std::size_t>(chunk)].free_order[unit] = static_cast<std::uint8_t>(order + 1);
}

void BlockPool::Remove(int chunk, std::size_t unit, int order) {
  FreeBlock* const block = std::launder(reinterpret_cast<FreeBlock*>(At(chunk, unit)));
  if (block->next != nullptr) block->next->previous = block->previous;
  if (block->previous != nullptr) {
    block->previous->next = block->next;
  } else {
    free_[static_cast<std::size_t>(order)] = block->next;
  }
  chunks_[static_cast<std::size_t>(chunk)].free_order[unit] = 0;
}

int BlockPool::ChunkOf(const std::byte* block) const {
  const auto home = std::find_if(chunks_.begin(), chunks_.end(), [block](const Chunk& chunk) {
    return block >= chunk.region.data() && block < chunk.region.data() + chunk.region.bytes();
  });
  return static_cast<int>(home - chunks_.begin());
}

std::byte* BlockPool::At(int chunk, std::size_t unit) const {
  return chunks_[static_cast<std::size_t>(chunk)].region.data() + unit * unit_bytes_;
}

}  // namespace flashsale::inline v0::engine
