#ifndef FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "backend/memory/place_sums.h"
#include "backend/memory/silence_wheel.h"
#include "backend/memory/ticket_index.h"
#include "backend/memory/waiting_blocks.h"
#include "engine/keyed_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0::memory {

// Who takes a place in a line.
struct Placement {
  UserId user;
  std::uint64_t heard_ms;  // see WaitingEntry
  std::uint64_t place;     // no smaller than that of whoever stands ahead
  std::uint64_t ticket;    // the place, but where the line is arranged
  Time joined_at;
  bool arranged = false;
};

// What the lines of a queue have in common; all of it must outlive them.
struct WaitingRoom {
  WaitingBlocks& blocks;
  TicketIndex& index;   // of everybody's spot, by the hash of the user
  SilenceWheel& wheel;  // of the blocks that somebody is in
  const engine::KeyedHash& hash;
  Duration timeout;  // until who is not heard of has fallen silent

  std::uint64_t HashOf(Spot spot) const { return hash(blocks.entry(spot).user.bytes()); }
  bool IsSilent(std::uint64_t heard_ms, Time now) const { return now >= SilentFrom(heard_ms); }
  Time SilentFrom(std::uint64_t heard_ms) const {
    return SaturatingAdd(kMinTime + Duration(static_cast<Duration::rep>(heard_ms * 1'000)),
                         timeout);
  }
};

// One line of people, laid down in the order in which they come: where somebody stands is who is
// how far ahead.  A place is a bit in a block; the live ones ahead of it are counted within its
// word, by a sum over the words before and by PlaceSums over the blocks before.  Blocks that have
// become sparse are joined with their neighbours a block at a time, so that the line takes memory
// by who waits, not by who ever did, and no call moves more than three quarters of a block.
//
// Thread safety: as an int.
class PlaceLine {
 public:
  PlaceLine(const WaitingRoom& room, std::uint8_t tier) : room_(room), tier_(tier) {}
  PlaceLine(PlaceLine&&) = default;
  PlaceLine(const PlaceLine&) = delete;
  PlaceLine& operator=(const PlaceLine&) = delete;
  // REQUIRES: both are of one tier and room.
  void Swap(PlaceLine& other);

  std::uint64_t live() const { return live_; }

  // Makes sure that Append has room.  False, and nothing changed to the eye, where memory ran out.
  bool MakeRoom(const Placement& who) { return HasRoom(who) || AddBlock(who.arranged); }
  // There is room already.
  bool HasRoom(const Placement& who) const {
    return last_ != kNone && Fits(room_.blocks[last_], who);
  }
  // Writes down who is going to stand behind all others, and where; nobody stands there yet.
  // REQUIRES: there is room.
  Spot LayDown(const Placement& who);
  // Whoever was laid down last stands there.  The index is the caller's to tell, and the wheel
  // where they were heard of earlier than somebody ahead of them.
  void StandUp(const Placement& who) {
    WaitingBlock& block = room_.blocks[last_];
    Occupy(block, who.heard_ms);
    if (block.list == WaitingBlock::kUnfiled) File(last_);
    ++live_;
  }
  // Both.
  Spot Append(const Placement& who) {
    const Spot spot = LayDown(who);
    StandUp(who);
    return spot;
  }
  // Takes somebody whose user has this hash out: the place is free, and the index does not know
  // them any more.  Where others stand may change.
  void Remove(Spot spot, std::uint64_t hash);
  // The same for everybody whose bit is set in `who`, of one word.
  void Remove(std::uint32_t block, std::uint32_t word, std::uint64_t who);

  // How many stand ahead of an entry that stands in this line.
  std::uint64_t Ahead(Spot spot) const {
    return Ahead(room_.blocks[WaitingBlocks::BlockOf(spot)], WaitingBlocks::IndexOf(spot));
  }
  // The same, of the i-th place of a block of this line.
  std::uint64_t Ahead(const WaitingBlock& block, std::uint32_t i) const {
    const std::uint32_t word = i / WaitingBlock::kWordPlaces;
    const std::uint64_t before = (std::uint64_t{1} << (i % WaitingBlock::kWordPlaces)) - 1;
    return sums_.Before(block.position) + block.ahead[word] + CountBits(block.bits[word] & before);
  }
  // Who stands ahead of all others; kNone where nobody waits.
  Spot Front() const;

  // Calls visit(spot) for all, from the front on, until it is false.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::uint32_t b = first_; b != kNone; b = room_.blocks[b].next) {
      for (std::uint32_t w = 0; w < WaitingBlock::kWords; ++w) {
        for (std::uint64_t bits = room_.blocks[b].bits[w]; bits != 0; bits &= bits - 1) {
          if (!visit(SpotInWord(b, w, bits))) return;
        }
      }
    }
  }
  // Calls visit(spot) for all in a block.
  template <typename Visit>
  static void ForEachIn(const WaitingBlocks& blocks, std::uint32_t block, Visit visit) {
    for (std::uint32_t w = 0; w < WaitingBlock::kWords; ++w) {
      for (std::uint64_t bits = blocks[block].bits[w]; bits != 0; bits &= bits - 1) {
        visit(SpotInWord(block, w, bits));
      }
    }
  }
  // Calls visit(block) for all of them, from the front on.
  template <typename Visit>
  void ForEachBlock(Visit visit) const {
    for (std::uint32_t b = first_; b != kNone; b = room_.blocks[b].next) visit(b);
  }
  // The first spot of the word that is set in `bits`.
  static Spot SpotInWord(std::uint32_t block, std::uint32_t word, std::uint64_t bits) {
    return WaitingBlocks::SpotOf(block, word * WaitingBlock::kWordPlaces +
                                            static_cast<std::uint32_t>(std::countr_zero(bits)));
  }

