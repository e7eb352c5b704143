#include "backend/memory/place_line.h"

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

constexpr std::uint32_t kPlaces = PlaceBlock::kPlaces;
// Two neighbours are joined when they would fill no more than half a block: so it takes as many
// who leave as were moved before it happens again.
constexpr std::uint32_t kSparse = kPlaces / 2;
// How often somebody who leaves makes a sparse block look at its neighbours.
constexpr std::uint32_t kLookEvery = 64;

// The lowest bit that is set: what a position of a Fenwick tree covers.
constexpr std::uint32_t Covered(std::uint32_t position) { return position & (0U - position); }

}  // namespace

bool PlaceLine::MakeRoom() {
  if (last_ != kNone && (*blocks_)[last_].used < kPlaces) return true;
  try {
    if (sums_.empty()) sums_.reserve(4);
    if (sums_.size() == sums_.capacity()) sums_.reserve(2 * sums_.size());
  } catch (const std::bad_alloc&) {
    return false;
  }
  const std::uint32_t fresh = blocks_->Take();
  if (fresh == kNone) return false;
  PlaceBlock& block = (*blocks_)[fresh];
  if (fresh >= kMostBlocks) {
    blocks_->Give(fresh);
    return false;
  }
  block.live_in_group = {};
  block.bits = {};
  block.live = 0;
  block.used = 0;
  block.previous = last_;
  block.next = kNone;
  const std::uint32_t full = last_;
  (full == kNone ? first_ : (*blocks_)[full].next) = fresh;
  last_ = fresh;
  ++block_count_;
  AppendPosition(fresh);
  // What was the last block until now was left as it was.
  if (full != kNone) Tidy(full);
  return true;
}

void PlaceLine::Put(PlaceBlock& block, std::uint32_t number, std::uint32_t entry) {
  const std::uint32_t i = block.used++;
  block.entries[i] = entry;
  block.bits[i / PlaceBlock::kWordPlaces] |= std::uint64_t{1} << (i % PlaceBlock::kWordPlaces);
  ++block.live_in_group[i / PlaceBlock::kGroupPlaces];
  ++block.live;
  (*entries_)[entry].place = number * kPlaces + i;
}

void PlaceLine::Append(std::uint32_t entry) {
  PlaceBlock& block = (*blocks_)[last_];
  Put(block, last_, entry);
  AddToSums(block.position, 1);
  ++live_;
}

void PlaceLine::Remove(std::uint32_t entry) {
  const std::uint32_t place = (*entries_)[entry].place;
  PlaceBlock& block = (*blocks_)[place / kPlaces];
  const std::uint32_t i = place % kPlaces;
  block.bits[i / PlaceBlock::kWordPlaces] &= ~(std::uint64_t{1} << (i % PlaceBlock::kWordPlaces));
  --block.live_in_group[i / PlaceBlock::kGroupPlaces];
  --block.live;
  --live_;
  AddToSums(block.position, -1);
  if (block.live <= kSparse && block.live % kLookEvery == 0) Tidy(place / kPlaces);
}

std::uint64_t PlaceLine::Ahead(std::uint32_t entry) const {
  const std::uint32_t place = (*entries_)[entry].place;
  const PlaceBlock& block = (*blocks_)[place / kPlaces];
  const std::uint32_t i = place % kPlaces;
  std::uint64_t ahead = SumBefore(block.position);
  const std::uint32_t group = i / PlaceBlock::kGroupPlaces;
  for (std::uint32_t g = 0; g < group; ++g) ahead += block.live_in_group[g];
  std::uint32_t word = group * (PlaceBlock::kGroupPlaces / PlaceBlock::kWordPlaces);
  for (; word < i / PlaceBlock::kWordPlaces; ++word) {
    ahead += static_cast<std::uint64_t>(std::popcount(block.bits[word]));
  }
  const std::uint64_t before = (std::uint64_t{1} << (i % PlaceBlock::kWordPlaces)) - 1;
  return ahead + static_cast<std::uint64_t>(std::popcount(block.bits[word] & before));
}

