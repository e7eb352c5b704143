#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHI_SQUARE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHI_SQUARE_H_

#include <cstdint>
#include <span>

namespace flashsale::sim {

// Pearson's chi-square test of one table.
struct ChiSquare {
  std::uint64_t entrants = 0;
  // 0: too few entrants to say anything, and then nothing else is set.
  std::uint32_t degrees = 0;
  double statistic = 0;
  // How often chance alone makes a table at least as uneven: 0 to 1, each as likely as another.
  double p_value = 1;
};

// How likely a chi-square variable of so many degrees of freedom is at least `statistic`: the upper
// regularized incomplete gamma function Q(degrees / 2, statistic / 2).
// REQUIRES: statistic >= 0, degrees >= 1.
double ChiSquareUpperTail(double statistic, std::uint32_t degrees);

// Whether places in a draw depend on when people came.  `arrivals`: a number for each entrant, by
// their places in the draw, that grows with when they came; all distinct.  Entrants are counted by
// the part of the line that they came in and by the part of the draw that they are in: tenths, or
// fewer parts where that would leave fewer than five to a cell.
ChiSquare TestUniformity(std::span<const std::uint64_t> arrivals);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHI_SQUARE_H_
