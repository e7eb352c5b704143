// What do the calls cost that follow a reserve?
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "bench/arrivals.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

// Holders of the earlier half of a sale who call in an order that has nothing to do with the order
// in which they came.
class HolderCalls {
 public:
  HolderCalls(const Settings& settings, Verb verb)
      : verb_(verb),
        holders_(settings.users / 2),
        order_(holders_),
        count_(std::max<std::uint64_t>(settings.users / 20, 1)),
        sale_(EngineOpener(settings.users), settings.seed, settings.users) {}

  // Nanoseconds of one reserve of a shopper never seen, and of one call of a holder.
  Sample Measure() {
    const Arrivals arrivals = sale_.Next(count_, 1);
    if (arrivals.first == holders_) called_ = 0;  // a new sale
    const double reserve =
        NanosecondsOf([&] { ReserveAll(sale_.engine(), sale_.crowd(), arrivals); });
    // A second later, so that an extension moves the deadline.
    const Arrivals calls{.first = called_,
                         .count = count_,
                         .at = ArrivalOf(arrivals.first + count_) + std::chrono::seconds{1}};
    const double call = NanosecondsOf([&] {
      SendAll(sale_.engine(), calls,
              [&](std::uint64_t i) { return sale_.crowd().About(verb_, order_[i]); });
    });
    called_ += count_;
    const auto divisor = static_cast<double>(count_);
    return {.ours = call / divisor, .reference = reserve / divisor};
  }

 private:
  const Verb verb_;
  const std::uint64_t holders_;
  const ScatteredOrder order_;
  const std::uint64_t count_;
  SaleInFlow<EngineUnderTest> sale_;
  std::uint64_t called_ = 0;
};

Question AfterReserve(const Settings& settings, Verb verb) {
  const std::string_view name = Name(verb);
  return {
      .name = fmt::format("{}_{}", name, SizeName(settings.users)),
      .asks = fmt::format("What does a {} of a random holder cost, against a reserve, in a sale of "
                          "{} shoppers?",
                          name, settings.users),
      .unit = "ns",
      .reference_name = "reserve",
      .target = Target::RatioAtMost(1.5),
      .prepare = [verb](const Settings& s) -> Trial {
        return [calls = std::make_shared<HolderCalls>(s, verb)] { return calls->Measure(); };
      }};
}

std::vector<Question> VerbQuestions(const Settings& settings) {
  return {AfterReserve(settings, Verb::kConfirm), AfterReserve(settings, Verb::kCancel),
          AfterReserve(settings, Verb::kExtend)};
}

const QuestionRegistration kRegistration("verb", &VerbQuestions);

}  // namespace
}  // namespace flashsale::bench
