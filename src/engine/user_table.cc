#include "engine/user_table.h"

#include <new>

namespace flashsale::inline v0::engine {

bool UserTable::MakeRoom(const KeyedHash& hash, std::uint64_t users) {
  while (line_capacity() < users) {
    try {
      blocks_.push_back(kNoPlace);
    } catch (const std::bad_alloc&) {
      return false;
    }
    blocks_.back() = arena_.AllocateBlock();
    if (blocks_.back() == kNoPlace) {
      blocks_.pop_back();
      return false;
    }
  }
  next_line_.store(arena_.At(PlaceOf(size_)), std::memory_order_relaxed);
  return EnsureIndex(hash, users);
}

bool UserTable::EnsureIndex(const KeyedHash& hash, std::uint64_t users) {
  if (users <= index_.capacity()) return true;
  if (!index_.Grow(users)) return false;
  for (std::uint32_t i = 0; i < size_; ++i) {
    const Place place = PlaceOf(i);
    index_.Insert(hash(arena_.At(place)->user.bytes()), place);
  }
  return true;
}

Ordinal UserTable::AddRecord(UserLine& line) {
  ++line.records;
  const Ordinal ordinal = ++further_count_;
  FurtherAt(ordinal).next = line.further;
  line.further = ordinal;
  return ordinal;
}

bool UserTable::EnsureFurther(std::uint32_t records) {
  while (further_count_ + records > further_.size() * kFurtherPerBlock) {
    try {
      further_.push_back(std::make_unique_for_overwrite<Further[]>(kFurtherPerBlock));
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  return true;
}

}  // namespace flashsale::inline v0::engine
