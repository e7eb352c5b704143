#ifndef FLASHSALE_SRC_ENGINE_BLOCK_POOL_H_
#define FLASHSALE_SRC_ENGINE_BLOCK_POOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "engine/page_region.h"

namespace flashsale::inline v0::engine {

// A buddy allocator (D. Knuth, The Art of Computer Programming 1, section 2.5) for the tables of
// one sale.  A table that doubles frees the block it came from; two such neighbours become the
// block that the next table doubles into, so that growing wastes next to nothing and large pages
// stay dense. Thread safety: any thread.  Blocking: one short mutex.  Ownership: all blocks,
// returned to the system with the pool.
class BlockPool {
 public:
  static constexpr int kMaxOrder = 26;

  // A block of order k has unit_bytes << k bytes.  The system is asked for chunks of about
  // chunk_bytes.  REQUIRES: unit_bytes is a multiple of 64.
  BlockPool(std::size_t unit_bytes, std::size_t chunk_bytes);

  // A block, its content undefined, aligned to 64 bytes; null where memory ran out.
  // REQUIRES: 0 <= order <= kMaxOrder.
  std::byte* Allocate(int order) FLASHSALE_EXCLUDES(mutex_);

  // Makes all memory resident that the system has given so far.  REQUIRES: nobody uses a block.
  void Prefault() FLASHSALE_EXCLUDES(mutex_);

  // REQUIRES: Allocate(order) gave the block.  Never fails.
  void Free(std::byte* block, int order) FLASHSALE_EXCLUDES(mutex_);

 private:
  // Stands at the front of every free block.
  struct FreeBlock {
    FreeBlock* next;
    FreeBlock* previous;
    int chunk;
  };
  struct Chunk {
    PageRegion region;
    int order;
    // By unit: 1 + the order of the free block that begins there; 0: none does.
    std::unique_ptr<std::uint8_t[]> free_order;
  };

  bool AddChunk(int order) FLASHSALE_REQUIRES(mutex_);
  void Push(int chunk, std::size_t unit, int order) FLASHSALE_REQUIRES(mutex_);
  void Remove(int chunk, std::size_t unit, int order) FLASHSALE_REQUIRES(mutex_);
  int ChunkOf(const std::byte* block) const FLASHSALE_REQUIRES(mutex_);
  std::byte* At(int chunk, std::size_t unit) const FLASHSALE_REQUIRES(mutex_);

  const std::size_t unit_bytes_;
  int chunk_order_ = 0;
  Mutex mutex_;
  std::vector<Chunk> chunks_ FLASHSALE_GUARDED_BY(mutex_);
  std::array<FreeBlock*, kMaxOrder + 1> free_ FLASHSALE_GUARDED_BY(mutex_){};
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_BLOCK_POOL_H_
