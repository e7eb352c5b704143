#include "backend/memory/place_line.h"

#include <algorithm>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

constexpr std::uint32_t kPlaces = WaitingBlock::kPlaces;
constexpr std::uint32_t kWordPlaces = WaitingBlock::kWordPlaces;
constexpr std::uint32_t kWords = WaitingBlock::kWords;
// Two neighbours are joined when they would fill no more than three quarters of a block: so it
// takes about as many who leave as were moved before it happens again.
constexpr std::uint32_t kSparse = kPlaces * 3 / 4;
// How often somebody who leaves makes a sparse block look at its neighbours.
constexpr std::uint32_t kLookEvery = 32;

constexpr std::uint32_t kPlaceMask = kMostPlacesApart - 1;

std::uint32_t LowBits(Time t) { return static_cast<std::uint32_t>(t.time_since_epoch().count()); }

}  // namespace

void PlaceLine::Swap(PlaceLine& other) {
  std::swap(held_, other.held_);
  std::swap(live_, other.live_);
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(block_count_, other.block_count_);
  std::swap(sums_, other.sums_);
}

bool PlaceLine::AddBlock(bool arranged) {
  if (!sums_.MakeRoom()) return false;
  const std::uint32_t fresh = room_.blocks.Take(arranged);
  if (fresh == kNone) return false;
  WaitingBlock& block = room_.blocks[fresh];
  block.tier = tier_;
  block.previous = last_;
  const std::uint32_t full = last_;
  block.position = sums_.Append(full == kNone ? 0 : room_.blocks[full].live);
  (full == kNone ? first_ : room_.blocks[full].next) = fresh;
  last_ = fresh;
  ++block_count_;
  // What was the last block until now was left as it was.
  if (full != kNone) Tidy(full);
  return true;
}