std::uint32_t PlaceLine::Front() const {
  for (std::uint32_t b = first_; b != kNone; b = (*blocks_)[b].next) {
    const PlaceBlock& block = (*blocks_)[b];
    if (block.live == 0) continue;
    std::uint32_t group = 0;
    while (block.live_in_group[group] == 0) ++group;
    std::uint32_t word = group * (PlaceBlock::kGroupPlaces / PlaceBlock::kWordPlaces);
    while (block.bits[word] == 0) ++word;
    return block.entries[word * PlaceBlock::kWordPlaces +
                         static_cast<std::uint32_t>(std::countr_zero(block.bits[word]))];
  }
  return kNone;
}

void PlaceLine::TellPlaces() {
  for (std::uint32_t b = first_; b != kNone; b = (*blocks_)[b].next) {
    const PlaceBlock& block = (*blocks_)[b];
    for (std::uint32_t i = 0; i < block.used; ++i) {
      const std::uint64_t word = block.bits[i / PlaceBlock::kWordPlaces];
      if ((word >> (i % PlaceBlock::kWordPlaces) & 1) != 0) {
        (*entries_)[block.entries[i]].place = b * kPlaces + i;
      }
    }
  }
}

void PlaceLine::Clear() {
  while (first_ != kNone) {
    const std::uint32_t next = (*blocks_)[first_].next;
    blocks_->Give(first_);
    first_ = next;
  }
  last_ = kNone;
  live_ = 0;
  block_count_ = 0;
  sums_.clear();
}

void PlaceLine::AddToSums(std::uint32_t position, std::int64_t count) {
  for (; position < sums_.size(); position += Covered(position)) {
    sums_[position] += static_cast<std::uint64_t>(count);
  }
}

std::uint64_t PlaceLine::SumBefore(std::uint32_t position) const {
  std::uint64_t sum = 0;
  for (--position; position != 0; position -= Covered(position)) sum += sums_[position];
  return sum;
}

void PlaceLine::AppendPosition(std::uint32_t block) {
  if (sums_.empty()) sums_.push_back(0);
  const auto position = static_cast<std::uint32_t>(sums_.size());
  // What it covers beside the block itself are the positions just below it.
  const std::uint32_t begin = position - Covered(position);
  std::uint64_t sum = (*blocks_)[block].live;
  for (std::uint32_t p = position - 1; p != begin; p -= Covered(p)) sum += sums_[p];
  sums_.push_back(sum);
  (*blocks_)[block].position = position;
}

void PlaceLine::RenumberPositions() {
  sums_.resize(1);
  for (std::uint32_t b = first_; b != kNone; b = (*blocks_)[b].next) AppendPosition(b);
}

void PlaceLine::Tidy(std::uint32_t number) {
  if (number == last_) return;
  PlaceBlock& block = (*blocks_)[number];
  if (block.live == 0) {
    Unlink(number);
  } else if (!JoinWithNext(number) && block.previous != kNone) {
    JoinWithNext(block.previous);
  }
  // Positions of blocks that are no more cost memory and steps.
  constexpr std::size_t kFew = 16;
  if (sums_.size() > 2 * std::size_t{block_count_} + kFew) RenumberPositions();
}

bool PlaceLine::JoinWithNext(std::uint32_t number) {
  PlaceBlock& block = (*blocks_)[number];
  if (block.next == kNone || block.next == last_) return false;
  PlaceBlock& next = (*blocks_)[block.next];
  if (block.live + next.live > kSparse) return false;
  AddToSums(block.position, next.live);
  AddToSums(next.position, -std::int64_t{next.live});

  const auto bits = block.bits;
  block.live_in_group = {};
  block.bits = {};
  block.live = 0;
  block.used = 0;
  // Within the block everybody moves to the front, onto a place that was looked at before.
  const auto move_all = [&](const decltype(bits)& all, const auto& entries) {
    for (std::size_t w = 0; w < all.size(); ++w) {
      for (std::uint64_t set = all[w]; set != 0; set &= set - 1) {
        Put(block, number,
            entries[w * PlaceBlock::kWordPlaces + static_cast<std::size_t>(std::countr_zero(set))]);
      }
    }
  };
  move_all(bits, block.entries);
  move_all(next.bits, next.entries);
  Unlink(block.next);
  return true;
}

void PlaceLine::Unlink(std::uint32_t number) {
  PlaceBlock& block = (*blocks_)[number];
  (block.previous == kNone ? first_ : (*blocks_)[block.previous].next) = block.next;
  (block.next == kNone ? last_ : (*blocks_)[block.next].previous) = block.previous;
  --block_count_;
  blocks_->Give(number);
}

}  // namespace flashsale::inline v0::memory
