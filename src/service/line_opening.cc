#include "service/line_opening.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kEntrantsPerRead = 4'096;
constexpr Duration kTryAgainAfter = std::chrono::seconds{1};

}  // namespace

LineOpening::Failure LineOpening::Turn(Time now, const QueueState& state) {
  Failure last;
  const auto tiers = static_cast<std::uint8_t>(terms_.tiers);
  for (std::uint8_t tier = 0; tier < tiers; ++tier) {
    if (state.stages[tier] >= QueueStage::kRunning || now < try_again_[tier]) continue;
    Failure failure = Open(now, state, tier);
    if (failure.status.ok()) continue;
    try_again_[tier] = SaturatingAdd(now, kTryAgainAfter);
    last = std::move(failure);
  }
  return last;
}

LineOpening::Failure LineOpening::Open(Time now, const QueueState& state, std::uint8_t tier) {
  if (state.stages[tier] == QueueStage::kGathering) {
    // The operator has started the sale early: the lines that were to open first open now.  Those
    // that open later keep to the time that they were told.
    const Time first = *std::min_element(terms_.opens.begin(), terms_.opens.begin() + terms_.tiers);
    const bool restores = now < SaturatingAdd(state.opened_at, terms_.restore_window);
    if (restores || terms_.opens[tier] != first) return {};
    if (Status status = parts_.queues.Freeze(queue_, now, tier); !status.ok()) return {status};
  }
  const bool was_lost = state.restored != 0;
  // Who stands in the order of arrival already needs no arranging.
  if ((parts_.strategy.keeps_arrival_order() && !was_lost) || state.joined == 0) {
    return {parts_.queues.Begin(queue_, now, tier)};
  }
  std::shared_ptr<QueueOrdering>& pending = orderings_[tier];
  if (pending == nullptr) {
    Result<std::vector<Entrant>> entrants = ReadEntrants(tier);
    if (!entrants.ok()) return {entrants.status()};
    // A line that had opened before it was lost had been ordered then.
    const bool was_ordered = was_lost && terms_.opens[tier] <= state.opened_at;
    const bool as_they_came = was_ordered || parts_.strategy.keeps_arrival_order();
    pending = std::make_shared<QueueOrdering>(as_they_came ? nullptr : &parts_.strategy.strategy(),
                                              queue_.id(), tier, *std::move(entrants));
    if (!Post(pending)) pending->Run();
  }
  if (!pending->is_done()) return {};
  const std::shared_ptr<QueueOrdering> ordering = std::exchange(pending, nullptr);
  if (!ordering->status().ok()) return {.status = ordering->status(), .of_strategy = true};
  if (Status status = Arrange(*ordering); !status.ok()) return {status};
  return {parts_.queues.Begin(queue_, now, tier)};
}

bool LineOpening::Post(const std::shared_ptr<QueueOrdering>& ordering) {
  if (parts_.executor == nullptr) return false;
  try {
    return parts_.executor->Post([ordering] { ordering->Run(); });
  } catch (...) {
    return false;  // as if it were full
  }
}

Result<std::vector<Entrant>> LineOpening::ReadEntrants(std::uint8_t tier) {
  std::vector<Entrant> entrants;
  std::size_t count = 0;
  for (;;) {
    entrants.resize(count + kEntrantsPerRead);
    const std::uint64_t after = count == 0 ? 0 : entrants[count - 1].ticket;
    const Result<std::size_t> read =
        parts_.queues.ReadEntrants(queue_, tier, after, std::span(entrants).subspan(count));
    if (!read.ok()) return read.status();
    count += *read;
    if (*read < kEntrantsPerRead) break;
  }
  entrants.resize(count);
  const auto order = [](const Entrant& entrant) {
    return std::tuple(entrant.restored_place == 0, entrant.restored_place, entrant.ticket);
  };
  std::sort(entrants.begin(), entrants.end(),
            [order](const Entrant& a, const Entrant& b) { return order(a) < order(b); });
  return entrants;
}

Status LineOpening::Arrange(const QueueOrdering& ordering) {
  std::vector<std::uint64_t> tickets;
  for (std::size_t first = 0; first < ordering.size(); first += tickets.size()) {
    const std::size_t end = std::min(first + kEntrantsPerRead, ordering.size());
    tickets.clear();
    for (std::size_t i = first; i < end; ++i) tickets.push_back(ordering.TicketAt(i));
    const Status status = parts_.queues.Arrange(
        queue_, {.tier = ordering.tier(), .first = first, .tickets = tickets});
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace flashsale::inline v0
