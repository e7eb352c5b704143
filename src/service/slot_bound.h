#ifndef FLASHSALE_SRC_SERVICE_SLOT_BOUND_H_
#define FLASHSALE_SRC_SERVICE_SLOT_BOUND_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// By when slots in a shop are free again at the latest: each of them is a window after it was
// given.  It remembers when admissions were given, a part of a window at a time.
//
// Thread safety: OutBy: any thread; the others one at a time.  Blocking: never.
class SlotBound {
 public:
  // REQUIRES: window > 0.
  explicit SlotBound(Duration window) : window_(window) {}

  // So many more were let in by `now`, and none of them later.
  void NoteLetIn(Time now, std::uint64_t people);
  // Windows have stood still for so long.
  void NotePause(Duration time);

  // When number `number` of those who leave, of the `inside` who are in the shop, is gone at the
  // latest; no later than a window after `now`.  REQUIRES: 1 <= number <= inside.
  Time OutBy(std::uint64_t number, std::uint64_t inside, Time now) const;

 private:
  static constexpr std::size_t kParts = 64;

  // Of a part of a window; relaxed, and each read on its own: a little off while it is written.
  struct Part {
    std::atomic<Duration::rep> first_us{0};
    std::atomic<Duration::rep> last_us{0};
    std::atomic<std::uint64_t> people{0};  // 0: nothing is remembered here
  };

  const Duration window_;
  std::array<Part, kParts + 1> parts_;
  std::atomic<std::size_t> newest_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SLOT_BOUND_H_
