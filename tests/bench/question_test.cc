#include "bench/question.h"

#include <doctest/doctest.h>

namespace flashsale::bench {
namespace {

TEST_CASE("a percentile is the value that the share does not exceed, by nearest rank") {
  const std::vector<double> values{5, 1, 4, 2, 3};
  CHECK(Percentile(values, 0.5) == 3);
  CHECK(Percentile(values, 0.2) == 1);
  CHECK(Percentile(values, 0.21) == 2);
  CHECK(Percentile(values, 1) == 5);

  std::vector<double> slices(1000, 1.0);
  slices[17] = 9;
  CHECK(Percentile(slices, 0.999) == 1);
  slices[18] = 8;
  CHECK(Percentile(slices, 0.999) == 8);
}

TEST_CASE("the ratio is the median of the samples' ratios, not the ratio of the medians") {
  const Answer answer = Summarise(
      {{.ours = 1, .reference = 1}, {.ours = 2, .reference = 4}, {.ours = 3, .reference = 1}});
  CHECK(answer.ours == 2);
  CHECK(answer.reference == 1);
  CHECK(answer.ratio == 1);
  CHECK(answer.lowest_ratio == 0.5);
  CHECK(answer.highest_ratio == 3);
}

TEST_CASE("nothing beside nothing is the same") {
  CHECK(Summarise({{.ours = 0, .reference = 0}}).ratio == 1);
}

TEST_CASE("a target holds up to its bound and no further") {
  const Answer answer{.ours = 40, .reference = 20, .ratio = 2};
  CHECK(Holds(Target::RatioAtMost(2), answer) == true);
  CHECK(Holds(Target::RatioAtMost(1.9), answer) == false);
  CHECK(Holds(Target::RatioAtLeast(2), answer) == true);
  CHECK(Holds(Target::RatioAtLeast(2.1), answer) == false);
  CHECK(Holds(Target::OursAtMost(40), answer) == true);
  CHECK(Holds(Target::OursAtMost(39), answer) == false);
  CHECK(Holds(Target::OursAtLeast(40), answer) == true);
  CHECK(Holds(Target::OursAtLeast(41), answer) == false);
  CHECK(Holds(Target::RightAnswers(), answer) == true);
  CHECK_FALSE(Holds(Target{}, answer).has_value());
}

TEST_CASE("a target is described with the unit of what it bounds") {
  CHECK(Describe(Target::RatioAtMost(1.5), "ns") == "ratio <= 1.5");
  CHECK(Describe(Target::RatioAtLeast(10), "M/s") == "ratio >= 10");
  CHECK(Describe(Target::OursAtMost(40), "ns") == "ours <= 40 ns");
  CHECK(Describe(Target::OursAtLeast(2), "M/s") == "ours >= 2 M/s");
  CHECK(Describe(Target::RightAnswers(), "ns") == "right answers");
  CHECK(Describe(Target{}, "ns").empty());
}

TEST_CASE("sizes are named as people say them") {
  CHECK(SizeName(10'000'000) == "10m");
  CHECK(SizeName(250'000) == "250k");
  CHECK(SizeName(1'000) == "1k");
  CHECK(SizeName(77) == "77");
  CHECK(SizeName(0) == "0");
}

}  // namespace
}  // namespace flashsale::bench
