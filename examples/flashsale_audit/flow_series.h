#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FLOW_SERIES_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FLOW_SERIES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/time.h"

namespace flashsale::audit {

// What happened to a sale in a span of time.  Signed where it is a change.
struct Flow {
  std::int64_t reserved = 0;  // units that were taken
  std::int64_t sold = 0;      // units that were bought
  std::int64_t back = 0;      // units that went back to stock
  std::int64_t held_change = 0;
  std::int64_t sold_change = 0;
  std::int64_t released_change = 0;
  std::int64_t joined = 0;
  std::int64_t admitted = 0;
  std::int64_t waiting_change = 0;
  std::int64_t inside_change = 0;

  Flow& operator+=(const Flow& other) {
    reserved += other.reserved;
    sold += other.sold;
    back += other.back;
    held_change += other.held_change;
    sold_change += other.sold_change;
    released_change += other.released_change;
    joined += other.joined;
    admitted += other.admitted;
    waiting_change += other.waiting_change;
    inside_change += other.inside_change;
    return *this;
  }
};

// Flows in spans of even width, from the first that happened; a second each, and twice as long as
// often as it takes for all to fit.  Thread safety: as an int.
class FlowSeries {
 public:
  static constexpr std::size_t kMost = 1'200;

  // What happens later is put into the span of that instant.
  void CutAt(Time last) { last_ = last; }

  Flow& At(Time at) {
    at = std::min(at, last_);
    if (flows_.empty()) first_ = std::chrono::floor<std::chrono::seconds>(at);
    const auto index = [&] {
      return static_cast<std::size_t>(
          std::max(at, first_) - first_ < width_ ? 0 : (at - first_) / width_);
    };
    while (index() >= kMost) Widen();
    if (index() >= flows_.size()) flows_.resize(index() + 1);
    return flows_[index()];
  }

  Time first() const { return first_; }
  Duration width() const { return width_; }
  const std::vector<Flow>& flows() const { return flows_; }

 private:
  void Widen() {
    width_ *= 2;
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      if (i % 2 == 0) {
        flows_[i / 2] = flows_[i];
      } else {
        flows_[i / 2] += flows_[i];
      }
    }
    flows_.resize((flows_.size() + 1) / 2);
  }

  Time first_{};
  Time last_ = kMaxTime;
  Duration width_ = std::chrono::seconds{1};
  std::vector<Flow> flows_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FLOW_SERIES_H_
