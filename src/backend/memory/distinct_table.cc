#include "backend/memory/distinct_table.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace flashsale::inline v0::memory {
namespace {

// A cell of a record: a key, or a user who was seen in the present span or only before it.
constexpr std::uint16_t kKey = 0x8000;
constexpr std::uint16_t kNow = 0x4000;
constexpr std::uint16_t kUserBits = 0x3FFF;

constexpr std::size_t kLongestList = 9;
static_assert(kLongestList >= FingerprintRepository::kExact);
// A record of this size is a sketch: the bits of the present span, then those of the one before.
constexpr std::size_t kSketchHalf = 5;
constexpr std::size_t kSketch = 2 * kSketchHalf;
static_assert(kSketch > kLongestList);
constexpr std::size_t kBitsOfCell = 15;
constexpr std::size_t kSketchBits = kSketchHalf * kBitsOfCell;
constexpr std::size_t kSharedBits = 32;

// A key with fewer users makes room.
constexpr std::uint32_t kFewestThatStay = 3;
// A caller whose clock is this many spans behind is believed to be behind; beyond that the page's
// own time was wrong.
constexpr std::uint32_t kMostBehind = 2;

// By how many of `Bits` bits are set: how many users it takes, on the average, to set so many. The
// expectation of the coupon collector's problem; the bound is where all bits are set.
template <std::size_t Bits>
constexpr std::array<std::uint32_t, Bits + 1> UsersByBits() {
  std::array<std::uint32_t, Bits + 1> users{};
  double expected = 0;
  for (std::size_t set = 0; set < Bits; ++set) {
    expected += static_cast<double>(Bits) / static_cast<double>(Bits - set);
    users[set + 1] = static_cast<std::uint32_t>(expected);
  }
  return users;
}
constexpr auto kUsersBySketchBits = UsersByBits<kSketchBits>();
constexpr auto kUsersBySharedBits = UsersByBits<kSharedBits>();
// Not the last step: where all bits are set nothing is known but "at least so many".
static_assert(kUsersBySketchBits[kSketchBits] >= 2 * FingerprintRepository::kCountable);

// Bits of the hash that do not choose the page.
constexpr std::uint16_t KeyCell(std::uint64_t hash) {
  return static_cast<std::uint16_t>(kKey | (hash & 0x7FFF));
}
constexpr std::uint16_t UserCell(std::uint64_t user) {
  return static_cast<std::uint16_t>(user >> 50);
}
static_assert((std::numeric_limits<std::uint64_t>::max() >> 50) == kUserBits);

constexpr std::size_t BitOf(std::uint16_t user, std::size_t bits) {
  return static_cast<std::size_t>(user) * bits / (kUserBits + 1);
}

std::uint32_t SpanOf(Time now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / FingerprintRepository::kMemory) &
         0xFFFFFF;
}
static_assert(kMaxTime.time_since_epoch() / FingerprintRepository::kMemory <= 0xFFFFFF);

void SetBit(std::uint16_t* half, std::uint16_t user) {
  const std::size_t bit = BitOf(user, kSketchBits);
  half[bit / kBitsOfCell] =
      static_cast<std::uint16_t>(half[bit / kBitsOfCell] | 1U << bit % kBitsOfCell);
}

}  // namespace

DistinctTable::DistinctTable(std::uint64_t keys)
    : page_count_((keys * kBytesPerKey + sizeof(Page) - 1) / sizeof(Page)),
      region_(engine::PageRegion::Map(page_count_ * sizeof(Page))) {}

std::uint32_t DistinctTable::most() { return kUsersBySketchBits[kSketchBits]; }

DistinctTable::Page& DistinctTable::PageOf(std::uint64_t hash) const {
  return reinterpret_cast<Page*>(region_.data())[(hash >> 32) * page_count_ >> 32];
}

DistinctTable::Record DistinctTable::RecordAt(const Page& page, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < page.used && (page.cells[end] & kKey) == 0) ++end;
  return {.begin = begin, .size = end - begin - 1};
}

DistinctTable::Record DistinctTable::Find(const Page& page, std::uint16_t key) {
  for (std::size_t i = 0; i < page.used; ++i) {
    if (page.cells[i] == key) return RecordAt(page, i);
  }
  return {.begin = page.used};
}

std::uint32_t DistinctTable::UsersOf(const Page& page, const Record& record) {
  // A sketch has more users than a list, whatever bits they share, until time takes them from it.
  constexpr std::size_t kBitsOfMoreThanAList = kLongestList - 2;
  if (record.size != kSketch) return static_cast<std::uint32_t>(record.size);
  std::size_t bits = 0;
  for (std::size_t i = record.begin + 1; i <= record.begin + kSketchHalf; ++i) {
    const unsigned either = page.cells[i] | page.cells[i + kSketchHalf];
    bits += static_cast<std::size_t>(std::popcount(either));
  }
  const std::uint32_t users = kUsersBySketchBits[bits];
  return bits < kBitsOfMoreThanAList ? users : std::max<std::uint32_t>(users, kLongestList);
}

std::uint32_t DistinctTable::Shared(const Page& page) {
  return kUsersBySharedBits[static_cast<std::size_t>(
      std::popcount(page.shared_now | page.shared_before))];
}

void DistinctTable::Age(Page& page, Time now) {
  const std::uint32_t span = SpanOf(now);
  const std::uint32_t own = page.span;
  if (span == own || (span < own && own - span <= kMostBehind)) return;
  page.span = span & 0xFFFFFF;
  const bool one_on = span == own + 1 || span < own;
  page.shared_before = one_on ? page.shared_now : 0;
  page.shared_now = 0;
  if (one_on) {
    DropThoseBefore(page);
  } else {
    page.used = 0;
  }
}

