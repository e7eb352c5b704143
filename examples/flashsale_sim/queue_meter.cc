#include "examples/flashsale_sim/queue_meter.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace flashsale::sim {

double JainIndex(std::span<const double> shares) {
  double sum = 0;
  double squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return squares == 0 ? 1 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

double QueueMeasures::JainOfTiers() const {
  std::vector<double> shares;
  shares.reserve(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    shares.push_back(static_cast<double>(contended[i]) / weights[i]);
  }
  return JainIndex(shares);
}

QueueMeter::QueueMeter(const Terms& terms) : terms_(terms), flow_since_(terms.start) {
  measures_.weights = terms.weights;
}

void QueueMeter::OnLook(const Look& look) {
  CountWaste(look.at);
  EndWindows(look.at);
  const auto all_wait = [this](const Look& one) {
    return std::all_of(one.waiting.begin(),
                       one.waiting.begin() + static_cast<std::ptrdiff_t>(terms_.tiers),
                       [](std::uint64_t waiting) { return waiting > 0; });
  };
  if (last_.at >= terms_.all_open && all_wait(last_) && all_wait(look)) {
    for (std::size_t i = 0; i < terms_.tiers; ++i) measures_.contended[i] += since_look_[i];
  }
  since_look_ = {};
  last_ = look;
}

void QueueMeter::OnAdmitted(std::span<const QueueEntry> admitted) {
  for (const QueueEntry& entry : admitted) {
    ++admitted_[entry.tier % kMaxTiers];
    ++since_look_[entry.tier % kMaxTiers];
    const Admission& admission = entry.admission;
    unused_[entry.user] = admission.number;
    windows_.push_back({.until = admission.until, .user = entry.user, .number = admission.number});
  }
}

void QueueMeter::OnReserved(const UserId& user, std::uint64_t admission) {
  const auto found = unused_.find(user);
  if (found != unused_.end() && found->second == admission) unused_.erase(found);
}

void QueueMeter::EndWindows(Time now) {
  for (; !windows_.empty() && windows_.front().until <= now; windows_.pop_front()) {
    const auto found = unused_.find(windows_.front().user);
    if (found == unused_.end() || found->second != windows_.front().number) continue;
    unused_.erase(found);
    ++measures_.lapsed_admissions;
  }
}

void QueueMeter::OnNoShow(Time until) {
  ++measures_.no_shows;
  ++no_shows_[until];
  ++live_no_shows_;
}

// A unit is wasted on somebody who does not come while it is free, nobody is let in for it because
// it is claimed, and somebody waits.
void QueueMeter::CountWaste(Time now) {
  const std::uint64_t waiting =
      std::accumulate(last_.waiting.begin(), last_.waiting.end(), std::uint64_t{0});
  const bool is_kept = waiting > 0 && last_.available > 0 && last_.available <= last_.unused;
  Time from = last_.at;
  const auto waste = [&](Time to) {
    if (is_kept && to > from) {
      const std::uint64_t units = std::min({live_no_shows_, last_.available, waiting});
      measures_.wasted_unit_seconds +=
          static_cast<double>(units) * std::chrono::duration<double>(to - from).count();
    }
    from = std::max(from, to);
  };
  const Time to = std::min(now, terms_.end);
  while (!no_shows_.empty() && no_shows_.begin()->first <= now) {
    waste(std::min(no_shows_.begin()->first, to));
    live_no_shows_ -= no_shows_.begin()->second;
    no_shows_.erase(no_shows_.begin());
  }
  waste(to);
}

void QueueMeter::OnFlow(Time now, const QueueFlowChange& change) {
  EndFlow(now, measures_);
  if (change.flow != flow_ && change.flow != QueueFlow::kOver) ++measures_.flow_changes;
  flow_ = change.flow;
  flow_since_ = now;
}

void QueueMeter::OnMetrics(Duration since_opening, const QueueMetrics& metrics) {
  measures_.moments.push_back(
      {.since_opening = since_opening, .metrics = metrics, .admitted = admitted_});
}

QueueMeasures QueueMeter::Measure() const {
  QueueMeasures measures = measures_;
  EndFlow(std::min(last_.at, terms_.end), measures);
  return measures;
}

void QueueMeter::EndFlow(Time now, QueueMeasures& measures) const {
  if (now <= flow_since_) return;
  switch (flow_) {
    case QueueFlow::kFlowing:
      measures.flowing += now - flow_since_;
      break;
    case QueueFlow::kUnitsClaimed:
      measures.units_claimed += now - flow_since_;
      break;
    case QueueFlow::kSoldOut:
      measures.sold_out += now - flow_since_;
      break;
    case QueueFlow::kOver:
      break;
  }
}

}  // namespace flashsale::sim
