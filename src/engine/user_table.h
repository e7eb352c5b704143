#ifndef FLASHSALE_SRC_ENGINE_USER_TABLE_H_
#define FLASHSALE_SRC_ENGINE_USER_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/block_pool.h"
#include "engine/keyed_hash.h"
#include "engine/record.h"
#include "flashsale/base/id.h"
#include "flashsale/base/units.h"

namespace flashsale::inline v0::engine {

// Which record of a user: kFirst, or a place among the shard's further records.
using Ordinal = std::uint32_t;
inline constexpr Ordinal kFirst = 0;
inline constexpr Ordinal kNoRecord = std::numeric_limits<Ordinal>::max();

// All that a sale knows of one user; nearly always they have a single record, and it lies right
// here. What is held and bought is not stored: it is the sum over the records.
struct UserLine {
  UserId user;  // nil: the place is free
  // The highest limit that an accepted command carried.
  Units limit;
  std::uint32_t admission_used;
  // The highest admission seen, and how many reserves were taken under it.
  std::uint64_t admission;
  Ordinal further;  // the latest of the further records, or kNoRecord
  std::uint32_t records;
  Record first;
};
static_assert(sizeof(UserLine) == 96);

// How the places of all tables of a sale are sized.  Tables double until they have
// `base << expected_order` places, which hold the expected users at the load that is aimed at.
struct TableGeometry {
  std::uint32_t base = 64;
  int expected_order = 0;
};

// The users of one shard, by id: open addressing with linear probing.  Users are never removed.
// Thread safety: under the shard's lock, Prefetch excepted.  Ownership: its block is the pool's.
class UserTable {
 public:
  UserTable(BlockPool& pool, const TableGeometry& geometry) : pool_(pool), geometry_(geometry) {}
  UserTable(const UserTable&) = delete;
  UserTable& operator=(const UserTable&) = delete;

  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return capacity_.load(std::memory_order_relaxed); }
  // Whether `users` more users fit without growing.  Three quarters full is where probing gets
  // long.
  bool HasRoom(std::uint32_t users) const {
    return std::uint64_t{size()} + users <= capacity() - capacity() / 4;
  }
  // Doubles, or more, until `users` more users fit.  `moved_to`, an array of capacity() members,
  // tells each line's new place.  False, and nothing changed, where memory ran out.
  bool Grow(const KeyedHash& hash, std::uint32_t users, std::uint32_t* moved_to);

  // Makes room for more records of users who have one already.  False where memory ran out.
  bool EnsureFurther(std::uint32_t records);

  // The user's place, or kNone.
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t Find(std::uint64_t hash, const UserId& user) const {
    if (capacity() == 0) return kNone;
    const UserLine* const lines = this->lines();
    for (std::uint32_t place = Home(hash);; place = Next(place)) {
      // Emptiness first: the nil user, whom a read may name, is nobody.
      if (lines[place].user.is_nil()) return kNone;
      if (lines[place].user == user) return place;
    }
  }

  // A line for a user not there yet.  REQUIRES: HasRoom(1).
  std::uint32_t Insert(std::uint64_t hash, const UserId& user);

  UserLine& line(std::uint32_t place) { return lines()[place]; }
  const UserLine& line(std::uint32_t place) const { return lines()[place]; }

  // A new record of the user, its members undefined.  REQUIRES: the user's first, or
  // EnsureFurther(1).
  Ordinal AddRecord(UserLine& line);

  Record& record(UserLine& line, Ordinal ordinal) {
    return ordinal == kFirst ? line.first : FurtherAt(ordinal).record;
  }

  // Calls visit(ordinal, record) for each record of the user, until it returns false.
  template <typename Visit>
  void ForEachRecord(UserLine& line, Visit visit) {
    if (line.records == 0 || !visit(kFirst, line.first)) return;
    for (Ordinal i = line.further; i != kNoRecord; i = FurtherAt(i).next) {
      if (!visit(i, FurtherAt(i).record)) return;
    }
  }

  void Prefetch(std::uint64_t hash) const {
    const UserLine* const lines = this->lines();
    if (lines == nullptr) return;
    const auto* const bytes = reinterpret_cast<const std::byte*>(lines + Home(hash));
    __builtin_prefetch(bytes, 1);
    __builtin_prefetch(bytes + 64, 1);
    __builtin_prefetch(bytes + 128, 1);
  }

 private:
  struct Further {
    Record record;
    Ordinal next;
  };
  static constexpr std::uint32_t kFurtherPerBlock = 64;

  std::uint32_t Home(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((hash & 0xFFFFFFFF) * capacity() >> 32);
  }
  std::uint32_t Next(std::uint32_t place) const { return place + 1 == capacity() ? 0 : place + 1; }
  Further& FurtherAt(Ordinal ordinal) {
    const Ordinal index = ordinal - 1;
    return further_[index / kFurtherPerBlock][index % kFurtherPerBlock];
  }
  UserLine* lines() const { return lines_.load(std::memory_order_relaxed); }

  BlockPool& pool_;
  const TableGeometry& geometry_;
  // Atomic for Prefetch alone, which looks without the lock and may well see what is past.
  std::atomic<UserLine*> lines_{nullptr};
  std::atomic<std::uint32_t> capacity_{0};
  std::uint32_t size_ = 0;
  int order_ = 0;
  std::uint32_t further_count_ = 0;
  std::vector<std::unique_ptr<Further[]>> further_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_USER_TABLE_H_
