#ifndef FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/memory/slab.h"
#include "backend/memory/waiting_entry.h"

namespace flashsale::inline v0::memory {

// A stretch of places, one after the other; who left is a bit that is not set.
struct PlaceBlock {
  static constexpr std::uint32_t kPlaces = 4'096;
  static constexpr std::uint32_t kWordPlaces = 64;
  static constexpr std::uint32_t kGroupPlaces = 512;  // a cache line of bits

  std::array<std::uint16_t, kPlaces / kGroupPlaces> live_in_group;
  std::uint32_t live;
  std::uint32_t used;      // places given; those behind are free
  std::uint32_t position;  // in the line's tree of sums
  std::uint32_t previous;  // the blocks beside it
  std::uint32_t next;
  alignas(64) std::array<std::uint64_t, kPlaces / kWordPlaces> bits;
  std::array<std::uint32_t, kPlaces> entries;
};
using PlaceBlocks = Slab<PlaceBlock, 128>;

// One line of people: who stands where, exactly, in O(log n), whoever leaves from wherever.  A
// place is a bit in a block; the live ones ahead of it are counted by population counts within the
// block and by a tree of sums over the blocks before (P. Fenwick, "A New Data Structure for
// Cumulative Frequency Tables", 1994).  Blocks that have become sparse are joined with their
// neighbours a block at a time, so that the line takes memory by who waits, not by who ever did,
// and no call renumbers more than half a block.
//
// Thread safety: as an int.  Ownership: its blocks are of a slab that it shares with other lines,
// and it keeps `place` of its entries; both must outlive it.
class PlaceLine {
 public:
  PlaceLine(PlaceBlocks& blocks, WaitingEntries& entries) : blocks_(&blocks), entries_(&entries) {}

  std::uint64_t live() const { return live_; }

  // Makes sure that Append has room.  False, and nothing changed, where memory ran out.
  bool MakeRoom();
  // Puts an entry behind all others.  REQUIRES: MakeRoom() was true since the last one.
  void Append(std::uint32_t entry);
  // Takes an entry out: its place is free.  REQUIRES: it stands in this line.
  void Remove(std::uint32_t entry);

  // How many stand ahead of an entry that stands in this line.
  std::uint64_t Ahead(std::uint32_t entry) const;
  // Who stands ahead of all others; kNone where nobody waits.
  std::uint32_t Front() const;
  void Prefetch(std::uint32_t place) const {
    const PlaceBlock& block = (*blocks_)[place / PlaceBlock::kPlaces];
    __builtin_prefetch(&block);
    __builtin_prefetch(&block.bits[place % PlaceBlock::kPlaces / PlaceBlock::kWordPlaces]);
  }

  // Calls visit(entry) for all, from the front on.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::uint32_t b = first_; b != kNone; b = (*blocks_)[b].next) {
      const PlaceBlock& block = (*blocks_)[b];
      for (std::size_t w = 0; w < block.bits.size(); ++w) {
        for (std::uint64_t bits = block.bits[w]; bits != 0; bits &= bits - 1) {
          visit(block.entries[w * PlaceBlock::kWordPlaces +
                              static_cast<std::size_t>(std::countr_zero(bits))]);
        }
      }
    }
  }
  // Tells all entries their places anew, after another line has told them its own.
  void TellPlaces();
  // Gives all blocks back.
  void Clear();

 private:
  static constexpr std::uint32_t kNone = PlaceBlocks::kNone;
  static constexpr std::uint32_t kMostBlocks = std::uint32_t{1} << 20;  // places are 32 bits

  void Put(PlaceBlock& block, std::uint32_t number, std::uint32_t entry);
  void AddToSums(std::uint32_t position, std::int64_t count);
  std::uint64_t SumBefore(std::uint32_t position) const;
  void AppendPosition(std::uint32_t block);
  void RenumberPositions();
  // Joins a block with a neighbour if both are sparse, or takes it out if nobody is left in it.
  void Tidy(std::uint32_t block);
  bool JoinWithNext(std::uint32_t block);
  void Unlink(std::uint32_t block);

  PlaceBlocks* blocks_;
  WaitingEntries* entries_;
  std::uint64_t live_ = 0;
  std::uint32_t first_ = kNone;
  std::uint32_t last_ = kNone;
  std::uint32_t block_count_ = 0;
  std::vector<std::uint64_t> sums_;  // from position 1 on; 0 is nobody's
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_
