// What does a crowd cost that comes too late?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "bench/arrivals.h"
#include "bench/footprint.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kCalls = 1'000'000;

std::uint64_t UnitsFor(const Settings& settings) {
  return std::clamp<std::uint64_t>(settings.users / 10, 1, 10'000);
}

// A sale whose units are all held, by shoppers 0 to units - 1, and a crowd that never ends.
class SoldOutSale {
 public:
  explicit SoldOutSale(const Settings& settings)
      : units_(UnitsFor(settings)),
        calls_(std::min(kCalls, settings.users)),
        crowd_(settings.seed),
        holders_(units_),
        engine_(static_cast<Units>(units_), Memory::kAtOnce) {
    ReserveAll(engine_, crowd_, {.count = units_, .batch = kFillingBatch});
    next_ = units_;
  }

  // Nanoseconds of one refusal, each of a shopper never seen.
  double RefuseEach() {
    const double taken = NanosecondsOf([&] { Refuse(next_, calls_); });
    next_ += calls_;
    return taken / static_cast<double>(calls_);
  }

  // Refusals a second, in millions, by so many threads at once.
  double RefuseOn(unsigned threads) {
    const std::uint64_t share = calls_ / threads;
    const double taken = NanosecondsOfThreads(
        threads, [&](unsigned thread) { Refuse(next_ + thread * share, share); });
    next_ += threads * share;
    return 1e3 * static_cast<double>(threads * share) / taken;
  }

  // Nanoseconds of one reserve sent again by a shopper who holds a unit.
  double Resend() {
    std::uint64_t own_answers = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t i = 0; i < calls_; ++i) {
        const std::uint64_t holder = holders_[i % units_];
        const Outcome outcome = Send(holder);
        own_answers += outcome.code == Code::kAlreadyDone &&
                               outcome.state == ReservationState::kActive && outcome.units == 1
                           ? 1U
                           : 0U;
      }
    });
    Require(own_answers == calls_, "a known id did not get its own answer");
    return taken / static_cast<double>(calls_);
  }

 private:
  Outcome Send(std::uint64_t shopper) {
    const Command command = crowd_.Reserve(shopper);
    Outcome outcome;
    engine_.Apply(ArrivalOf(units_), {&command, 1}, {&outcome, 1});
    return outcome;
  }

  void Refuse(std::uint64_t first, std::uint64_t count) {
    std::uint64_t refused = 0;
    for (std::uint64_t i = first; i < first + count; ++i) {
      refused += Send(i).code == Code::kSoldOut ? 1U : 0U;
    }
    Require(refused == count, "a shopper who came too late was not told SoldOut");
  }

  const std::uint64_t units_;
  const std::uint64_t calls_;
  const Crowd crowd_;
  const ScatteredOrder holders_;
  EngineUnderTest engine_;
  std::uint64_t next_ = 0;
};

Question Refusal(const Settings& settings) {
  return {
      .name = "sold_out_refusal",
      .asks = fmt::format("What does it cost to tell a shopper never seen that all {} units are "
                          "gone?",
                          UnitsFor(settings)),
      .unit = "ns",
      .reference_name = "uncontended CAS",
      .target = Target::OursAtMost(40),
      .prepare = [](const Settings& s) -> Trial {
        const auto sale = std::make_shared<SoldOutSale>(s);
        return [sale]() -> Sample {
          return {.ours = sale->RefuseEach(), .reference = UncontendedCas(kCalls)};
        };
      }};
}

Question RefusalOnTwoThreads() {
  return {.name = "sold_out_refusal_two_threads",
          .asks = "How many refusals a second do two threads give, against one?",
          .unit = "M/s",
          .reference_name = "one thread",
          .target = Target::RatioAtLeast(1.8),
          .prepare = [](const Settings& s) -> Trial {
            const auto sale = std::make_shared<SoldOutSale>(s);
            return [sale]() -> Sample {
              return {.ours = sale->RefuseOn(2), .reference = sale->RefuseOn(1)};
            };
          }};
}

