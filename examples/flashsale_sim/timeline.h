#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_TIMELINE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_TIMELINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"

namespace flashsale::sim {

// The turns of a sale that its story is told by, out of its event stream.
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: none.
class Timeline {
 public:
  struct Moment {
    Time at{};
    std::string what;
  };

  void OnEvent(const Event& event);

  // By time.
  const std::vector<Moment>& moments() const { return moments_; }

 private:
  void TellWave(const Event& event);
  void Tell(Time at, std::string what);

  std::vector<Moment> moments_;
  std::optional<Time> released_at_;
  std::uint64_t wave_units_ = 0;
  bool seen_sold_out_ = false;
  bool seen_lapse_ = false;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_TIMELINE_H_
