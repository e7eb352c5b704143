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
// next to be taken; where all of a region's blocks are free its people's memory goes back to the
// system.
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

  // How many blocks are in use; how many bytes of people are there to be used.
  std::uint32_t in_use() const { return in_use_; }
  std::size_t mapped_bytes() const;

 private:
  static constexpr std::uint32_t kRegionBlocks = 1'024;  // exactly seven huge pages of people
  static constexpr std::uint32_t kRegionPlaces = kRegionBlocks * WaitingBlock::kPlaces;
  static constexpr std::size_t kRegionBytes = std::size_t{kRegionPlaces} * sizeof(WaitingEntry);
  static_assert(kRegionBytes % (std::size_t{2} << 20) == 0);
  static constexpr std::uint32_t kMostBlocks = std::uint32_t{1} << 23;  // spots are 32 bits

  struct Region {
    engine::PageRegion memory;
    std::uint32_t in_use = 0;
  };

  // Makes sure that a block's people have memory.
  bool MakeRoom(std::uint32_t block);

  Slab<WaitingBlock, 8'192> blocks_;
  Slab<std::array<ArrangedEntry, WaitingBlock::kPlaces>, 512> arranged_;
  std::vector<Region> people_;
  std::uint32_t in_use_ = 0;
  std::uint32_t spare_ = kNone;  // a region that is kept although it is empty
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_BLOCKS_H_
