#include "backend/memory/place_sums.h"

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

constexpr std::uint32_t kChildren = 16;

// For each child of a node its younger siblings.
constexpr auto kYounger = [] {
  std::array<std::array<std::uint32_t, kChildren>, kChildren> masks{};
  for (std::uint32_t child = 0; child < kChildren; ++child) {
    for (std::uint32_t i = child + 1; i < kChildren; ++i) masks[child][i] = ~std::uint32_t{0};
  }
  return masks;
}();

}  // namespace

bool PlaceSums::MakeRoom() {
  try {
    std::uint32_t position = size_;
    for (std::size_t level = 0; level < kLevels; ++level, position /= kChildren) {
      std::vector<std::uint32_t>& sums = levels_[level];
      if (position >= sums.size()) sums.resize(std::max<std::size_t>(kChildren, 2 * sums.size()));
      if (position == 0) return true;
    }
    return false;  // there are not so many blocks
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::uint32_t PlaceSums::Append(std::uint32_t in_last) {
  const std::uint32_t appended = size_++;
  // Where the first child of a node comes, all that its elder sibling has is told a level above.
  std::uint32_t before = in_last;
  std::uint32_t position = appended;
  for (std::size_t level = 0;; ++level, position /= kChildren) {
    std::vector<std::uint32_t>& sums = levels_[level];
    height_ = std::max(height_, level + 1);
    if (position % kChildren != 0) {
      sums[position] = sums[position - 1] + before;
      break;
    }
    sums[position] = 0;
    if (position == 0) break;
    before += sums[position - 1];
  }
  return appended;
}

void PlaceSums::Add(std::uint32_t position, std::int32_t count) {
  const auto change = static_cast<std::uint32_t>(count);
  for (std::size_t level = 0; level < height_; ++level, position /= kChildren) {
    const auto& mask = kYounger[position % kChildren];
    std::uint32_t* const node = &levels_[level][position - position % kChildren];
    for (std::uint32_t i = 0; i < kChildren; ++i) node[i] += change & mask[i];
  }
}

}  // namespace flashsale::inline v0::memory
