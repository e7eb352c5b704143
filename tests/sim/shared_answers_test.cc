#include "examples/flashsale_sim/shared_answers.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace flashsale::sim {
namespace {

TEST_CASE("what was counted is read as it was counted") {
  SharedAnswers shared;
  Answers plain;
  CHECK(shared.Read() == plain);
  for (const Code code : {Code::kDone, Code::kSoldOut, Code::kSoldOut}) {
    shared.Count(Operation::kReserve, code);
    plain.Count(Operation::kReserve, code);
  }
  shared.Count(Operation::kExtend, Code::kDone);
  plain.Count(Operation::kExtend, Code::kDone);
  CHECK(shared.Read() == plain);
}

TEST_SUITE_BEGIN("contention");

TEST_CASE("who looks on while it is counted sees numbers that only grow, and the last of them") {
  constexpr std::uint64_t kTimes = 200'000;
  SharedAnswers shared;
  std::atomic<bool> ends{false};
  std::thread counting([&shared, &ends] {
    for (std::uint64_t i = 0; i < kTimes; ++i) shared.Count(Operation::kJoin, Code::kDone);
    ends.store(true, std::memory_order_release);  // pairs with the loop's acquire
  });
  std::uint64_t last = 0;
  bool has_shrunk = false;
  while (!ends.load(std::memory_order_acquire)) {
    const std::uint64_t now = shared.Read().Of(Operation::kJoin, Code::kDone);
    has_shrunk = has_shrunk || now < last;
    last = now;
  }
  counting.join();
  CHECK_FALSE(has_shrunk);
  CHECK(shared.Read().Total() == kTimes);
}

TEST_SUITE_END();

}  // namespace
}  // namespace flashsale::sim
