#include "engine/user_table.h"

#include <new>

namespace flashsale::inline v0::engine {

bool UserTable::Grow(const KeyedHash& hash, std::uint32_t users, std::uint32_t* moved_to) {
  int order = lines() == nullptr ? 0 : order_ + 1;
  while (std::uint64_t{size_} + users > (std::uint64_t{geometry_.base} << order) / 4 * 3) ++order;
  if (order > BlockPool::kMaxOrder) return false;
  auto* const new_lines = reinterpret_cast<UserLine*>(pool_.Allocate(order));
  if (new_lines == nullptr) return false;
  UserLine* const old_lines = lines();
  const std::uint32_t old_capacity = capacity();
  const std::uint32_t new_capacity = geometry_.base << order;
  for (std::uint32_t i = 0; i < new_capacity; ++i) new (&new_lines[i].user) UserId();
  lines_.store(new_lines, std::memory_order_relaxed);
  capacity_.store(new_capacity, std::memory_order_relaxed);
  for (std::uint32_t from = 0; from < old_capacity; ++from) {
    const UserLine& line = old_lines[from];
    if (line.user.is_nil()) continue;
    std::uint32_t to = Home(hash(line.user.bytes()));
    while (!new_lines[to].user.is_nil()) to = Next(to);
    new_lines[to] = line;
    moved_to[from] = to;
  }
  if (old_lines != nullptr) pool_.Free(reinterpret_cast<std::byte*>(old_lines), order_);
  order_ = order;
  return true;
}

std::uint32_t UserTable::Insert(std::uint64_t hash, const UserId& user) {
  std::uint32_t place = Home(hash);
  while (!lines()[place].user.is_nil()) place = Next(place);
  UserLine& line = lines()[place];
  line.user = user;
  line.limit = 0;
  line.admission = 0;
  line.admission_used = 0;
  line.further = kNoRecord;
  line.records = 0;
  ++size_;
  return place;
}

Ordinal UserTable::AddRecord(UserLine& line) {
  if (line.records++ == 0) return kFirst;
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