void DistinctTable::DropThoseBefore(Page& page) {
  std::size_t used = 0;
  Record record;
  for (std::size_t next = 0; next < page.used; next = record.end()) {
    record = RecordAt(page, next);
    const std::size_t begin = used;
    page.cells[used++] = page.cells[record.begin];
    if (record.size == kSketch) {
      std::copy_n(page.cells.begin() + static_cast<std::ptrdiff_t>(record.begin + 1), kSketch,
                  page.cells.begin() + static_cast<std::ptrdiff_t>(used));
      std::uint16_t* const now = &page.cells[used];
      std::copy_n(now, kSketchHalf, now + kSketchHalf);
      std::fill_n(now, kSketchHalf, std::uint16_t{0});
      const bool any =
          std::any_of(now, now + kSketch, [](std::uint16_t bits) { return bits != 0; });
      used = any ? used + kSketch : begin;
      continue;
    }
    for (std::size_t i = record.begin + 1; i < record.end(); ++i) {
      if ((page.cells[i] & kNow) != 0) page.cells[used++] = page.cells[i] & kUserBits;
    }
    if (used == begin + 1) used = begin;
  }
  page.used = used & 0xFF;
}

bool DistinctTable::MakeRoom(Page& page, std::size_t cells, std::uint16_t keep) {
  while (kCells - page.used < cells) {
    Record least{.size = kFewestThatStay};
    Record record;
    for (std::size_t next = 0; next < page.used; next = record.end()) {
      record = RecordAt(page, next);
      if (record.size < least.size && page.cells[record.begin] != keep) least = record;
    }
    if (least.size == kFewestThatStay) return false;
    std::copy(page.cells.begin() + static_cast<std::ptrdiff_t>(least.end()),
              page.cells.begin() + static_cast<std::ptrdiff_t>(page.used),
              page.cells.begin() + static_cast<std::ptrdiff_t>(least.begin));
    page.used = (page.used - least.size - 1) & 0xFF;
  }
  return true;
}

bool DistinctTable::HasRoomForNewcomer(const Page& page) {
  if (kCells - page.used >= 2) return true;
  Record record;
  for (std::size_t next = 0; next < page.used; next = record.end()) {
    record = RecordAt(page, next);
    if (record.size < kFewestThatStay) return true;
  }
  return false;
}

std::uint32_t DistinctTable::NoteShared(Page& page, std::uint16_t user) {
  page.shared_now |= 1U << BitOf(user, kSharedBits);
  return Shared(page);
}

std::uint32_t DistinctTable::NoteNewcomer(Page& page, std::uint16_t key, std::uint16_t user) {
  if (!MakeRoom(page, 2, key)) return NoteShared(page, user);
  page.cells[page.used] = key;
  page.cells[page.used + 1U] = user | kNow;
  page.used = (page.used + 2U) & 0xFF;
  return 1;
}

std::uint32_t DistinctTable::NoteFurther(Page& page, std::uint16_t key, std::uint16_t user) {
  if (!MakeRoom(page, 1, key)) {
    const auto more = static_cast<std::uint32_t>(Find(page, key).size + 1);
    return std::max(more, NoteShared(page, user));
  }
  Record record = Find(page, key);  // which those that made room have moved
  const auto end = page.cells.begin() + static_cast<std::ptrdiff_t>(record.end());
  std::copy_backward(end, page.cells.begin() + static_cast<std::ptrdiff_t>(page.used),
                     page.cells.begin() + static_cast<std::ptrdiff_t>(page.used) + 1);
  *end = user | kNow;
  page.used = (page.used + 1U) & 0xFF;
  ++record.size;
  if (record.size <= kLongestList) return static_cast<std::uint32_t>(record.size);
  std::array<std::uint16_t, kSketch> sketch{};
  for (std::size_t i = record.begin + 1; i < record.end(); ++i) {
    const std::uint16_t cell = page.cells[i];
    SetBit((cell & kNow) != 0 ? sketch.data() : sketch.data() + kSketchHalf, cell & kUserBits);
  }
  std::copy(sketch.begin(), sketch.end(),
            page.cells.begin() + static_cast<std::ptrdiff_t>(record.begin + 1));
  return UsersOf(page, record);
}

std::uint32_t DistinctTable::Note(std::uint64_t hash, std::uint64_t user_hash, Time now) {
  const std::uint16_t key = KeyCell(hash);
  const std::uint16_t user = UserCell(user_hash);
  Page& page = PageOf(hash);
  const MutexLock lock(page.mutex);
  Age(page, now);
  const Record record = Find(page, key);
  if (record.begin == page.used) return NoteNewcomer(page, key, user);
  if (record.size == kSketch) {
    SetBit(&page.cells[record.begin + 1], user);
    return UsersOf(page, record);
  }
  for (std::size_t i = record.begin + 1; i < record.end(); ++i) {
    if ((page.cells[i] & kUserBits) != user) continue;
    page.cells[i] |= kNow;
    return static_cast<std::uint32_t>(record.size);
  }
  return NoteFurther(page, key, user);
}

std::uint32_t DistinctTable::Count(std::uint64_t hash, Time now) {
  Page& page = PageOf(hash);
  const MutexLock lock(page.mutex);
  Age(page, now);
  const Record record = Find(page, KeyCell(hash));
  if (record.begin < page.used) return UsersOf(page, record);
  return HasRoomForNewcomer(page) ? 0 : Shared(page);
}

}  // namespace flashsale::inline v0::memory
