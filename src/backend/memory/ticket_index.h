#ifndef FLASHSALE_SRC_BACKEND_MEMORY_TICKET_INDEX_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_TICKET_INDEX_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "backend/memory/slab.h"
#include "base/prefetch.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace flashsale::inline v0::memory {

// Finds the entries of users by the hashes of their ids, at any size in about one cache miss, and
// grows without ever standing still: a hash table of small tables that split in two one by one
// (R. Fagin et al., "Extendible Hashing", 1979).  In a table, cache lines of twelve entries with
// eight bits of each one's hash, which are compared all at once; what finds its line full goes to
// another, by a step that those bits tell, and a line counts those that went past it, so that
// nothing is left behind by who goes (as in N. Bronson and X. Shi, "Open-sourcing F14", 2019).  It
// counts them in eight classes, so that hardly anybody looks further in vain even where nine in ten
// places are taken.
//
// Thread safety: as an int.
class TicketIndex {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kNone = std::numeric_limits<Slot>::max();

  // Of the entries whose users may have this hash the one that is_it(slot) accepts; or kNone.
  template <typename IsIt>
  Slot Find(std::uint64_t hash, IsIt is_it) const {
    if (directory_.empty()) return kNone;
    const Table& table = TableOf(hash);
    const Tag tag = TagOf(hash);
    for (std::size_t i = Home(hash), seen = 0; seen < kLines; i = Next(i, tag), ++seen) {
      const Line& line = table[i];
      for (std::uint32_t set = line.Matching(tag); set != 0; set &= set - 1) {
        const Slot slot = line.slots[static_cast<std::size_t>(std::countr_zero(set))];
        if (is_it(slot)) return slot;
      }
      if (!line.WentPast(tag)) break;
    }
    return kNone;
  }

  // The first entry whose tag agrees with the hash, to be asked for before Find: likely the one.
  Slot Guess(std::uint64_t hash) const {
    return Find(hash, [](Slot) { return true; });
  }
  // Asks for the line that a search begins with.
  void Prefetch(std::uint64_t hash) const {
    if (!directory_.empty()) AskFor(&TableOf(hash)[Home(hash)]);
  }

  // Makes sure that Insert(hash, …) has room; `hash_of(slot)` is the hash of an entry that is in
  // the index, `ask_for(slot)` prefetches what that needs.  False, and nothing changed to the eye,
  // where memory ran out.
  template <typename HashOf, typename AskFor>
  bool MakeRoom(std::uint64_t hash, HashOf hash_of, AskFor ask_for) {
    if (directory_.empty() && !MakeFirst()) return false;
    while (metas_[NumberOf(hash)].entries >= kMostEntries) {
      if (Split(hash, hash_of, ask_for)) continue;
      return metas_[NumberOf(hash)].entries < kLastEntries;
    }
    return true;
  }
  // REQUIRES: MakeRoom(hash, …) was true and no other entry came in since.
  void Insert(std::uint64_t hash, Slot slot) { Insert(NumberOf(hash), hash, slot); }

  // REQUIRES: the entry is in the index under this hash.
  void Erase(std::uint64_t hash, Slot slot);
  // The entry has moved.  REQUIRES: it is in the index under this hash.
  void Move(std::uint64_t hash, Slot from, Slot to);

 private:
  using Tag = std::uint8_t;
  static constexpr std::size_t kSlots = 12;
  static constexpr std::size_t kLines = 256;
  // Beyond that searches get long.
  static constexpr std::uint32_t kMostEntries = kLines * kSlots * 29 / 32;
  // Where a table cannot be split.
  static constexpr std::uint32_t kLastEntries = kLines * (kSlots - 1);
  static constexpr Tag kFree = 0;

  struct alignas(64) Line {
    std::array<Tag, kSlots> tags;
    std::uint32_t went_past;  // eight counts of four bits, by tag; one that is full stays so
    std::array<Slot, kSlots> slots;

    // A set of slots is a word with bit i for the i-th.
    std::uint32_t Matching(Tag tag) const {
      constexpr std::uint32_t kAll = (1U << kSlots) - 1;
#if defined(__SSE2__)
      const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
      const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & kAll;
#else
      std::uint32_t set = 0;
      for (std::size_t i = 0; i < kSlots; ++i) set |= std::uint32_t{tags[i] == tag} << i;
      return set & kAll;
#endif
    }

    bool WentPast(Tag tag) const { return (went_past >> ShiftOf(tag) & kFull) != 0; }
    void GoPast(Tag tag) {
      const bool full = (went_past >> ShiftOf(tag) & kFull) == kFull;
      went_past += std::uint32_t{!full} << ShiftOf(tag);
    }
    void GoneFromPast(Tag tag) {
      const bool full = (went_past >> ShiftOf(tag) & kFull) == kFull;
      went_past -= std::uint32_t{!full} << ShiftOf(tag);
    }

   private:
    static constexpr std::uint32_t kFull = 15;
    static unsigned ShiftOf(Tag tag) { return tag % 8U * 4; }
  };
  static_assert(sizeof(Line) == 64);
  using Table = std::array<Line, kLines>;

  struct Meta {
    std::uint32_t entries = 0;
    std::uint8_t depth = 0;  // how many upper bits of the hash all its entries have in common
  };

  // The uppermost bits choose the table, bits 8 to 15 the line in it, bits 0 to 7 are the tag.
  std::uint32_t NumberOf(std::uint64_t hash) const {
    return directory_[depth_ == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - depth_))];
  }
  Table& TableOf(std::uint64_t hash) const { return tables_[NumberOf(hash)]; }
  static std::size_t Home(std::uint64_t hash) { return hash >> 8 & (kLines - 1); }
  // An odd step, so that it comes by all lines.
  static std::size_t Next(std::size_t line, Tag tag) {
    return (line + 2 * std::size_t{tag} + 1) & (kLines - 1);
  }
  static Tag TagOf(std::uint64_t hash) { return static_cast<Tag>((hash & 0xFF) % 255 + 1); }

  bool MakeFirst();
  // Takes a second table for the upper half of the hashes of this one's table and names it in the
  // directory; both are empty then.  False, and nothing changed, where memory ran out.
  bool Divide(std::uint64_t hash);
  void Insert(std::uint32_t number, std::uint64_t hash, Slot slot);

  template <typename HashOf, typename AskFor>
  bool Split(std::uint64_t hash, HashOf hash_of, AskFor ask_for) {
    std::array<Slot, kLines * kSlots> moved;
    std::size_t count = 0;
    for (const Line& line : TableOf(hash)) {
      for (std::size_t i = 0; i < kSlots; ++i) {
        if (line.tags[i] != kFree) moved[count++] = line.slots[i];
      }
    }
    if (!Divide(hash)) return false;
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) ask_for(moved[i + kAhead]);
      Insert(hash_of(moved[i]), moved[i]);
    }
    return true;
  }

  Slab<Table, 128> tables_;
  std::vector<Meta> metas_;               // of each table
  std::vector<std::uint32_t> directory_;  // the table for each value of the `depth_` upper bits
  int depth_ = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_TICKET_INDEX_H_
