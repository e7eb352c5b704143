#ifndef FLASHSALE_SRC_RUNTIME_ENTRANCE_H_
#define FLASHSALE_SRC_RUNTIME_ENTRANCE_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/door.h"

namespace flashsale::inline v0 {

// A door for a crowd: as many doors side by side, so that threads which come in at once do not
// write to one word.
//
// Thread safety: any thread.  Blocking: WaitUntilEmpty alone.
class Entrance {
 public:
  class Visit : public Door::Visit {
   public:
    explicit Visit(Entrance& entrance) : Door::Visit(entrance.doors_[DoorOfThread()].door) {}
  };

  void Close() {
    for (Wide& wide : doors_) wide.door.Close();
  }
  // Returns when everybody has left who was let in.  REQUIRES: closed; the caller is not inside.
  void WaitUntilEmpty() const {
    for (const Wide& wide : doors_) wide.door.WaitUntilEmpty();
  }

 private:
  static constexpr std::size_t kDoors = 16;
  static_assert(std::has_single_bit(kDoors));

  // Two cache lines: processors fetch them in pairs.
  struct alignas(128) Wide {
    Door door;
  };

  // By where a thread has its thread-local variables: no two alive have them at one place.
  static std::size_t DoorOfThread() {
    static thread_local const char here = 0;
    // Fibonacci hashing (D. Knuth, "The Art of Computer Programming", volume 3, section 6.4).
    return (std::bit_cast<std::uintptr_t>(&here) * std::uint64_t{0x9E37'79B9'7F4A'7C15}) >> 60;
  }
  static_assert(kDoors == 16, "the hash above gives four bits");

  std::array<Wide, kDoors> doors_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_ENTRANCE_H_
