#include "engine/edge_fold.h"

namespace flashsale::inline v0::engine {

EdgeFold::EdgeFold(const SaleTerms& terms) : start_(terms.start), end_(terms.end) {
  lines_.reserve(terms.lines.size());
  for (const SaleLine& line : terms.lines) {
    lines_.push_back(
        {.available = line.released_at_first.value_or(line.units), .sold = 0, .limit = line.units});
    if (lines_.back().available != 0) ++lines_available_;
  }
}

Edges EdgeFold::Apply(const Step& step) {
  Edges edges;
  if (!ended_) ApplyTime(step, edges);
  ApplyStock(step, edges);
  return edges;
}

void EdgeFold::ApplyTime(const Step& step, Edges& edges) {
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

void EdgeFold::ApplyStock(const Step& step, Edges& edges) {
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
