#ifndef FLASHSALE_BENCH_ARRIVALS_H_
#define FLASHSALE_BENCH_ARRIVALS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/measurement.h"
#include "bench/question.h"

namespace flashsale::bench {

inline constexpr std::size_t kLargestBatch = 256;
// Quick where the filling itself is not the question.
inline constexpr std::size_t kFillingBatch = 64;

// When shopper i reserves: they come a microsecond apart, so holds are made in deadline order.
constexpr Time ArrivalOf(std::uint64_t shopper) {
  return kOpening + Duration(static_cast<Duration::rep>(shopper));
}

// Which shoppers call, how many of them to a call, and when.
struct Arrivals {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::size_t batch = 1;
  // Not set: each batch at ArrivalOf its first shopper.
  std::optional<Time> at = std::nullopt;
};

// Sends command_of(shopper) for each; every answer must be Done.
template <typename Engine, typename CommandOf>
void SendAll(Engine& engine, const Arrivals& arrivals, CommandOf command_of) {
  std::array<Command, kLargestBatch> commands;
  std::array<Outcome, kLargestBatch> outcomes;
  std::uint64_t done = 0;
  const std::uint64_t end = arrivals.first + arrivals.count;
  for (std::uint64_t i = arrivals.first; i < end;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(arrivals.batch, end - i));
    for (std::size_t k = 0; k < size; ++k) commands[k] = command_of(i + k);
    engine.Apply(arrivals.at.value_or(ArrivalOf(i)), std::span(commands).first(size),
                 std::span(outcomes).first(size));
    for (std::size_t k = 0; k < size; ++k) done += outcomes[k].code == Code::kDone ? 1U : 0U;
    i += size;
  }
  Require(done == arrivals.count, "a call that should succeed was refused");
}

template <typename Engine>
void ReserveAll(Engine& engine, const Crowd& crowd, const Arrivals& arrivals) {
  SendAll(engine, arrivals, [&](std::uint64_t i) { return crowd.Reserve(i); });
}

// A sale that has half of its crowd and receives the rest, a tenth of all at a time; when all are
// there, the next sale takes its place.  So its tables are as full as in the midst of a sale.
template <typename Engine>
class SaleInFlow {
 public:
  using Opener = std::function<std::unique_ptr<Engine>()>;

  // REQUIRES: users >= 2.
  SaleInFlow(Opener open, std::uint64_t seed, std::uint64_t users)
      : open_(std::move(open)),
        crowd_(seed),
        users_(users),
        step_(std::max<std::uint64_t>(users / 10, 1)) {}

  // Nanoseconds of one reserve that succeeds, of a shopper never seen, with `batch` of them to a
  // call; over enough tenths for the clock not to matter.
  double Reserve(std::size_t batch) {
    const std::uint64_t enough = std::min<std::uint64_t>(100'000, 10 * users_);
    double taken = 0;
    std::uint64_t calls = 0;
    for (; calls < enough; calls += step_) {
      taken += NanosecondsOf(
          [&, arrivals = Next(step_, batch)] { ReserveAll(*engine_, crowd_, arrivals); });
    }
    return taken / static_cast<double>(calls);
  }

  // The next `count` shoppers; a new sale if this one has not so many left.
  Arrivals Next(std::uint64_t count, std::size_t batch) {
    if (engine_ == nullptr || arrived_ + count > users_) {
      engine_.reset();  // before the next, so that only one is in memory
      engine_ = open_();
      arrived_ = users_ / 2;
      ReserveAll(*engine_, crowd_, {.count = arrived_, .batch = kFillingBatch});
    }
    const std::uint64_t first = arrived_;
    arrived_ += count;
    return {.first = first, .count = count, .batch = batch};
  }

  Engine& engine() { return *engine_; }
  const Crowd& crowd() const { return crowd_; }

 private:
  const Opener open_;
  const Crowd crowd_;
  const std::uint64_t users_;
  const std::uint64_t step_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t arrived_ = 0;
};

// An opener of sales with `units` to sell.
inline SaleInFlow<EngineUnderTest>::Opener EngineOpener(std::uint64_t units) {
  return [units] {
    return std::make_unique<EngineUnderTest>(static_cast<Units>(units), Memory::kAtOnce);
  };
}

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_ARRIVALS_H_
