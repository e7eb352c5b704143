#include "service/checked_strategy.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "base/field_check.h"
#include "flashsale/policy/fifo_strategy.h"

namespace flashsale::inline v0 {
namespace {

Status Failed(std::string_view strategy, std::string_view what) {
  return Status(StatusCode::kInternal, fmt::format("strategy {}: {}", Printable(strategy), what));
}

// What `ask()` answers, or the Status of a strategy that has thrown.
template <typename Answer, typename Ask>
Answer Asked(std::string_view strategy, Ask&& ask) {
  try {
    return ask();
  } catch (const std::exception& error) {
    return Failed(strategy, error.what());
  } catch (...) {
    return Failed(strategy, "it threw what is no std::exception");
  }
}

}  // namespace

Result<CheckedStrategy> CheckedStrategy::New(const AllocationStrategy& strategy,
                                             const QueueTerms& terms) {
  return Asked<Result<CheckedStrategy>>(terms.strategy, [&]() -> Result<CheckedStrategy> {
    CheckedStrategy checked(strategy, std::string(strategy.name()));
    FieldCheck check;
    check.That(terms.strategy == checked.name_, "strategy", Printable(terms.strategy),
               fmt::format("the name of the strategy that is given, {}", Printable(checked.name_)));
    if (!check.ok()) return check.status();
    if (Status status = Validate(terms); !status.ok()) return status;
    if (Status status = strategy.CheckTerms(terms); !status.ok()) return status;
    checked.keeps_arrival_order_ = strategy.keeps_arrival_order();
    for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
      const TierShare share = strategy.ShareOf(static_cast<std::uint8_t>(tier), terms.tiers);
      check.That(share.total != 0 && share.weight <= share.total, "strategy",
                 fmt::format("{} gives tier {} of {} a share of {} in {}", Printable(checked.name_),
                             tier, terms.tiers, share.weight, share.total),
                 "a total of at least 1, and no more than all of it");
      checked.shares_[tier] = share;
    }
    if (!check.ok()) return check.status();
    return checked;
  });
}

CheckedStrategy::Picked CheckedStrategy::PickTiers(std::span<const std::uint64_t> waiting,
                                                   std::uint64_t state,
                                                   std::span<TierPick> picks) const {
  const Result<std::size_t> asked = Asked<Result<std::size_t>>(
      name_, [&]() -> Result<std::size_t> { return strategy_->PickTiers(waiting, state, picks); });
  Picked picked;
  if (!asked.ok()) {
    picked.failure = asked.status();
  } else if (*asked > picks.size()) {
    picked.failure = Failed(
        name_, fmt::format("it picks {} turns, expected no more than {}", *asked, picks.size()));
  } else {
    const auto end = picks.begin() + static_cast<std::ptrdiff_t>(*asked);
    const auto wrong = std::find_if(
        picks.begin(), end, [&](const TierPick& pick) { return pick.tier >= waiting.size(); });
    picked.count = static_cast<std::size_t>(wrong - picks.begin());
    if (wrong != end) {
      picked.failure = Failed(name_, fmt::format("it picks tier {}, expected 0 to {}", wrong->tier,
                                                 waiting.size() - 1));
    }
  }
  // A tier where nobody waits lets its turn pass.
  const auto turns = picks.first(picked.count);
  if (std::any_of(turns.begin(), turns.end(),
                  [&](const TierPick& pick) { return waiting[pick.tier] != 0; })) {
    return picked;
  }
  if (picked.failure.ok()) {
    picked.failure = Failed(name_, fmt::format("it picks {} turns and no tier where somebody "
                                               "waits, expected one",
                                               picked.count));
  }
  picked.count = FifoStrategy().PickTiers(waiting, state, picks);
  return picked;
}

}  // namespace flashsale::inline v0
