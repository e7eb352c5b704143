#ifndef FLASHSALE_SRC_BACKEND_MEMORY_SLAB_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_SLAB_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/page_region.h"

namespace flashsale::inline v0::memory {

// Items of one type in memory that never moves, called by 32-bit numbers.  An item that was given
// back is the next to be taken, so that there are never more than were in use at once.  Memory
// comes in regions of PerRegion items; of the first one small pages, so that few items take
// little.
//
// Thread safety: as an int.  Ownership: of the memory; returned when the slab goes.
template <typename T, std::uint32_t PerRegion>
class Slab {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(std::uint32_t));
  static_assert(std::has_single_bit(PerRegion));

 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // The number of an item: all zero when it is taken for the first time, else as it was left but
  // for its first four bytes.  kNone where memory ran out.
  std::uint32_t Take() {
    if (first_free_ != kNone) {
      const std::uint32_t item = first_free_;
      std::memcpy(&first_free_, &(*this)[item], sizeof(first_free_));
      return item;
    }
    if (taken_ / PerRegion == regions_.size() && !Grow()) return kNone;
    return taken_++;
  }
  void Give(std::uint32_t item) {
    std::memcpy(static_cast<void*>(&(*this)[item]), &first_free_, sizeof(first_free_));
    first_free_ = item;
  }

  T& operator[](std::uint32_t item) const {
    return reinterpret_cast<T*>(regions_[item / PerRegion].data())[item % PerRegion];
  }

 private:
  bool Grow() {
    if (taken_ > kNone - PerRegion) return false;
    try {
      using Pages = engine::PageRegion::Pages;
      engine::PageRegion region =
          engine::PageRegion::Map(std::size_t{PerRegion} * sizeof(T),
                                  regions_.empty() ? Pages::kSmall : Pages::kHugeWherePossible);
      if (region.empty()) return false;
      regions_.push_back(std::move(region));
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::vector<engine::PageRegion> regions_;
  std::uint32_t taken_ = 0;  // for the first time
  std::uint32_t first_free_ = kNone;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_SLAB_H_
