#include "backend/memory/waiting_blocks.h"

#include <new>

namespace flashsale::inline v0::memory {

bool WaitingBlocks::MakeRoom(std::uint32_t block) {
  const std::uint32_t number = block / kRegionBlocks;
  try {
    if (number >= people_.size()) people_.resize(number + std::size_t{1});
  } catch (const std::bad_alloc&) {
    return false;
  }
  Region& region = people_[number];
  if (!region.memory.empty()) return true;
  using Pages = engine::PageRegion::Pages;
  // Of the first one small pages, so that few people take little.
  region.memory = engine::PageRegion::Map(kRegionBytes,
                                          number == 0 ? Pages::kSmall : Pages::kHugeWherePossible);
  return !region.memory.empty();
}

std::uint32_t WaitingBlocks::Pop(std::uint32_t& list) {
  const std::uint32_t block = list;
  if (block != kNone) list = blocks_[block].next;
  return block;
}

void WaitingBlocks::Push(std::uint32_t& list, std::uint32_t block) {
  blocks_[block].next = list;
  list = block;
}

bool WaitingBlocks::IsBare(std::uint32_t block) const {
  const std::uint32_t i = block % kRegionBlocks;
  return (people_[block / kRegionBlocks].bare[i / 64] >> (i % 64) & 1) != 0;
}

std::uint32_t WaitingBlocks::Take(bool arranged) {
  const std::uint32_t beside = arranged ? arranged_.Take() : kNone;
  if (arranged && beside == kNone) return kNone;
  std::uint32_t number = Pop(spare_);
  if (number != kNone) {
    --spare_count_;
  } else if (number = Pop(bare_); number != kNone) {
    if (!MakeRoom(number)) {
      Push(bare_, number);
      number = kNone;
    } else {
      Region& region = people_[number / kRegionBlocks];
      const std::uint32_t i = number % kRegionBlocks;
      region.bare[i / 64] &= ~(std::uint64_t{1} << (i % 64));
      --region.bare_count;
    }
  } else if (number = blocks_.Take(); number != kNone) {
    if (number >= kMostBlocks || !MakeRoom(number)) {
      blocks_.Give(number);
      number = kNone;
    }
  }
  if (number == kNone) {
    if (arranged) arranged_.Give(beside);
    return kNone;
  }
  WaitingBlock& block = blocks_[number];
  block = {.ahead = {},
           .first_place = 0,
           .first_joined = {},
           .position = 0,
           .previous = kNone,
           .next = kNone,
           .arranged = beside,
           .next_in_list = kNone,
           .previous_in_list = kNone,
           .list = WaitingBlock::kUnfiled,
           .live = 0,
           .used = 0,
           .tier = 0,
           .bits = {},
           .heard = {}};
  block.heard.fill(WaitingBlock::kNobody);
  ++in_use_;
  return number;
}

void WaitingBlocks::Give(std::uint32_t block) {
  if (blocks_[block].arranged != kNone) arranged_.Give(blocks_[block].arranged);
  Push(spare_, block);
  ++spare_count_;
  --in_use_;
  // Each that is given back lets no more than two go, which is enough to keep up.
  for (int i = 0; i < 2 && spare_count_ > in_use_ / 8 + kRegionBlocks; ++i) {
    --spare_count_;
    Strip(Pop(spare_));
  }
}

void WaitingBlocks::Strip(std::uint32_t block) {
  constexpr std::size_t kPage = 4'096;
  constexpr std::size_t kBlockBytes = WaitingBlock::kPlaces * sizeof(WaitingEntry);
  constexpr std::size_t kPairBytes = 2 * kBlockBytes;
  static_assert(kPairBytes % kPage == 0);
  constexpr std::size_t kWholePages = kBlockBytes / kPage * kPage;

  Push(bare_, block);
  const std::uint32_t i = block % kRegionBlocks;
  Region& region = people_[block / kRegionBlocks];
  region.bare[i / 64] |= std::uint64_t{1} << (i % 64);
  if (++region.bare_count == kRegionBlocks) {
    region.memory = engine::PageRegion();
    return;
  }
  // Two blocks share the page between them, which goes with the second of them.
  const std::size_t pair = i / 2 * kPairBytes;
  const std::size_t own = i % 2 == 0 ? pair : pair + kPairBytes - kWholePages;
  if (IsBare(block ^ 1U)) {
    region.memory.Discard(pair, kPairBytes);
  } else {
    region.memory.Discard(own, kWholePages);
  }
}

}  // namespace flashsale::inline v0::memory
