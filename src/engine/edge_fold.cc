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

}  // namespace flashsale::inline v0::engine
