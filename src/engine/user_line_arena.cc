#include "engine/user_line_arena.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace flashsale::inline v0::engine {
namespace {

// 6 MB of lines at the most: three huge pages.
constexpr int kSmallestShift = 9;
constexpr int kLargestShift = 16;
constexpr std::uint64_t kFewestPerBlock = 8;
constexpr std::uint64_t kMostPerBlock = 64;

int ShiftFor(std::uint64_t expected_users) {
  return std::clamp(static_cast<int>(std::bit_width(expected_users / 8)), kSmallestShift,
                    kLargestShift);
}

}  // namespace

UserLineArena::UserLineArena(std::uint64_t expected_users)
    : region_shift_(ShiftFor(expected_users)),
      // Every shard has a block that is partly filled: small ones where few users are expected.
      lines_per_block_(static_cast<std::uint32_t>(
          std::clamp(std::bit_ceil(expected_users / 256), kFewestPerBlock, kMostPerBlock))),
      directory_(PageRegion::Map(kMaxRegions * sizeof(UserLine*))) {}

Place UserLineArena::AllocateBlock() {
  const MutexLock lock(mutex_);
  if (used_lines_ == mapped_lines() && !AddRegion()) return kNoPlace;
  const auto place = static_cast<Place>(used_lines_);
  used_lines_ += lines_per_block_;
  return place;
}

bool UserLineArena::Prefault(std::uint64_t lines) {
  const MutexLock lock(mutex_);
  while (mapped_lines() < lines) {
    if (!AddRegion()) return false;
    regions_.back().Prefault();
  }
  return true;
}

bool UserLineArena::AddRegion() {
  // The last region's last place would be kNoPlace.
  if (regions_.size() + 1 >= kMaxRegions) return false;
  PageRegion region = PageRegion::Map(sizeof(UserLine) << region_shift_);
  if (region.empty()) return false;
  try {
    regions_.push_back(std::move(region));
  } catch (const std::bad_alloc&) {
    return false;
  }
  RegionAt(regions_.size() - 1) = reinterpret_cast<UserLine*>(regions_.back().data());
  return true;
}

}  // namespace flashsale::inline v0::engine
