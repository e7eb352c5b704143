#ifndef FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0::memory {

// Somebody who waits.  There are millions of them, so most of what is known of one is told against
// the block in which they stand; see WaitingBlock.
struct WaitingEntry {
  static constexpr std::uint32_t kHighMask = 0xFFF;

  UserId user;
  // The end of the millisecond of the queue's time in which they were last heard of: 44 bits.
  std::uint32_t heard_low;
  std::uint32_t heard_high : 12;
  std::uint32_t place : 20;  // after the block's first
  std::uint32_t joined;      // microseconds after the block's first; where it is arranged, low bits

  std::uint64_t heard_ms() const { return std::uint64_t{heard_high} << 32 | heard_low; }
  void set_heard_ms(std::uint64_t ms) {
    heard_low = static_cast<std::uint32_t>(ms);
    heard_high = static_cast<std::uint32_t>(ms >> 32) & kHighMask;
  }
};
static_assert(sizeof(WaitingEntry) == 28 && std::is_trivially_copyable_v<WaitingEntry>);

// So far apart may the places of one block be.
inline constexpr std::uint64_t kMostPlacesApart = std::uint64_t{1} << 20;
// And the times when they joined, where they are told against the first's.
inline constexpr Duration kMostJoinedApart{(std::int64_t{1} << 32) - 1};

// What an arranged block tells of each of its people beside: the ticket, which is not their place,
// and the upper bits of when they joined, for whoever was drawn may have come at any time.
struct ArrangedEntry {
  std::uint64_t ticket : 43;
  std::uint64_t joined_high : 21;
};
static_assert(sizeof(ArrangedEntry) == 8);
inline constexpr std::uint64_t kLastTicket = (std::uint64_t{1} << 43) - 1;

// What the line knows of a stretch of 512 places, one after the other, apart from the people in
// them: so that it stays in the caches.  Who left is a bit that is not set.
struct alignas(64) WaitingBlock {
  static constexpr std::uint32_t kPlaces = 512;
  static constexpr std::uint32_t kWordPlaces = 64;
  static constexpr std::uint32_t kWords = kPlaces / kWordPlaces;
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint16_t kUnfiled = std::numeric_limits<std::uint16_t>::max();
  static constexpr std::uint64_t kNobody = std::numeric_limits<std::uint64_t>::max();

  std::array<std::uint16_t, kWords> ahead;  // how many live in the words before each
  std::uint64_t first_place;                // QueueEntry::place of the first who ever stood here
  Time first_joined;                        // of the same; unused where it is arranged
  std::uint32_t position;                   // in the line's sums
  std::uint32_t previous;                   // the blocks beside it in the line
  std::uint32_t next;
  std::uint32_t arranged;      // which ArrangedEntries are its; kNone: it is as people came
  std::uint32_t next_in_list;  // of the SilenceWheel
  std::uint32_t previous_in_list;
  std::uint16_t list;  // which of the wheel's; kUnfiled: none
  std::uint16_t live;
  std::uint16_t used;  // places given; those behind are free
  std::uint8_t tier;
  alignas(64) std::array<std::uint64_t, kWords> bits;
  // By word: nobody in it was last heard of earlier than this, in milliseconds; kNobody: nobody is
  // in it.
  std::array<std::uint64_t, kWords> heard;
};
static_assert(sizeof(WaitingBlock) == 192 && std::is_trivially_copyable_v<WaitingBlock>);

// Counts the bits that are set, without the instruction that not every processor has.
constexpr std::uint32_t CountBits(std::uint64_t word) {
  word -= word >> 1 & 0x5555'5555'5555'5555;
  word = (word & 0x3333'3333'3333'3333) + (word >> 2 & 0x3333'3333'3333'3333);
  word = (word + (word >> 4)) & 0x0F0F'0F0F'0F0F'0F0F;
  return static_cast<std::uint32_t>(word * 0x0101'0101'0101'0101 >> 56);
}

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_