  // While it is held everybody stays where they stand, and of those who leave is kept what was.
  void Hold() { held_ = true; }
  // Ends that, and gives back what became sparse meanwhile.
  void Release();
  // Files a block with the wheel, or files it anew, under when somebody in it may fall silent
  // first.
  void File(std::uint32_t block);
  // Joins a block with a neighbour if both are sparse, or takes it out if nobody is left in it.
  void Tidy(std::uint32_t block);
  // Gives all blocks back.  Nobody is in the index any more, or under other spots.
  void Clear();

 private:
  static constexpr std::uint32_t kNone = WaitingBlock::kNone;

  static bool Fits(const WaitingBlock& block, const Placement& who) {
    if (block.used == WaitingBlock::kPlaces || (block.arranged != kNone) != who.arranged) {
      return false;
    }
    return block.used == 0 ||
           (who.place - block.first_place < kMostPlacesApart &&
            (who.arranged || who.joined_at - block.first_joined <= kMostJoinedApart));
  }
  bool AddBlock(bool arranged);
  // Takes the bits of who has left out of the sums.
  void TakeOut(std::uint32_t block, std::uint32_t word, std::uint32_t count);
  void DropUnusedPositions();
  bool JoinWithNext(std::uint32_t block);
  // Whether all who stand in the next block can be told against this one.
  bool CanTell(const WaitingBlock& block, std::uint32_t next) const;
  // Puts those whose bits are set in `bits` of block `from`, its old bits, behind all in `to`.
  void Move(std::uint32_t from, const std::array<std::uint64_t, WaitingBlock::kWords>& bits,
            std::uint32_t to);
  // Somebody stands in the next place of the block.
  static void Occupy(WaitingBlock& block, std::uint64_t heard_ms) {
    const std::uint32_t i = block.used++;
    const std::uint32_t word = i / WaitingBlock::kWordPlaces;
    if (i % WaitingBlock::kWordPlaces == 0) block.ahead[word] = block.live;
    block.bits[word] |= std::uint64_t{1} << (i % WaitingBlock::kWordPlaces);
    block.heard[word] = std::min(block.heard[word], heard_ms);
    ++block.live;
  }
  void Unlink(std::uint32_t block);

  WaitingRoom room_;
  std::uint8_t tier_;
  bool held_ = false;
  std::uint64_t live_ = 0;
  std::uint32_t first_ = kNone;
  std::uint32_t last_ = kNone;
  std::uint32_t block_count_ = 0;
  PlaceSums sums_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_PLACE_LINE_H_
