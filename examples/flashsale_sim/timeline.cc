#include "examples/flashsale_sim/timeline.h"

#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {

void Timeline::OnEvent(const Event& event) {
  if (event.edges.Has(Edge::kSaleStarted)) Tell(event.at, "the sale opens");
  if (event.edges.Has(Edge::kSaleEnded)) Tell(event.at, "the sale ends; holders may still pay");
  switch (event.type) {
    case EventType::kExpired:
      if (!seen_lapse_) Tell(event.at, "the first hold lapses; its units are on sale again");
      seen_lapse_ = true;
      break;
    case EventType::kReleased:
      TellWave(event);
      break;
    case EventType::kSettled:
      Tell(event.at, "settled: nothing is held any more");
      break;
    default:
      break;
  }
  if (event.edges.Has(Edge::kSoldOut)) {
    if (!seen_sold_out_) Tell(event.at, "nothing is left for the first time");
    seen_sold_out_ = true;
    if (released_at_.has_value()) {
      Tell(event.at, fmt::format("nothing is left of the wave, {} after it",
                                 FormatDuration(event.at - *released_at_)));
      released_at_.reset();
    }
  }
  if (event.edges.Has(Edge::kSoldOutForGood)) Tell(event.at, "the last unit is paid for");
}

void Timeline::TellWave(const Event& event) {
  // A wave of several lines is one.
  const bool goes_on = released_at_ == event.at && !moments_.empty();
  if (goes_on) moments_.pop_back();
  wave_units_ = (goes_on ? wave_units_ : 0) + event.units;
  Tell(event.at, fmt::format("a wave of {} is released", Counted(wave_units_, "unit")));
  released_at_ = event.at;
}

void Timeline::Tell(Time at, std::string what) {
  moments_.push_back({.at = at, .what = std::move(what)});
}

}  // namespace flashsale::sim
