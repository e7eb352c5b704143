#include "backend/memory/ticket_index.h"

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

// As deep as 2^32 entries make it; home and tag need the lower bits.
constexpr int kDeepest = 24;
// How many values of the upper bits may lead to one table in the mean: hashes under a secret key do
// not come near it.  Were they known, they should fill one table rather than the memory.
constexpr std::size_t kMostPerTable = 64;

}  // namespace

bool TicketIndex::MakeFirst() {
  try {
    metas_.reserve(1);
    directory_.reserve(1);
  } catch (const std::bad_alloc&) {
    return false;
  }
  const std::uint32_t first = tables_.Take();
  if (first == kNone) return false;
  metas_.emplace_back();
  directory_.push_back(first);
  return true;
}

bool TicketIndex::Divide(std::uint64_t hash) {
  const std::uint32_t number = NumberOf(hash);
  const int depth = metas_[number].depth;
  const bool lopsided = directory_.size() >= kMostPerTable * metas_.size();
  if (depth == kDeepest || (depth == depth_ && lopsided)) return false;
  try {
    if (metas_.size() == metas_.capacity()) metas_.reserve(2 * metas_.size());
    if (depth == depth_) {
      // Harmless by itself, should no table be had below.
      std::vector<std::uint32_t> twice(directory_.size() * 2);
      for (std::size_t i = 0; i < twice.size(); ++i) twice[i] = directory_[i / 2];
      directory_ = std::move(twice);
      ++depth_;
    }
  } catch (const std::bad_alloc&) {
    return false;
  }
  const std::uint32_t fresh = tables_.Take();
  if (fresh == kNone) return false;
  metas_.push_back({.entries = 0, .depth = static_cast<std::uint8_t>(depth + 1)});
  ++metas_[number].depth;
  // The values of the upper bits that led to `number` are neighbours; the upper half of them leads
  // to the new table.
  const std::size_t common = depth == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - depth));
  const std::size_t half = std::size_t{1} << (depth_ - depth - 1);
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>((2 * common + 1) * half), half,
              fresh);
  return true;
}

std::size_t TicketIndex::MoveHalf(std::uint32_t from, std::uint32_t to, Slot* astray) {
  // The bit of a mark that says it.
  const int depth = metas_[from].depth - 1;
  const std::uint64_t goes = std::uint64_t{4} >> (depth - FirstMarked(depth));
  std::size_t count = 0;
  std::uint32_t gone = 0;
  for (std::size_t l = 0; l < kLines; ++l) {
    Line& line = tables_[from][l];
    Line& other = tables_[to][l];
    line.NobodyWentPast();
    std::size_t place = 0;
    for (std::uint32_t set = ~line.Matching(kFree) & kAllSlots; set != 0; set &= set - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(set));
      const std::uint64_t mark = line.MarkAt(i);
      if ((mark & kAstray) != 0) {
        astray[count++] = line.slots[i];
      } else if ((mark & goes) != 0) {
        other.Put(place++, line.tags[i], line.slots[i], mark);
      } else {
        continue;
      }
      line.tags[i] = kFree;
      ++gone;
    }
  }
  metas_[from].entries -= gone;
  metas_[to].entries = gone - static_cast<std::uint32_t>(count);
  return count;
}

std::size_t TicketIndex::TakeAll(std::uint32_t from, Slot* all) {
  std::size_t count = 0;
  for (Line& line : tables_[from]) {
    for (std::uint32_t set = ~line.Matching(kFree) & kAllSlots; set != 0; set &= set - 1) {
      all[count++] = line.slots[static_cast<std::size_t>(std::countr_zero(set))];
    }
    line = Line{};
  }
  metas_[from].entries = 0;
  return count;
}

void TicketIndex::Insert(std::uint32_t number, std::uint64_t hash, Slot slot) {
  Table& table = tables_[number];
  Meta& meta = metas_[number];
  const Tag tag = TagOf(hash);
  std::uint64_t mark = MarkOf(hash, meta.depth);
  std::size_t i = Home(hash);
  std::uint32_t free = 0;
  for (; (free = table[i].Matching(kFree)) == 0; i = Next(i, tag)) {
    table[i].GoPast(tag);
    mark |= kAstray;
  }
  table[i].Put(static_cast<std::size_t>(std::countr_zero(free)), tag, slot, mark);
  ++meta.entries;
}

void TicketIndex::Erase(std::uint64_t hash, Slot slot) {
  const std::uint32_t number = NumberOf(hash);
  Table& table = tables_[number];
  const Tag tag = TagOf(hash);
  for (std::size_t i = Home(hash);; i = Next(i, tag)) {
    Line& line = table[i];
    for (std::uint32_t set = line.Matching(tag); set != 0; set &= set - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(set));
      if (line.slots[place] != slot) continue;
      line.tags[place] = kFree;
      --metas_[number].entries;
      return;
    }
    line.GoneFromPast(tag);
  }
}

void TicketIndex::Move(std::uint64_t hash, Slot from, Slot to) {
  Table& table = TableOf(hash);
  const Tag tag = TagOf(hash);
  for (std::size_t i = Home(hash);; i = Next(i, tag)) {
    Line& line = table[i];
    for (std::uint32_t set = line.Matching(tag); set != 0; set &= set - 1) {
      Slot& slot = line.slots[static_cast<std::size_t>(std::countr_zero(set))];
      if (slot != from) continue;
      slot = to;
      return;
    }
  }
}

}  // namespace flashsale::inline v0::memory
