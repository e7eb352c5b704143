#ifndef FLASHSALE_SRC_BACKEND_MEMORY_SILENCE_WHEEL_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_SILENCE_WHEEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "backend/memory/waiting_blocks.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0::memory {

// When to look at which block of people again: a hierarchical timing wheel (G. Varghese and
// T. Lauck, "Hashed and Hierarchical Timing Wheels", 1987), exact to the microsecond.  A block is
// filed under a time; a later one need not be told, for whoever takes it out when that time comes
// sees for himself and files it anew: so a heartbeat costs the wheel nothing.
//
// Seven levels of 256 lists, by the bytes of the time: a block lies on the level of the highest
// byte in which its time differs from the wheel's own.  When a list comes due, which may be a while
// before the times in it, its blocks are filed anew one by one, on lower levels.
//
// Thread safety: as an int.  Ownership: the lists run through the blocks, which must outlive it.
class SilenceWheel {
 public:
  explicit SilenceWheel(const WaitingBlocks& blocks);

  // REQUIRES: the block is not filed.
  void File(std::uint32_t block, Time due);
  // REQUIRES: the block is filed.
  void Unfile(std::uint32_t block);

  // Takes out a block to look at that may be due at `now`; nothing where there is none.
  std::optional<std::uint32_t> TakeDue(Time now);
  // Nothing is due before; kMaxTime where nothing is filed.
  Time next_due() const;

 private:
  static constexpr int kLevels = 7;  // of a byte each: times are below 2^53
  static constexpr std::uint32_t kLists = 256;
  static constexpr std::uint32_t kNone = WaitingBlock::kNone;

  struct Level {
    std::array<std::uint64_t, kLists / 64> filled{};  // which lists are not empty
    std::array<std::uint32_t, kLists> first{};
  };
  struct List {
    int level;
    std::uint32_t index;
    std::uint64_t begins;  // no time in it is earlier
  };

  // The list that comes due first.
  std::optional<List> FirstList() const;

  const WaitingBlocks& blocks_;
  std::array<Level, kLevels> levels_;
  std::uint64_t time_ = 0;  // the wheel's own, in microseconds: no list begins earlier but one
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_SILENCE_WHEEL_H_
