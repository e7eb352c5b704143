#include "examples/flashsale_sim/chi_square.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace flashsale::sim {
namespace {

constexpr std::size_t kMostParts = 10;
constexpr std::size_t kFewestInCell = 5;
constexpr int kMostSteps = 100'000;
constexpr double kPrecision = 1e-14;

// x^a e^-x / Gamma(a), which both expansions share.
double Front(double a, double x) { return std::exp(a * std::log(x) - x - std::lgamma(a)); }

// The lower function P(a, x) by its power series: for x < a + 1.  Abramowitz and Stegun, 6.5.29.
double LowerBySeries(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (int n = 1; n < kMostSteps && term > sum * kPrecision; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Front(a, x);
}

// The upper function Q(a, x) by its continued fraction (Abramowitz and Stegun, 6.5.31), worked out
// from the front by the method of Lentz: for x >= a + 1.
double UpperByFraction(double a, double x) {
  constexpr double kTiny = std::numeric_limits<double>::min() / kPrecision;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double fraction = d;
  for (int n = 1; n < kMostSteps; ++n) {
    const double numerator = -n * (n - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double factor = d * c;
    fraction *= factor;
    if (std::abs(factor - 1) < kPrecision) break;
  }
  return fraction * Front(a, x);
}

}  // namespace

double ChiSquareUpperTail(double statistic, std::uint32_t degrees) {
  const double a = degrees / 2.0;
  const double x = statistic / 2;
  if (x <= 0) return 1;
  const double tail = x < a + 1 ? 1 - LowerBySeries(a, x) : UpperByFraction(a, x);
  return std::clamp(tail, 0.0, 1.0);
}

ChiSquare TestUniformity(std::span<const std::uint64_t> arrivals) {
  const std::size_t count = arrivals.size();
  ChiSquare test{.entrants = count};
  std::size_t parts = kMostParts;
  while (parts > 1 && count < parts * parts * kFewestInCell) --parts;
  if (parts < 2) return test;

  std::vector<std::uint64_t> sorted(arrivals.begin(), arrivals.end());
  std::sort(sorted.begin(), sorted.end());
  // Both margins are as even as it goes; what a part holds is counted all the same.
  std::array<std::array<std::uint64_t, kMostParts>, kMostParts> cells{};
  std::array<std::uint64_t, kMostParts> came{};
  std::array<std::uint64_t, kMostParts> drawn{};
  for (std::size_t place = 0; place < count; ++place) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), arrivals[place]);
    const std::size_t row = static_cast<std::size_t>(at - sorted.begin()) * parts / count;
    const std::size_t column = place * parts / count;
    ++cells[row][column];
    ++came[row];
    ++drawn[column];
  }
  for (std::size_t row = 0; row < parts; ++row) {
    for (std::size_t column = 0; column < parts; ++column) {
      const double expected = static_cast<double>(came[row]) * static_cast<double>(drawn[column]) /
                              static_cast<double>(count);
      const double off = static_cast<double>(cells[row][column]) - expected;
      test.statistic += off * off / expected;
    }
  }
  test.degrees = static_cast<std::uint32_t>((parts - 1) * (parts - 1));
  test.p_value = ChiSquareUpperTail(test.statistic, test.degrees);
  return test;
}

}  // namespace flashsale::sim
