#ifndef FLASHSALE_SRC_ENGINE_USER_TABLE_H_
#define FLASHSALE_SRC_ENGINE_USER_TABLE_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/keyed_hash.h"
#include "engine/record.h"
#include "engine/user_index.h"
#include "engine/user_line_arena.h"
#include "flashsale/base/id.h"

namespace flashsale::inline v0::engine {

// The users of one shard: their lines, in the order in which they came, and an index.  Users are
// never removed.
// Thread safety: under the shard's lock, Prefetch excepted.  Ownership: the lines are the arena's.
class UserTable {
 public:
  UserTable(UserLineArena& arena, BlockPool& index_pool, const IndexGeometry& geometry)
      : index_(index_pool, geometry),
        block_shift_(std::countr_zero(arena.lines_per_block())),
        arena_(arena) {}
  UserTable(const UserTable&) = delete;
  UserTable& operator=(const UserTable&) = delete;

  std::uint32_t size() const { return size_; }

  // Makes room for `users` more.  False, and nothing that shows changed, where memory ran out.
  bool EnsureRoom(const KeyedHash& hash, std::uint32_t users) {
    const std::uint64_t needed = std::uint64_t{size_} + users;
    return (needed <= line_capacity() && needed <= index_.capacity()) || MakeRoom(hash, needed);
  }

  // Makes an index with room for so many.  False, and nothing changed, where memory ran out.
  bool EnsureIndex(const KeyedHash& hash, std::uint64_t users);

  // Makes room for more records of users who have one already.  False where memory ran out.
  bool EnsureFurther(std::uint32_t records);

  // The user's place, or kNoPlace.
  Place Find(std::uint64_t hash, const UserId& user) const {
    return index_.Find(hash, [&](Place place) { return arena_.At(place)->user == user; });
  }

  // A line for a user not there yet, with their first record, whose members are undefined.  Only
  // written, never read: the memory may still be on its way here.  REQUIRES: EnsureRoom(1).
  Place Insert(std::uint64_t hash, const UserId& user) {
    const Place place = PlaceOf(size_++);
    index_.Insert(hash, place);
    UserLine& line = *arena_.At(place);
    line.user = user;
    line.limit = 0;
    line.admission_used = 0;
    line.admission = 0;
    line.further = kNoRecord;
    line.records = 1;
    next_line_.store(&line + 1, std::memory_order_relaxed);
    return place;
  }

  UserLine& line(Place place) { return *arena_.At(place); }
  const UserLine& line(Place place) const { return *arena_.At(place); }

  // A further record of the user, its members undefined.  REQUIRES: EnsureFurther(1).
  Ordinal AddRecord(UserLine& line);

  Record& record(UserLine& line, Ordinal ordinal) {
    return ordinal == kFirst ? line.first : FurtherAt(ordinal).record;
  }

  // Which of the user's records it is, in the order in which they came; and the other way.
  // REQUIRES: there is such a record.
  std::uint8_t IndexOf(const UserLine& line, Ordinal ordinal) const {
    if (ordinal == kFirst) return 0;
    std::uint32_t index = line.records - 1;
    for (Ordinal i = line.further; i != ordinal; i = FurtherAt(i).next) --index;
    return static_cast<std::uint8_t>(index);
  }
  Ordinal OrdinalAt(const UserLine& line, std::uint8_t index) const {
    if (index == 0) return kFirst;
    Ordinal ordinal = line.further;
    for (std::uint32_t i = line.records - 1; i != index; --i) ordinal = FurtherAt(ordinal).next;
    return ordinal;
  }

  // Calls visit(ordinal, record) for each record of the user, until it returns false.
  template <typename Visit>
  void ForEachRecord(UserLine& line, Visit visit) {
    if (!visit(kFirst, line.first)) return;
    for (Ordinal i = line.further; i != kNoRecord; i = FurtherAt(i).next) {
      if (!visit(i, FurtherAt(i).record)) return;
    }
  }

  // Calls visit(line) for each user.
  template <typename Visit>
  void ForEachUser(Visit visit) {
    for (std::uint32_t i = 0; i < size_; ++i) visit(line(PlaceOf(i)));
  }

  // Asks for what a search for the user reads, and for what the insertion of one writes.
  void Prefetch(std::uint64_t hash) const {
    index_.Prefetch(hash);
    PrefetchLine(next_line_.load(std::memory_order_relaxed));
  }
  void PrefetchPlace(Place place) const { PrefetchLine(arena_.At(place)); }

 private:
  struct Further {
    Record record;
    Ordinal next;
  };
  static constexpr std::uint32_t kFurtherPerBlock = 64;

  // Any address will do, that of no line too; hence no arithmetic on the pointer.
  static void PrefetchLine(const UserLine* line) {
    const auto first = reinterpret_cast<std::uintptr_t>(line);
    __builtin_prefetch(line, 1);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the processor is asked for it, nobody reads it
    __builtin_prefetch(reinterpret_cast<const void*>(first + sizeof(UserLine) - 1), 1);
  }

  std::uint64_t line_capacity() const { return std::uint64_t{blocks_.size()} << block_shift_; }
  // Of the i-th user.
  Place PlaceOf(std::uint32_t i) const {
    return blocks_[i >> block_shift_] + (i & ((std::uint32_t{1} << block_shift_) - 1));
  }
  bool MakeRoom(const KeyedHash& hash, std::uint64_t users);
  Further& FurtherAt(Ordinal ordinal) const {
    const Ordinal index = ordinal - 1;
    return further_[index / kFurtherPerBlock][index % kFurtherPerBlock];
  }

  UserIndex index_;
  std::uint32_t size_ = 0;
  const int block_shift_;
  // Where the next user's line is going to lie, if their block has room; for Prefetch alone.
  std::atomic<const UserLine*> next_line_{nullptr};
  UserLineArena& arena_;
  std::vector<Place> blocks_;
  std::vector<std::unique_ptr<Further[]>> further_;
  std::uint32_t further_count_ = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_USER_TABLE_H_
