#ifndef FLASHSALE_SRC_BACKEND_MEMORY_WAITING_BLOCKS_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_WAITING_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/memory/slab.h"
#include "backend/memory/waiting_entry.h"
#include "base/prefetch.h"
#include "engine/page_region.h"

namespace flashsale::inline v0::memory {

// Where in memory somebody stands: the block times WaitingBlock::kPlaces and the place in it.
using Spot = std::uint32_t;

// The blocks of all lines of one queue, and the people in them.  A block that was given back is the
// next to be taken.  Of blocks that nobody uses some stay as they are, for a line that breathes: an
// eighth of those in use and one region.  The memory of people in others goes back to the system,
// wherever they lie: page by page, and as a whole where all of a region is free.  What the line
// knows of a block, 192 bytes, stays.
//
// Thread safety: as an int.  Ownership: of the memory.
class WaitingBlocks {
 public:
  static constexpr std::uint32_t kNone = WaitingBlock::kNone;

  static constexpr std::uint32_t BlockOf(Spot spot) { return spot / WaitingBlock::kPlaces; }
  static constexpr std::uint32_t IndexOf(Spot spot) { return spot % WaitingBlock::kPlaces; }
  static constexpr Spot SpotOf(std::uint32_t block, std::uint32_t index) {
    return block * WaitingBlock::kPlaces + index;
  }

  // An empty block, in no line and in no list; kNone where memory ran out.
  std::uint32_t Take(bool arranged);
  void Give(std::uint32_t block);

  WaitingBlock& operator[](std::uint32_t block) const { return blocks_[block]; }
  WaitingEntry& entry(Spot spot) const {
    std::byte* const people = people_[spot / kRegionPlaces].memory.data();
    return reinterpret_cast<WaitingEntry*>(people)[spot % kRegionPlaces];
  }
  // REQUIRES: the block is arranged.
  ArrangedEntry& arranged(Spot spot) const {
    return arranged_[blocks_[BlockOf(spot)].arranged][IndexOf(spot)];
  }
  // Asks for all that is to be known of somebody.
  void Prefetch(Spot spot) const {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&entry(spot));
    AskFor(bytes);
    AskFor(bytes + sizeof(WaitingEntry) - 1);
    AskFor(&blocks_[BlockOf(spot)]);
    AskFor(&blocks_[BlockOf(spot)].bits);
  }

  // How many blocks are in use; how many have memory for people, whether or not they are in use.
  std::uint32_t in_use() const { return in_use_; }
  std::uint32_t with_memory() const { return in_use_ + spare_count_; }

 private:
  static constexpr std::uint32_t kRegionBlocks = 1'024;  // exactly seven huge pages of people
  static constexpr std::uint32_t kRegionPlaces = kRegionBlocks * WaitingBlock::kPlaces;
  static constexpr std::size_t kRegionBytes = std::size_t{kRegionPlaces} * sizeof(WaitingEntry);
  static_assert(kRegionBytes % (std::size_t{2} << 20) == 0);
  // Spots are 32 bits, and one is kNone.
  static constexpr std::uint32_t kMostBlocks = (std::uint32_t{1} << 23) - 1;

  struct Region {
    engine::PageRegion memory;
    std::uint32_t bare_count = 0;
    std::array<std::uint64_t, kRegionBlocks / 64> bare{};  // blocks whose memory was given back
  };

  // Makes sure that a block's people have memory.
  bool MakeRoom(std::uint32_t block);
  // The first of a list of free blocks, which goes on from it; kNone where it is empty.
  std::uint32_t Pop(std::uint32_t& list);
  void Push(std::uint32_t& list, std::uint32_t block);
  bool IsBare(std::uint32_t block) const;
  // Gives the memory of people in a free block back to the system.
  void Strip(std::uint32_t block);

  Slab<WaitingBlock, 8'192> blocks_;
  Slab<std::array<ArrangedEntry, WaitingBlock::kPlaces>, 512> arranged_;
  std::vector<Region> people_;
  std::uint32_t in_use_ = 0;
  // Free blocks, in lists that run through WaitingBlock::next.
  std::uint32_t spare_ = kNone;
  std::uint32_t spare_count_ = 0;
  std::uint32_t bare_ = kNone;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_BLOCKS_H_