Spot PlaceLine::LayDown(const Placement& who) {
  WaitingBlock& block = room_.blocks[last_];
  if (block.used == 0) {
    block.first_place = who.place;
    block.first_joined = who.joined_at;
  }
  const Spot spot = WaitingBlocks::SpotOf(last_, block.used);
  const std::uint32_t joined =
      who.arranged ? LowBits(who.joined_at)
                   : static_cast<std::uint32_t>((who.joined_at - block.first_joined).count());
  room_.blocks.entry(spot) = {
      .user = who.user,
      .heard_low = static_cast<std::uint32_t>(who.heard_ms),
      .heard_high = static_cast<std::uint32_t>(who.heard_ms >> 32) & WaitingEntry::kHighMask,
      .place = static_cast<std::uint32_t>(who.place - block.first_place) & kPlaceMask,
      .joined = joined};
  if (who.arranged) {
    const auto microseconds = static_cast<std::uint64_t>(who.joined_at.time_since_epoch().count());
    room_.blocks.arranged(spot) = {.ticket = who.ticket & kLastTicket,
                                   .joined_high = microseconds >> 32 & 0x1F'FFFF};
  }
  return spot;
}

void PlaceLine::TakeOut(std::uint32_t number, std::uint32_t word, std::uint32_t count) {
  WaitingBlock& block = room_.blocks[number];
  if (block.bits[word] == 0) block.heard[word] = WaitingBlock::kNobody;
  for (std::uint32_t w = word + 1; w < kWords; ++w) {
    block.ahead[w] = static_cast<std::uint16_t>(block.ahead[w] - count);
  }
  block.live = static_cast<std::uint16_t>(block.live - count);
  live_ -= count;
  sums_.Add(block.position, -static_cast<std::int32_t>(count));
}

void PlaceLine::Remove(Spot spot, std::uint64_t hash) {
  const std::uint32_t i = WaitingBlocks::IndexOf(spot);
  const std::uint32_t number = WaitingBlocks::BlockOf(spot);
  WaitingBlock& block = room_.blocks[number];
  room_.index.Erase(hash, spot);
  block.bits[i / kWordPlaces] &= ~(std::uint64_t{1} << (i % kWordPlaces));
  TakeOut(number, i / kWordPlaces, 1);
  if (block.live <= kSparse && block.live % kLookEvery == 0) Tidy(number);
}

void PlaceLine::Remove(std::uint32_t number, std::uint32_t word, std::uint64_t who) {
  std::array<std::uint64_t, kWordPlaces> hashes;
  std::array<Spot, kWordPlaces> spots;
  std::uint32_t count = 0;
  for (std::uint64_t bits = who; bits != 0; bits &= bits - 1, ++count) {
    spots[count] = SpotInWord(number, word, bits);
    hashes[count] = room_.HashOf(spots[count]);
    room_.index.Prefetch(hashes[count]);
  }
  for (std::uint32_t i = 0; i < count; ++i) room_.index.Erase(hashes[i], spots[i]);
  room_.blocks[number].bits[word] &= ~who;
  TakeOut(number, word, count);
}

Spot PlaceLine::Front() const {
  for (std::uint32_t b = first_; b != kNone; b = room_.blocks[b].next) {
    const WaitingBlock& block = room_.blocks[b];
    if (block.live == 0) continue;
    std::uint32_t word = 0;
    while (block.bits[word] == 0) ++word;
    return SpotInWord(b, word, block.bits[word]);
  }
  return kNone;
}

void PlaceLine::File(std::uint32_t number) {
  const WaitingBlock& block = room_.blocks[number];
  if (block.list != WaitingBlock::kUnfiled) room_.wheel.Unfile(number);
  const std::uint64_t heard = *std::min_element(block.heard.begin(), block.heard.end());
  if (heard != WaitingBlock::kNobody) room_.wheel.File(number, room_.SilentFrom(heard));
}

void PlaceLine::Clear() {
  while (first_ != kNone) Unlink(first_);
  live_ = 0;
  sums_.Clear();
}

void PlaceLine::Release() {
  held_ = false;
  for (std::uint32_t b = first_; b != kNone;) {
    const std::uint32_t next = room_.blocks[b].next;
    if (room_.blocks[b].live == 0 && b != last_) {
      Unlink(b);
      b = next;
    } else if (!JoinWithNext(b)) {
      b = next;
    }
  }
  DropUnusedPositions();
}

void PlaceLine::DropUnusedPositions() {
  // Positions of blocks that are no more cost memory and steps.
  constexpr std::uint32_t kFew = 16;
  if (sums_.size() <= 2 * block_count_ + kFew) return;
  sums_.Clear();
  std::uint32_t before = 0;
  for (std::uint32_t b = first_; b != kNone; b = room_.blocks[b].next) {
    // There is room: there were more of them.
    room_.blocks[b].position = sums_.Append(before);
    before = room_.blocks[b].live;
  }
}

void PlaceLine::Tidy(std::uint32_t number) {
  if (number == last_ || held_) return;
  const WaitingBlock& block = room_.blocks[number];
  if (block.live == 0) {
    Unlink(number);
  } else if (!JoinWithNext(number) && block.previous != kNone) {
    JoinWithNext(block.previous);
  }
  DropUnusedPositions();
}

bool PlaceLine::CanTell(const WaitingBlock& block, std::uint32_t next) const {
  const WaitingBlock& behind = room_.blocks[next];
  if ((block.arranged != kNone) != (behind.arranged != kNone)) return false;
  const WaitingEntry& last = room_.blocks.entry(WaitingBlocks::SpotOf(next, behind.used - 1U));
  if (behind.first_place + last.place - block.first_place >= kMostPlacesApart) return false;
  return block.arranged != kNone ||
         behind.first_joined + Duration(last.joined) - block.first_joined <= kMostJoinedApart;
}

bool PlaceLine::JoinWithNext(std::uint32_t number) {
  WaitingBlock& block = room_.blocks[number];
  const std::uint32_t behind = block.next;
  if (behind == kNone || behind == last_) return false;
  WaitingBlock& next = room_.blocks[behind];
  if (std::uint32_t{block.live} + next.live > kSparse || !CanTell(block, behind)) return false;
  sums_.Add(block.position, next.live);
  sums_.Add(next.position, -std::int32_t{next.live});
  if (std::uint32_t{block.used} + next.live > kPlaces) {
    // Everybody moves to the front, onto a place that was looked at before.
    const auto bits = block.bits;
    block.bits = {};
    block.heard.fill(WaitingBlock::kNobody);
    block.live = 0;
    block.used = 0;
    Move(number, bits, number);
  }
  Move(behind, next.bits, number);
  File(number);
  Unlink(behind);
  return true;
}

void PlaceLine::Move(std::uint32_t from, const std::array<std::uint64_t, kWords>& bits,
                     std::uint32_t to) {
  WaitingBlock& target = room_.blocks[to];
  const WaitingBlock& source = room_.blocks[from];
  const auto places_apart = static_cast<std::uint32_t>(source.first_place - target.first_place);
  const auto joined_apart =
      static_cast<std::uint32_t>((source.first_joined - target.first_joined).count());
  for (std::uint32_t w = 0; w < kWords; ++w) {
    std::array<std::uint64_t, kWordPlaces> hashes;
    std::uint32_t count = 0;
    for (std::uint64_t set = bits[w]; set != 0; set &= set - 1) {
      hashes[count] = room_.HashOf(SpotInWord(from, w, set));
      room_.index.Prefetch(hashes[count++]);
    }
    count = 0;
    for (std::uint64_t set = bits[w]; set != 0; set &= set - 1) {
      const Spot old_spot = SpotInWord(from, w, set);
      WaitingEntry entry = room_.blocks.entry(old_spot);
      entry.place = (entry.place + places_apart) & kPlaceMask;
      if (target.arranged == kNone) entry.joined += joined_apart;
      const Spot spot = WaitingBlocks::SpotOf(to, target.used);
      Occupy(target, entry.heard_ms());
      room_.blocks.entry(spot) = entry;
      if (target.arranged != kNone) room_.blocks.arranged(spot) = room_.blocks.arranged(old_spot);
      room_.index.Move(hashes[count++], old_spot, spot);
    }
  }
}

void PlaceLine::Unlink(std::uint32_t number) {
  const WaitingBlock& block = room_.blocks[number];
  if (block.list != WaitingBlock::kUnfiled) room_.wheel.Unfile(number);
  (block.previous == kNone ? first_ : room_.blocks[block.previous].next) = block.next;
  (block.next == kNone ? last_ : room_.blocks[block.next].previous) = block.previous;
  --block_count_;
  room_.blocks.Give(number);
}

}  // namespace flashsale::inline v0::memory
