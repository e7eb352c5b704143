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

inline Edges EdgeFold::Apply(const Step& step) {
  Edges edges;
  if (!ended_) ApplyTime(step, edges);
  ApplyStock(step, edges);
  return edges;
}

inline void EdgeFold::ApplyTime(const Step& step, Edges& edges) {
  if (!started_ && (step.type == EventType::kStartedEarly || step.at >= start_)) {
    started_ = true;
    edges.Add(Edge::kSaleStarted);
  }
  if (step.type == EventType::kClosed || step.type == EventType::kSaleCancelled ||
      step.at >= end_) {
    ended_ = true;
    edges.Add(Edge::kSaleEnded);
  }
}

inline void EdgeFold::ApplyStock(const Step& step, Edges& edges) {
  Line& line = lines_[step.line];
  const bool was_available = line.available != 0;
  const bool was_sold = line.sold == line.limit;
  switch (step.type) {
    case EventType::kReserved:
      line.available -= step.units;
      break;
    case EventType::kConfirmed:
      line.available += step.returned;
      line.sold += step.units;
      break;
    case EventType::kRevived:
      line.available -= step.units;
      line.sold += step.units;
      break;
    case EventType::kCancelled:
    case EventType::kExpired:
    case EventType::kReleased:
      line.available += step.units;
      break;
    case EventType::kVoided:
      line.available += step.units;
      line.sold -= step.units;
      break;
    case EventType::kTombstoned:
    case EventType::kExtended:
    case EventType::kStartedEarly:
    case EventType::kPaused:
    case EventType::kResumed:
    case EventType::kClosed:
    case EventType::kSaleCancelled:
    case EventType::kSettled:
    case EventType::kClock:
      return;
  }
  if (was_available && line.available == 0) {
    edges.Add(Edge::kLineSoldOut);
    if (--lines_available_ == 0) edges.Add(Edge::kSoldOut);
  } else if (!was_available && line.available != 0) {
    edges.Add(Edge::kLineRestocked);
    if (lines_available_++ == 0) edges.Add(Edge::kRestocked);
  }
  if (!was_sold && line.sold == line.limit) {
    if (++lines_sold_ == lines_.size()) edges.Add(Edge::kSoldOutForGood);
  } else if (was_sold && line.sold != line.limit) {
    --lines_sold_;
  }
}

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EDGE_FOLD_H_
