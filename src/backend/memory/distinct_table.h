#ifndef FLASHSALE_SRC_BACKEND_MEMORY_DISTINCT_TABLE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_DISTINCT_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "engine/page_region.h"
#include "flashsale/base/time.h"
#include "flashsale/repository/fingerprint_repository.h"

namespace flashsale::inline v0::memory {

// How many distinct users the keys of one scope were seen with, in memory that never grows: pages
// of one cache line, chosen by the key's hash, with a lock of their own.
//
// A page holds records one after another in 24 cells of 16 bits: a cell for the key (15 bits of its
// hash), then either a cell for each of up to nine users (14 bits of the user's hash, and whether
// they were seen in the present span of kMemory or only in the one before it), or a sketch of ten
// cells: a bitmap of users for either span, counted by how many bits so many users would set
// (linear counting; K. Whang, B. Vander-Zanden, H. Taylor, 1990).  When a span ends, whoever was
// not seen in it is dropped from the page by the first call that comes to it.
//
// Where a page is full, a key of one or two users makes room, the fewest users first, then the
// oldest.  A key of more is never forgotten; where there is nobody else, newcomers and the further
// users of the keys that are there are counted in one sketch that the page keeps for them.
//
// Thread safety: any thread.  Blocking: no longer than another call takes for the same page.
// Clock: none; the callers' may differ by an hour.
class DistinctTable {
 public:
  // Room for `keys` of five users each.
  explicit DistinctTable(std::uint64_t keys);

  // False where the system had no memory.
  bool ok() const { return !region_.empty(); }

  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&PageOf(hash), 1); }

  // Notes a user, by their hash, and returns how many the key has now: 1 or more.
  std::uint32_t Note(std::uint64_t hash, std::uint64_t user, Time now);
  // The same without the user: 0 or more.
  std::uint32_t Count(std::uint64_t hash, Time now);

  // What no count exceeds.
  static std::uint32_t most();
  static constexpr std::uint64_t kBytesPerKey = 16;
  std::size_t bytes() const { return region_.bytes(); }

 private:
  static constexpr std::size_t kCells = 24;
  struct alignas(64) Page {
    WordMutex mutex;
    // Which span of kMemory since 1970 is the present one.
    std::uint32_t span : 24 FLASHSALE_GUARDED_BY(mutex);
    std::uint32_t used : 8 FLASHSALE_GUARDED_BY(mutex);  // cells
    // Of those who have no record: the present span, and the one before it.
    std::uint32_t shared_now FLASHSALE_GUARDED_BY(mutex);
    std::uint32_t shared_before FLASHSALE_GUARDED_BY(mutex);
    std::array<std::uint16_t, kCells> cells FLASHSALE_GUARDED_BY(mutex);
  };
  static_assert(sizeof(Page) == 64);

  // The cells of one key: its own, and so many after it.
  struct Record {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::size_t end() const { return begin + 1 + size; }
  };

  Page& PageOf(std::uint64_t hash) const;

  static Record RecordAt(const Page& page, std::size_t begin) FLASHSALE_REQUIRES(page.mutex);
  // Where the key has none, one that begins at the end of what is used.
  static Record Find(const Page& page, std::uint16_t key) FLASHSALE_REQUIRES(page.mutex);
  static std::uint32_t UsersOf(const Page& page, const Record& record)
      FLASHSALE_REQUIRES(page.mutex);
  static std::uint32_t Shared(const Page& page) FLASHSALE_REQUIRES(page.mutex);

  // Moves the page on to the span of `now`.
  static void Age(Page& page, Time now) FLASHSALE_REQUIRES(page.mutex);
  static void DropThoseBefore(Page& page) FLASHSALE_REQUIRES(page.mutex);
  // Makes so many cells free, unless that takes records that stay.  `keep` is one that stays
  // whatever its users.
  static bool MakeRoom(Page& page, std::size_t cells, std::uint16_t keep)
      FLASHSALE_REQUIRES(page.mutex);
  static bool HasRoomForNewcomer(const Page& page) FLASHSALE_REQUIRES(page.mutex);

  static std::uint32_t NoteNewcomer(Page& page, std::uint16_t key, std::uint16_t user)
      FLASHSALE_REQUIRES(page.mutex);
  static std::uint32_t NoteFurther(Page& page, std::uint16_t key, std::uint16_t user)
      FLASHSALE_REQUIRES(page.mutex);
  static std::uint32_t NoteShared(Page& page, std::uint16_t user) FLASHSALE_REQUIRES(page.mutex);

  const std::uint64_t page_count_;
  engine::PageRegion region_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_DISTINCT_TABLE_H_
