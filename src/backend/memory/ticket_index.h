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
// (R. Fagin et al., "Extendible Hashing", 1979).  In a table, cache lines of eleven entries with
// eight bits of each one's hash, which are compared all at once; what finds its line full goes to
// another, by a step that those bits tell, and a line counts those that went past it, so that
// nothing is left behind by who goes (as in N. Bronson and X. Shi, "Open-sourcing F14", 2019).
//
// Where an entry goes when its table splits is told by three more bits beside it, so that two
// splits of three ask nobody for a hash but those few that stand in another line than their own.
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

  // The first entry whose tag agrees with the hash, likely the one: to be asked for before Find.
  // kNone where the line that a search begins with has none; what a search, or an insert, goes on
  // to is asked for.
  Slot Guess(std::uint64_t hash) const {
    if (directory_.empty()) return kNone;
    const Table& table = TableOf(hash);
    const Tag tag = TagOf(hash);
    const Line& line = table[Home(hash)];
    const std::uint32_t set = line.Matching(tag);
    if (set != 0) return line.slots[static_cast<std::size_t>(std::countr_zero(set))];
    if (line.WentPast(tag) || line.Matching(kFree) == 0) AskFor(&table[Next(Home(hash), tag)]);
    return kNone;
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

  // Inserts an entry if a look at one line tells that nobody with this hash is there, and has room.
  // False, and nothing changed, where it does not.
  bool TryInsert(std::uint64_t hash, Slot slot) {
    if (directory_.empty()) return false;
    const std::uint32_t number = NumberOf(hash);
    Meta& meta = metas_[number];
    if (meta.entries >= kMostEntries) return false;
    const Tag tag = TagOf(hash);
    Line& line = tables_[number][Home(hash)];
    const std::uint32_t free = line.Matching(kFree);
    if (line.Matching(tag) != 0 || line.WentPast(tag) || free == 0) return false;
    line.Put(static_cast<std::size_t>(std::countr_zero(free)), tag, slot, MarkOf(hash, meta.depth));
    ++meta.entries;
    return true;
  }

  // REQUIRES: the entry is in the index under this hash.
  void Erase(std::uint64_t hash, Slot slot);
  // The entry has moved.  REQUIRES: it is in the index under this hash.
  void Move(std::uint64_t hash, Slot from, Slot to);

 private:
  using Tag = std::uint8_t;
  static constexpr std::size_t kSlots = 11;
  static constexpr std::size_t kLines = 320;
  // Beyond that searches get long.
  static constexpr std::uint32_t kMostEntries = kLines * kSlots * 13 / 16;
  // Where a table cannot be split.
  static constexpr std::uint32_t kLastEntries = kLines * (kSlots - 1);
  static constexpr Tag kFree = 0;

  struct alignas(64) Line {
    std::array<Tag, kSlots + 1> tags;  // the last is nobody's
    std::array<Slot, kSlots> slots;
    // A mark of four bits a slot, see MarkOf; above them four counts of five bits, by tag, of who
    // went past.  One that is full stays so.
    std::uint64_t marks;

    // A set of slots is a word with bit i for the i-th.
    std::uint32_t Matching(Tag tag) const {
#if defined(__SSE2__)
      const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
      const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & kAllSlots;
#else
      std::uint32_t set = 0;
      for (std::size_t i = 0; i < kSlots; ++i) set |= std::uint32_t{tags[i] == tag} << i;
      return set;
#endif
    }

    void Put(std::size_t i, Tag tag, Slot slot, std::uint64_t mark) {
      tags[i] = tag;
      slots[i] = slot;
      marks = (marks & ~(kMark << (kMarkBits * i))) | mark << (kMarkBits * i);
    }
    std::uint64_t MarkAt(std::size_t i) const { return marks >> (kMarkBits * i) & kMark; }

    bool WentPast(Tag tag) const { return (marks >> ShiftOf(tag) & kFull) != 0; }
    void GoPast(Tag tag) {
      const bool full = (marks >> ShiftOf(tag) & kFull) == kFull;
      marks += std::uint64_t{!full} << ShiftOf(tag);
    }
    void GoneFromPast(Tag tag) {
      const bool full = (marks >> ShiftOf(tag) & kFull) == kFull;
      marks -= std::uint64_t{!full} << ShiftOf(tag);
    }
    void NobodyWentPast() { marks &= (std::uint64_t{1} << (kMarkBits * kSlots)) - 1; }

   private:
    static constexpr std::uint64_t kFull = 31;
    static unsigned ShiftOf(Tag tag) {
      return static_cast<unsigned>(kMarkBits * kSlots) + tag % 4U * 5;
    }
  };
  static_assert(sizeof(Line) == 64);
  using Table = std::array<Line, kLines>;

  static constexpr std::uint32_t kAllSlots = (1U << kSlots) - 1;
  static constexpr std::size_t kMarkBits = 4;
  static constexpr std::uint64_t kMark = 15;
  static constexpr std::uint64_t kAstray = 8;  // the mark of an entry in another line than its own

  struct Meta {
    std::uint32_t entries = 0;
    std::uint8_t depth = 0;  // how many upper bits of the hash all its entries have in common
  };

  // The uppermost bits choose the table, bits 8 to 31 the line in it, bits 0 to 7 are the tag.
  std::uint32_t NumberOf(std::uint64_t hash) const {
    return directory_[static_cast<std::size_t>(hash >> 1 >> (63 - depth_))];
  }
  Table& TableOf(std::uint64_t hash) const { return tables_[NumberOf(hash)]; }
  static std::size_t Home(std::uint64_t hash) { return (hash >> 8 & 0xFF'FFFF) * kLines >> 24; }
  // A step that has no factor in common with the number of lines, so that it comes by all.
  static std::size_t Next(std::size_t line, Tag tag) {
    static_assert(kLines == 320);  // 2^6 times 5
    const std::size_t step = 10 * std::size_t{tag % 32U} + 1;
    return line + step < kLines ? line + step : line + step - kLines;
  }
  static Tag TagOf(std::uint64_t hash) {
    const auto tag = static_cast<Tag>(hash);
    return tag == kFree ? Tag{1} : tag;
  }

  // The three uppermost bits of a hash of which the next one tells where the entry goes when a
  // table of this depth splits; they are known anew after each third split.
  static std::uint64_t MarkOf(std::uint64_t hash, int depth) {
    return hash >> (61 - FirstMarked(depth)) & 7;
  }
  static constexpr int FirstMarked(int depth) { return (depth + 2) / 3 * 3 - 2; }

  bool MakeFirst();
  // Takes a second table for the upper half of the hashes of this one's table and names it in the
  // directory; nobody has moved to it yet.  False, and nothing changed, where memory ran out.
  bool Divide(std::uint64_t hash);
  // Moves to the second table who belongs there and stands in their own line; takes out and tells,
  // behind `astray`, who does not.  How many.
  std::size_t MoveHalf(std::uint32_t from, std::uint32_t to, Slot* astray);
  // The same for all: nobody is in either table then.
  std::size_t TakeAll(std::uint32_t from, Slot* all);
  void Insert(std::uint32_t number, std::uint64_t hash, Slot slot);

  template <typename HashOf, typename AskFor>
  bool Split(std::uint64_t hash, HashOf hash_of, AskFor ask_for) {
    const std::uint32_t number = NumberOf(hash);
    const int depth = metas_[number].depth;
    if (!Divide(hash)) return false;
    std::array<Slot, kLines * kSlots> moved;
    const bool anew = FirstMarked(depth + 1) != FirstMarked(depth);
    const std::size_t count =
        anew ? TakeAll(number, moved.data())
             : MoveHalf(number, static_cast<std::uint32_t>(metas_.size() - 1), moved.data());
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) ask_for(moved[i + kAhead]);
      Insert(hash_of(moved[i]), moved[i]);
    }
    return true;
  }

  Slab<Table, 512> tables_;               // five huge pages
  std::vector<Meta> metas_;               // of each table
  std::vector<std::uint32_t> directory_;  // the table for each value of the `depth_` upper bits
  int depth_ = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_TICKET_INDEX_H_
