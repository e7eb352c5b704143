// How much do we gain over the engine that most servers have today?
#include <fmt/format.h>

#include <memory>

#include "bench/arrivals.h"
#include "bench/plain_engine.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

Question AgainstPlainEngine(const Settings& settings, std::size_t batch, double target) {
  const std::uint64_t users = settings.users / 10;
  return {
      .name = fmt::format("reserve_{}_against_plain_{}",
                          batch == 1 ? "one" : fmt::format("batch_{}", batch), SizeName(users)),
      .asks = fmt::format("How many reserves a second, {} to a call, against a mutex and hash maps "
                          "called the same way, while the crowd grows from {} to {}?",
                          batch, users / 2, users),
      .unit = "M/s",
      .reference_name = "plain engine",
      .target = Target::RatioAtLeast(target),
      .prepare = [users, batch](const Settings& s) -> Trial {
        const auto ours =
            std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(users), s.seed, users);
        const auto plain = std::make_shared<SaleInFlow<PlainEngine>>(
            [users] {
              return std::make_unique<PlainEngine>(BenchTerms(static_cast<Units>(users)));
            },
            s.seed, users);
        return [ours, plain, batch]() -> Sample {
          return {.ours = 1e3 / ours->Reserve(batch), .reference = 1e3 / plain->Reserve(batch)};
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
