#include "examples/flashsale_sim/series.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flashsale::sim {

void Series::Take(Sample sample, const Answers& totals) {
  const Answers::ByCode now = totals.Totals();
  for (std::size_t code = 0; code < now.size(); ++code)
    sample.answers[code] = now[code] - last_[code];
  last_ = now;
  samples_.push_back(std::move(sample));
}

void Series::CutSilence() {
  const auto is_silent = [](const Sample& sample) { return sample.answers == Answers::ByCode{}; };
  while (samples_.size() > 2 && is_silent(samples_.back()) &&
         is_silent(samples_[samples_.size() - 2])) {
    samples_.pop_back();
  }
}

Series::Sample SampleOf(const SaleStock& stock, Duration since_opening) {
  Series::Sample sample{.since_opening = since_opening};
  for (const Stock& line : stock.lines) {
    sample.available += line.available();
    sample.reserved += line.reserved;
    sample.sold += line.sold;
  }
  return sample;
}

}  // namespace flashsale::sim
