#include "examples/flashsale_sim/chi_square.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/dice.h"

namespace flashsale::sim {
namespace {

std::vector<std::uint64_t> InOrder(std::size_t count) {
  std::vector<std::uint64_t> arrivals(count);
  std::iota(arrivals.begin(), arrivals.end(), std::uint64_t{1});
  return arrivals;
}

std::vector<std::uint64_t> Shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::uint64_t> arrivals = InOrder(count);
  const Dice dice(seed);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(arrivals[i - 1], arrivals[dice.Below(i, Dice::Purpose::kUnits, i)]);
  }
  return arrivals;
}

TEST_CASE("the tail of a chi-square distribution is that of the tables") {
  // For 1 degree erfc(sqrt(x / 2)); for an even number of them a finite sum of Poisson terms.
  for (const double x : {0.0, 0.1, 1.0, 3.841459, 10.0, 60.0}) {
    CAPTURE(x);
    CHECK(ChiSquareUpperTail(x, 1) == doctest::Approx(std::erfc(std::sqrt(x / 2))).epsilon(1e-10));
    for (const std::uint32_t degrees : {2U, 4U, 64U, 100U}) {
      CAPTURE(degrees);
      double term = std::exp(-x / 2);
      double sum = 0;
      for (std::uint32_t k = 0; k < degrees / 2; ++k) {
        sum += term;
        term *= x / 2 / (k + 1);
      }
      CHECK(ChiSquareUpperTail(x, degrees) == doctest::Approx(sum).epsilon(1e-10));
    }
  }
  CHECK(ChiSquareUpperTail(103.01, 81) == doctest::Approx(0.05).epsilon(0.001));
  CHECK(ChiSquareUpperTail(66.339, 49) == doctest::Approx(0.05).epsilon(0.001));
}

TEST_CASE("who came first and is first was not drawn") {
  const ChiSquare test = TestUniformity(InOrder(1'000));
  CHECK(test.entrants == 1'000);
  CHECK(test.degrees == 81);
  CHECK(test.statistic == doctest::Approx(9'000));
  CHECK(test.p_value < 1e-100);
}

TEST_CASE("a draw that favours a tenth of the line a little is found out") {
  std::vector<std::uint64_t> arrivals = Shuffled(10'000, 3);
  CHECK(TestUniformity(arrivals).p_value > 0.01);
  // Of each two places the first tenth of the line gets the better.
  for (std::size_t i = 0; i + 5'000 < arrivals.size(); i += 2) {
    if (arrivals[i + 5'000] <= 1'000) std::swap(arrivals[i], arrivals[i + 5'000]);
  }
  CHECK(TestUniformity(arrivals).p_value < 1e-6);
}

TEST_CASE("p-values of true draws are spread evenly") {
  constexpr std::uint64_t kDraws = 400;
  std::uint64_t below_half = 0;
  std::uint64_t below_twentieth = 0;
  for (std::uint64_t seed = 1; seed <= kDraws; ++seed) {
    const double p = TestUniformity(Shuffled(600, seed)).p_value;
    below_half += p < 0.5 ? 1U : 0U;
    below_twentieth += p < 0.05 ? 1U : 0U;
  }
  // Four standard deviations.
  CHECK(below_half > 160);
  CHECK(below_half < 240);
  CHECK(below_twentieth > 2);
  CHECK(below_twentieth < 38);
}

TEST_CASE("of few entrants fewer parts are made, and of very few nothing is said") {
  CHECK(TestUniformity(Shuffled(500, 1)).degrees == 81);
  CHECK(TestUniformity(Shuffled(499, 1)).degrees == 64);
  CHECK(TestUniformity(Shuffled(20, 1)).degrees == 1);
  const ChiSquare few = TestUniformity(Shuffled(19, 1));
  CHECK(few.entrants == 19);
  CHECK(few.degrees == 0);
  CHECK(few.p_value == 1);
  CHECK(TestUniformity({}).degrees == 0);
}

}  // namespace
}  // namespace flashsale::sim