Question ResendOfKnownId() {
  return {.name = "sold_out_known_id",
          .asks =
              "Does a shopper who holds a unit and sends the same reserve again get their own "
              "answer, and what does it cost beside a refusal?",
          .unit = "ns",
          .reference_name = "refusal",
          .target = Target::RightAnswers(),
          .prepare = [](const Settings& s) -> Trial {
            const auto sale = std::make_shared<SoldOutSale>(s);
            return [sale]() -> Sample {
              return {.ours = sale->Resend(), .reference = sale->RefuseEach()};
            };
          }};
}

// Everyone once, on two threads: as many as there are units must get one, the others SoldOut.
double Stampede(const Settings& settings) {
  const Crowd crowd(settings.seed);
  const std::uint64_t units = UnitsFor(settings);
  EngineUnderTest engine(static_cast<Units>(units), Memory::kAtOnce);
  struct alignas(64) Count {
    std::uint64_t done = 0;
    std::uint64_t sold_out = 0;
  };
  std::array<Count, 2> counts;
  const std::uint64_t share = settings.users / 2;
  const double taken = NanosecondsOfThreads(2, [&](unsigned thread) {
    Count count;
    for (std::uint64_t i = 0; i < share; ++i) {
      const Command command = crowd.Reserve(thread * share + i);
      Outcome outcome;
      engine.Apply(ArrivalOf(i), {&command, 1}, {&outcome, 1});
      count.done += outcome.code == Code::kDone ? 1U : 0U;
      count.sold_out += outcome.code == Code::kSoldOut ? 1U : 0U;
    }
    counts[thread] = count;
  });
  Require(counts[0].done + counts[1].done == units, "not exactly the units there are were given");
  Require(counts[0].sold_out + counts[1].sold_out == 2 * share - units,
          "someone got neither a unit nor the answer SoldOut");
  const Stock stock = engine.ReadStock(ArrivalOf(share));
  Require(stock.reserved == units && stock.available() == 0,
          "the stock disagrees with the answers");
  return taken * 1e-6;
}

// The same loop with one dependent load in the place of the call.
double StampedeOfLoads(const Settings& settings, const MachineLimits& limits) {
  const Crowd crowd(settings.seed);
  const std::uint64_t share = settings.users / 2;
  const double taken = NanosecondsOfThreads(2, [&](unsigned thread) {
    std::uint32_t line = thread * (limits.line_count() / 2);
    for (std::uint64_t i = 0; i < share; ++i) {
      const Command command = crowd.Reserve(thread * share + i);
      Keep(&command);
      line = limits.Next(line);
    }
    Keep(line);
  });
  return taken * 1e-6;
}

Question StampedeOnTwoThreads(const Settings& settings) {
  const std::uint64_t units = UnitsFor(settings);
  return {
      .name = fmt::format("stampede_{}", SizeName(settings.users)),
      .asks = fmt::format("How long do {} shoppers take who each ask once for one of {} units, on "
                          "two threads, against the same loop with a dependent load over the "
                          "sale's footprint?  Exactly {} sold, SoldOut to everyone else.",
                          settings.users, units, units),
      .unit = "ms",
      .reference_name = "the loop with a load",
      .target = Target::RatioAtMost(6),
      .prepare = [units](const Settings& s) -> Trial {
        const MachineLimits& limits = LimitsAtSize(s, units);
        return [&limits, s]() -> Sample {
          return {.ours = Stampede(s), .reference = StampedeOfLoads(s, limits)};
        };
      }};
}

std::vector<Question> SoldOutQuestions(const Settings& settings) {
  return {Refusal(settings), RefusalOnTwoThreads(), ResendOfKnownId(),
          StampedeOnTwoThreads(settings)};
}

const QuestionRegistration kRegistration("sold_out", &SoldOutQuestions);

}  // namespace
}  // namespace flashsale::bench
