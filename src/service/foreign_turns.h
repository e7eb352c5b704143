#ifndef FLASHSALE_SRC_SERVICE_FOREIGN_TURNS_H_
#define FLASHSALE_SRC_SERVICE_FOREIGN_TURNS_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// People whose turn it is, for whom no unit is held yet, and whom this server did not let in: it
// knows how many they are, not who.  As a rule another server is about to hold a unit for each, so
// units are left for them.  Some may be nobody's: whoever let them in has crashed.  Those are among
// them in every look; so after as many looks as take `kPatience`, in each of which there was a unit
// to be had, the fewest that were seen are given up, and what is left for them is offered to
// others.
//
// Thread safety: as an int.
class ForeignTurns {
 public:
  static constexpr Duration kPatience = std::chrono::seconds{10};

  // What was seen now; how many units to leave for them.
  std::uint64_t Look(Time now, std::uint64_t seen, bool units_available) {
    given_up_ = std::min(given_up_, seen);
    if (!units_available || seen == 0) {
      fewest_ = 0;
      return seen - given_up_;
    }
    if (fewest_ == 0) {
      since_ = now;
      fewest_ = seen;
    }
    fewest_ = std::min(fewest_, seen);
    if (now - since_ >= kPatience) {
      given_up_ = std::max(given_up_, fewest_);
      fewest_ = 0;
    }
    return seen - given_up_;
  }
  std::uint64_t given_up() const { return given_up_; }

 private:
  Time since_ = kMinTime;
  std::uint64_t fewest_ = 0;  // since then; 0: nothing was seen yet
  std::uint64_t given_up_ = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_FOREIGN_TURNS_H_
