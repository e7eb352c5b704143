#include "examples/flashsale_sim/pacer.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Pacer::Instant kStart{1h};

TEST_CASE("calls are evenly spaced, however long the schedule") {
  const Pacer pacer(kStart, {.per_second = 3});
  CHECK(pacer.At(0) == kStart);
  CHECK(pacer.At(1) == kStart + 333'333'333ns);
  CHECK(pacer.At(2) == kStart + 666'666'666ns);
  CHECK(pacer.At(3) == kStart + 1s);
  CHECK(pacer.At(3'000'000) == kStart + 1'000'000s);
}

TEST_CASE("threads share the rate and make each call once") {
  std::set<Pacer::Instant> all;
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    const Pacer pacer(kStart, {.per_second = 1'000, .threads = 4, .thread = thread});
    for (std::uint64_t call = 0; call < 250; ++call) all.insert(pacer.At(call));
  }
  REQUIRE(all.size() == 1'000);
  CHECK(*all.begin() == kStart);
  CHECK(*all.rbegin() == kStart + 999ms);
}

TEST_CASE("the instant of a call does not depend on when the one before it was answered") {
  const Pacer pacer(kStart, {.per_second = 10});
  // A stall of a second: the ten calls that it delays are all late, by what is left of it.
  const Pacer::Instant stalled_until = pacer.At(20);
  for (std::uint64_t call = 10; call < 20; ++call) {
    const auto left = std::chrono::milliseconds(100) * static_cast<std::int64_t>(20 - call);
    CHECK(stalled_until - pacer.At(call) == left);
  }
}

}  // namespace
}  // namespace flashsale::sim
