#include "flashsale/policy/score_ramp.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace flashsale {
namespace {

TEST_CASE("a ramp is flat, then rises in equal steps, then is flat") {
  constexpr ScoreRamp kRamp{.from = 2, .to = 12, .most = 80};
  CHECK(kRamp.At(0) == 0);
  CHECK(kRamp.At(2) == 0);
  CHECK(kRamp.At(3) == 8);
  CHECK(kRamp.At(7) == 40);
  CHECK(kRamp.At(11) == 72);
  CHECK(kRamp.At(12) == 80);
  CHECK(kRamp.At(0xFFFF'FFFF) == 80);
  constexpr ScoreRamp kStep{.from = 5, .to = 6};
  CHECK(kStep.At(5) == 0);
  CHECK(kStep.At(6) == 100);
  constexpr ScoreRamp kWide{.from = 0, .to = 0xFFFF'FFFF};
  CHECK(kWide.At(0x8000'0000) == 50);
}

TEST_CASE("what is wrong with a ramp is named") {
  CHECK(Validate({.from = 2, .to = 12}, "ramp", 12).ok());
  CHECK(Validate({.from = 2, .to = 12}, "ramp", 11).message() == "ramp.to: 12, expected 1 to 11");
  CHECK(Validate({.from = 0, .to = 0}, "ramp", 11).message() == "ramp.to: 0, expected 1 to 11");
  CHECK(Validate({.from = 5, .to = 5}, "ramp", 11).message() == "ramp.from: 5, expected 0 to 4");
  CHECK(Validate({.from = 0, .to = 5, .most = 101}, "ramp", 11).message() ==
        "ramp.most: 101, expected 0 to 100");
}

}  // namespace
}  // namespace flashsale
