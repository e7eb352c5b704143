// How much do we gain over the engine that most servers have today?
#include <fmt/format.h>

#include "bench/arrivals.h"
#include "bench/plain_engine.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

// Reserves a second, in millions, over a whole sale of which both were told how large it would be.
template <typename Engine>
double MillionsPerSecond(Engine& engine, std::uint64_t seed, const Arrivals& arrivals) {
  const double taken = NanosecondsOf([&] { ReserveAll(engine, Crowd(seed), arrivals); });
  return 1e3 * static_cast<double>(arrivals.count) / taken;
}

Question AgainstPlainEngine(const Settings& settings, std::size_t batch, double target) {
  const std::uint64_t users = settings.users / 10;
  return {.name = fmt::format("reserve_{}_against_plain_{}",
                              batch == 1 ? "one" : fmt::format("batch_{}", batch), SizeName(users)),
          .asks = fmt::format("How many reserves a second, {} to a call, against a mutex and hash "
                              "maps called the same way, over a sale of {} shoppers from the first "
                              "to the last, everyone gets a unit?",
                              batch, users),
          .unit = "M/s",
          .reference_name = "plain engine",
          .target = Target::RatioAtLeast(target),
          .prepare = [users, batch](const Settings& s) -> Trial {
            return [users, batch, seed = s.seed]() -> Sample {
              const auto units = static_cast<Units>(users);
              const Arrivals all{.count = users, .batch = batch};
              EngineUnderTest ours(units, Memory::kAtOnce);
              PlainEngine plain(BenchTerms(units));
              return {.ours = MillionsPerSecond(ours, seed, all),
                      .reference = MillionsPerSecond(plain, seed, all)};
            };
          }};
}

std::vector<Question> PeerQuestions(const Settings& settings) {
  return {AgainstPlainEngine(settings, 1, 10), AgainstPlainEngine(settings, 16, 20),
          AgainstPlainEngine(settings, 64, 20)};
}

const QuestionRegistration kRegistration("peer", &PeerQuestions);

}  // namespace
}  // namespace flashsale::bench
