// What does a reserve cost when there is stock for everyone?
#include <fmt/format.h>

#include <memory>

#include "bench/arrivals.h"
#include "bench/footprint.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

// The sizes that growth is watched over: a thousandth of the crowd to all of it.
std::vector<std::uint64_t> Sizes(const Settings& settings) {
  std::vector<std::uint64_t> sizes;
  for (const std::uint64_t part : {1000U, 100U, 10U, 1U}) sizes.push_back(settings.users / part);
  return sizes;
}

Question ReserveOne(const Settings& settings, std::uint64_t users) {
  return {
      .name = fmt::format("reserve_one_{}", SizeName(users)),
      .asks = fmt::format("What does one reserve cost, of a shopper never seen, while the crowd "
                          "grows from {} to {} and everyone gets a unit?",
                          users / 2, users),
      .unit = "ns",
      .reference_name = "dependent load",
      .target = users == settings.users ? Target::RatioAtMost(1.5) : Target{},
      .prepare = [users](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsAtSize(s, users);
        const auto sale =
            std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(users), s.seed, users);
        return [&limits, sale]() -> Sample {
          return {.ours = sale->Reserve(1), .reference = limits.DependentLoad()};
        };
      }};
}

Question ReserveFromEmpty(const Settings& settings) {
  const std::uint64_t users = settings.users;
  return {.name = fmt::format("reserve_one_from_empty_{}", SizeName(users)),
          .asks =
              "What does it cost in the mean over a whole sale, from an empty one to a unit for "
              "everyone, all growth of tables and first touch of memory included?",
          .unit = "ns",
          .reference_name = "dependent load",
          .target = {},
          .prepare = [users](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtSize(s, users);
            return [&limits, users, crowd = Crowd(s.seed)]() -> Sample {
              EngineUnderTest engine(static_cast<Units>(users), Memory::kAsUsersCome);
              const double taken =
                  NanosecondsOf([&] { ReserveAll(engine, crowd, {.count = users, .batch = 1}); });
              return {.ours = taken / static_cast<double>(users),
                      .reference = limits.DependentLoad()};
            };
          }};
}

Question ReserveGrowth(const Settings& settings) {
  const std::uint64_t small = Sizes(settings).front();
  const std::uint64_t large = Sizes(settings).back();
  return {.name = fmt::format("reserve_growth_{}_to_{}", SizeName(small), SizeName(large)),
          .asks =
              "How many times dearer is a reserve in the largest crowd than in the smallest, and "
              "how many times a load?",
          .unit = "times",
          .reference_name = "growth of a dependent load",
          .target = Target::RatioAtMost(1),
          .prepare = [small, large](const Settings& s) -> Trial {
            MachineLimits& small_limits = LimitsAtSize(s, small);
            MachineLimits& large_limits = LimitsAtSize(s, large);
            const auto small_sale =
                std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(small), s.seed, small);
            const auto large_sale =
                std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(large), s.seed, large);
            return [&small_limits, &large_limits, small_sale, large_sale]() -> Sample {
              return {.ours = large_sale->Reserve(1) / small_sale->Reserve(1),
                      .reference = large_limits.DependentLoad() / small_limits.DependentLoad()};
            };
          }};
}

Question ReserveBatch(const Settings& settings, std::size_t batch) {
  const std::uint64_t users = settings.users;
  return {
      .name = fmt::format("reserve_batch_{}_{}", batch, SizeName(users)),
      .asks = fmt::format("What does a reserve cost in batches of {}, while the crowd grows from "
                          "{} to {} and everyone gets a unit?",
                          batch, users / 2, users),
      .unit = "ns",
      .reference_name = "independent update",
      .target = Target::RatioAtMost(6),
      .prepare = [users, batch](const Settings& s) -> Trial {
        MachineLimits& limits = LimitsAtSize(s, users);
        const auto sale =
            std::make_shared<SaleInFlow<EngineUnderTest>>(EngineOpener(users), s.seed, users);
        return [&limits, sale, batch]() -> Sample {
          return {.ours = sale->Reserve(batch), .reference = limits.IndependentUpdate()};
        };
      }};
}

std::vector<Question> ReserveQuestions(const Settings& settings) {
  std::vector<Question> questions;
  for (const std::uint64_t users : Sizes(settings))
    questions.push_back(ReserveOne(settings, users));
  questions.push_back(ReserveFromEmpty(settings));
  questions.push_back(ReserveGrowth(settings));
  for (const std::size_t batch : {16U, 64U, 256U})
    questions.push_back(ReserveBatch(settings, batch));
  return questions;
}

const QuestionRegistration kRegistration("reserve", &ReserveQuestions);

}  // namespace
}  // namespace flashsale::bench
