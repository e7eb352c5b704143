#ifndef FLASHSALE_SRC_ENGINE_EDGE_FOLD_H_
#define FLASHSALE_SRC_ENGINE_EDGE_FOLD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::inline v0::engine {

// Folds the events of one sale, in order, as far as edges need it.
// Thread safety: none.
class EdgeFold {
 public:
  explicit EdgeFold(const SaleTerms& terms);

  struct Step {
    EventType type;
    std::uint16_t line;
    Units units;
    Units returned;
    Time at;
  };
  // The edges that the next event carries.
  Edges Apply(const Step& step);

  // Whether an event at `now` that changes nothing would carry SaleStarted or SaleEnded.
  bool TimeEdgeIsDue(Time now) const {
    return !ended_ && ((!started_ && now >= start_) || now >= end_);
  }

 private:
  struct Line {
    std::uint64_t available = 0;
    std::uint64_t sold = 0;
    std::uint64_t limit = 0;
  };

  void ApplyTime(const Step& step, Edges& edges);
  void ApplyStock(const Step& step, Edges& edges);

  const Time start_;
  const Time end_;
  std::vector<Line> lines_;
  std::size_t lines_available_ = 0;
  std::size_t lines_sold_ = 0;  // in full
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EDGE_FOLD_H_
