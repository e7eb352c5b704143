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

std::uint32_t WaitingBlocks::Take(bool arranged) {
  const std::uint32_t number = blocks_.Take();
  if (number == kNone) return kNone;
  if (number >= kMostBlocks || !MakeRoom(number)) {
    blocks_.Give(number);
    return kNone;
  }
  const std::uint32_t beside = arranged ? arranged_.Take() : kNone;
  if (arranged && beside == kNone) {
    blocks_.Give(number);
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
  const std::uint32_t region = number / kRegionBlocks;
  ++people_[region].in_use;
  if (spare_ == region) spare_ = kNone;
  ++in_use_;
  return number;
}

void WaitingBlocks::Give(std::uint32_t block) {
  if (blocks_[block].arranged != kNone) arranged_.Give(blocks_[block].arranged);
  blocks_.Give(block);
  --in_use_;
  const std::uint32_t number = block / kRegionBlocks;
  if (--people_[number].in_use != 0) return;
  // The last one that has become empty stays, for a line that breathes.
  if (spare_ != kNone) people_[spare_].memory = engine::PageRegion();
  spare_ = number;
}

std::size_t WaitingBlocks::mapped_bytes() const {
  std::size_t bytes = 0;
  for (const Region& region : people_) bytes += region.memory.bytes();
  return bytes;
}

}  // namespace flashsale::inline v0::memory
