#ifndef FLASHSALE_SRC_BACKEND_MEMORY_PLACE_SUMS_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_PLACE_SUMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flashsale::inline v0::memory {

// How many stand before each of the blocks of a line: a tree of sums with sixteen children to a
// node, of which each tells how many are in its elder siblings.  So a sum is one load a level, and
// a change one cache line a level, whoever grows, shrinks or comes where (after P. Fenwick, "A New
// Data Structure for Cumulative Frequency Tables", 1994, with wider nodes).  Who comes to the last
// block changes nothing at all.
//
// Thread safety: as an int.
class PlaceSums {
 public:
  // How many positions there are, from 0 on.
  std::uint32_t size() const { return size_; }

  // Makes sure that Append has room.  False, and nothing changed, where memory ran out.
  bool MakeRoom();
  // A position behind all others; returns it.  `in_last` is how many are in the one that was the
  // last until now.  REQUIRES: MakeRoom() was true since the last one.
  std::uint32_t Append(std::uint32_t in_last);
  // So many more, or fewer, are in a position.
  void Add(std::uint32_t position, std::int32_t count);
  // How many are in the positions before this one.
  std::uint64_t Before(std::uint32_t position) const {
    std::uint64_t sum = 0;
    for (std::size_t level = 0; level < height_; ++level) {
      sum += levels_[level][position];
      position /= kChildren;
    }
    return sum;
  }
  void Clear() { size_ = 0; }

 private:
  static constexpr std::uint32_t kChildren = 16;
  static constexpr std::size_t kLevels = 7;  // 2^28 positions

  std::array<std::vector<std::uint32_t>, kLevels> levels_;
  std::size_t height_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_PLACE_SUMS_H_
