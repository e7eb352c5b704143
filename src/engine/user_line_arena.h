#ifndef FLASHSALE_SRC_ENGINE_USER_LINE_ARENA_H_
#define FLASHSALE_SRC_ENGINE_USER_LINE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "engine/page_region.h"
#include "engine/record.h"
#include "engine/user_index.h"
#include "flashsale/base/id.h"
#include "flashsale/base/units.h"

namespace flashsale::inline v0::engine {

// All that a sale knows of one user; nearly always they have a single record, and it lies right
// here. What is held and bought is not stored: it is the sum over the records.
struct UserLine {
  UserId user;
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

// The lines of all users of one sale, laid down in the order in which the users came: dense, never
// moved, and met again in nearly that order when their holds lapse.  Shards take them in blocks.
// Thread safety: any thread.  Ownership: all lines, given back to the system with the arena.
class UserLineArena {
 public:
  explicit UserLineArena(std::uint64_t expected_users);

  // False where the system had no memory.
  bool ok() const { return !directory_.empty(); }

  // How many lines a block has; a power of two.
  std::uint32_t lines_per_block() const { return lines_per_block_; }

  // The place of the first line of a new block, the others follow; kNoPlace where memory ran out.
  Place AllocateBlock() FLASHSALE_EXCLUDES(mutex_);

  // Whether any block has this place.
  bool Has(Place place) FLASHSALE_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return place < used_lines_;
  }
  // REQUIRES: AllocateBlock gave the place, and that happened before.
  UserLine* At(Place place) const {
    return RegionAt(place >> region_shift_) + (place & ((Place{1} << region_shift_) - 1));
  }

  // Takes, and makes resident, the memory for so many lines.  False where there is not enough.
  bool Prefault(std::uint64_t lines) FLASHSALE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kMaxRegions = std::size_t{1} << 16;

  UserLine*& RegionAt(std::size_t i) const {
    return reinterpret_cast<UserLine**>(directory_.data())[i];
  }
  std::uint64_t mapped_lines() const FLASHSALE_REQUIRES(mutex_) {
    return std::uint64_t{regions_.size()} << region_shift_;
  }
  bool AddRegion() FLASHSALE_REQUIRES(mutex_);

  const int region_shift_;  // of the number of lines of a region
  const std::uint32_t lines_per_block_;
  // Where the regions begin.  Of its own, so that it stays where it is while regions are added.
  PageRegion directory_;
  WordMutex mutex_;
  std::vector<PageRegion> regions_ FLASHSALE_GUARDED_BY(mutex_);
  std::uint64_t used_lines_ FLASHSALE_GUARDED_BY(mutex_) = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_USER_LINE_ARENA_H_
