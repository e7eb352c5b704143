// What do two threads gain where everyone wants the same line, and everyone gets it?
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/arrivals.h"
#include "bench/question.h"
#include "bench/random.h"

namespace flashsale::bench {
namespace {

// Reserves a second, in millions, of `count` shoppers never seen, shared by the threads.  All at
// one instant, as the clock has it: a thread that was kept waiting does not go back in time.
double ReserveOn(unsigned threads, SaleInFlow<EngineUnderTest>& sale, std::uint64_t count,
                 std::size_t batch) {
  const std::uint64_t share = count / threads;
  const Arrivals all = sale.Next(share * threads, batch);
  const double taken = NanosecondsOfThreads(threads, [&](unsigned thread) {
    ReserveAll(sale.engine(), sale.crowd(),
               {.first = all.first + thread * share,
                .count = share,
                .batch = batch,
                .at = ArrivalOf(all.first)});
  });
  return 1e3 * static_cast<double>(share * threads) / taken;
}

Question TwoThreadsOnOneLine(const Settings& settings, std::size_t batch, Target target) {
  const std::uint64_t users = settings.users;
  return {
      .name = fmt::format("hot_line_two_threads_{}_{}",
                          batch == 1 ? "one" : fmt::format("batch_{}", batch), SizeName(users)),
      .asks = fmt::format("How many reserves a second, {} to a call, do two threads make on one "
                          "line with stock for all, against one?",
                          batch),
      .unit = "M/s",
      .reference_name = "one thread",
      .target = target,
      .prepare = [users, batch](const Settings& s) -> Trial {
        const auto sale =
            std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(users), s.seed, users);
        const std::uint64_t count = std::max<std::uint64_t>(users / 20, 2);
        return [sale, count, batch]() -> Sample {
          return {.ours = ReserveOn(2, *sale, count, batch),
                  .reference = ReserveOn(1, *sale, count, batch)};
        };
      }};
}

// Rounds of plain arithmetic a second, in millions, by threads that share nothing at all.
double ArithmeticOn(unsigned threads) {
  constexpr std::uint64_t kRounds = 20'000'000;
  const double taken = NanosecondsOfThreads(threads, [](unsigned thread) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kRounds; ++i) sum += Mix(i + thread);
    Keep(sum);
  });
  return 1e3 * static_cast<double>(threads * kRounds) / taken;
}

// Processors that share a core gain little from a second thread, whatever it does.
Question TwoThreadsOfArithmetic() {
  return {.name = "two_threads_arithmetic",
          .asks =
              "How much more arithmetic do two threads do that share nothing, against one: what "
              "does this machine have to give?",
          .unit = "M/s",
          .reference_name = "one thread",
          .target = {},
          .prepare = [](const Settings&) -> Trial {
            return
                []() -> Sample { return {.ours = ArithmeticOn(2), .reference = ArithmeticOn(1)}; };
          }};
}

std::vector<Question> ContentionQuestions(const Settings& settings) {
  return {TwoThreadsOfArithmetic(), TwoThreadsOnOneLine(settings, 1, Target::RatioAtLeast(1.3)),
          TwoThreadsOnOneLine(settings, 16, {}), TwoThreadsOnOneLine(settings, 256, {})};
}

const QuestionRegistration kRegistration("contention", &ContentionQuestions);

}  // namespace
}  // namespace flashsale::bench
