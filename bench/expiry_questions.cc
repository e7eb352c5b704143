// What does it cost to take back what nobody paid for?
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/arrivals.h"
#include "bench/footprint.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

// What a cleaner asks for at a time.
constexpr std::size_t kSlice = 256;

// A sale in which everyone holds a unit, and a cleaner that takes them back, a fifth at a time, in
// the order of their deadlines; when all are back, the next sale takes its place.
class LapsingSale {
 public:
  LapsingSale(const Settings& settings, std::uint64_t users)
      : crowd_(settings.seed), users_(users), step_(std::max<std::uint64_t>(users / 5, 1)) {}

  // Nanoseconds of one hold, over enough of them for the clock not to matter.
  double ExpireEach() {
    const std::uint64_t enough = std::min<std::uint64_t>(100'000, 10 * users_);
    double taken = 0;
    std::uint64_t expired = 0;
    while (expired < enough) {
      FillIfEmpty();
      std::uint64_t now_expired = 0;
      taken += NanosecondsOf([&] {
        while (Slice(now_expired)) {
        }
      });
      expired += now_expired;
      Account(now_expired);
    }
    return taken / static_cast<double>(expired);
  }

  // The nanoseconds of each slice of a fifth.
  std::vector<double> ExpireSlices() {
    std::vector<double> slices;
    FillIfEmpty();
    std::uint64_t expired = 0;
    bool more = true;
    while (more) slices.push_back(NanosecondsOf([&] { more = Slice(expired); }));
    Account(expired);
    return slices;
  }

 private:
  void FillIfEmpty() {
    if (left_ == 0) {
      engine_.reset();  // before the next, so that only one is in memory
      engine_ = std::make_unique<EngineUnderTest>(static_cast<Units>(users_), Memory::kAtOnce);
      ReserveAll(*engine_, crowd_, {.count = users_, .batch = kFillingBatch});
      left_ = users_;
      due_ = 0;
    }
    due_ = std::min(due_ + step_, users_);
    // The last batch shares one deadline, a little before its last shopper's turn.
    now_ = ArrivalOf(due_) + BenchTerms(1).hold;
  }

  // True where more is due.
  bool Slice(std::uint64_t& expired) {
    const ExpireReport report = engine_->ExpireDue(now_, kSlice);
    expired += report.expired;
    return report.more;
  }

  void Account(std::uint64_t expired) {
    Require(expired <= left_, "more holds were expired than there were");
    left_ -= expired;
    Require(due_ != users_ || left_ == 0, "a hold that was due was not expired");
    Require(engine_->ReadStock(now_).reserved == left_,
            "the stock of expired holds did not return");
    Require(engine_->ReadTally(crowd_.User(0)).held == 0, "an expired hold is still charged");
  }

  const Crowd crowd_;
  const std::uint64_t users_;
  const std::uint64_t step_;
  std::unique_ptr<EngineUnderTest> engine_;
  std::uint64_t left_ = 0;
  std::uint64_t due_ = 0;
  Time now_{};
};

Question ExpireHold(const Settings& settings, std::uint64_t users) {
  return {.name = fmt::format("expire_hold_{}", SizeName(users)),
          .asks = fmt::format("What does it cost to expire one of {} holds in the order of their "
                              "deadlines, {} to a slice, stock and tallies returned?",
                              users, kSlice),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = users == settings.users ? Target::RatioAtMost(0.35) : Target{},
          .prepare = [users](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtSize(s, users);
            return [&limits, sale = std::make_shared<LapsingSale>(s, users)]() -> Sample {
              return {.ours = sale->ExpireEach(), .reference = limits.DependentLoad()};
            };
          }};
}

Question ExpiryGrowth(const Settings& settings) {
  const std::uint64_t small = settings.users / 1000;
  const std::uint64_t large = settings.users;
  return {.name = fmt::format("expire_growth_{}_to_{}", SizeName(small), SizeName(large)),
          .asks =
              "How many times dearer is it to expire a hold among the most than among the fewest, "
              "and how many times an update of random memory that is known beforehand?",
          .unit = "times",
          .reference_name = "growth of an independent update",
          .target = Target::RatioAtMost(1),
          .prepare = [small, large](const Settings& s) -> Trial {
            MachineLimits& small_limits = LimitsAtSize(s, small);
            MachineLimits& large_limits = LimitsAtSize(s, large);
            const auto small_sale = std::make_shared<LapsingSale>(s, small);
            const auto large_sale = std::make_shared<LapsingSale>(s, large);
            return [&small_limits, &large_limits, small_sale, large_sale]() -> Sample {
              return {
                  .ours = large_sale->ExpireEach() / small_sale->ExpireEach(),
                  .reference = large_limits.IndependentUpdate() / small_limits.IndependentUpdate()};
            };
          }};
}

Question LongestSlice(const Settings& settings) {
  return {.name = fmt::format("expiry_slice_p999_{}", SizeName(settings.users)),
          .asks = fmt::format("How long does a slice of {} holds out of {} take, all but one in a "
                              "thousand of them, against as many dependent loads?",
                              kSlice, settings.users),
          .unit = "us",
          .reference_name = fmt::format("{} dependent loads", kSlice),
          .target = Target::OursAtMost(200),
          .prepare = [](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtSize(s, s.users);
            return [&limits, sale = std::make_shared<LapsingSale>(s, s.users)]() -> Sample {
              return {.ours = 1e-3 * Percentile(sale->ExpireSlices(), 0.999),
                      .reference = 1e-3 * kSlice * limits.DependentLoad()};
            };
          }};
}

std::vector<Question> ExpiryQuestions(const Settings& settings) {
  std::vector<Question> questions;
  for (const std::uint64_t part : {1000U, 100U, 10U, 1U}) {
    questions.push_back(ExpireHold(settings, settings.users / part));
  }
  questions.push_back(ExpiryGrowth(settings));
  questions.push_back(LongestSlice(settings));
  return questions;
}

const QuestionRegistration kRegistration("expiry", &ExpiryQuestions);

}  // namespace
}  // namespace flashsale::bench
