#include "service/served_queue.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kEntrantsPerRead = 4'096;
// What fails is tried again after this.
constexpr Duration kBackOff = std::chrono::seconds{1};

Units Capped(std::uint64_t units) {
  return static_cast<Units>(std::min<std::uint64_t>(units, std::numeric_limits<Units>::max()));
}

bool IsPermutation(std::span<const std::uint32_t> order) {
  std::vector<bool> seen(order.size());
  for (const std::uint32_t place : order) {
    if (place >= order.size() || seen[place]) return false;
    seen[place] = true;
  }
  return true;
}

}  // namespace

Status QueueOrdering::Order() {
  order_.resize(entrants_.size());
  if (strategy_ == nullptr) {
    std::iota(order_.begin(), order_.end(), 0U);
    return {};
  }
  const OrderRequest request{.sale = sale_, .tier = tier_, .entrants = entrants_};
  if (Status status = strategy_->Order(request, order_); !status.ok()) return status;
  if (IsPermutation(order_)) return {};
  return Status(
      StatusCode::kInternal,
      fmt::format("strategy '{}': its order of tier {} names somebody twice or not at all",
                  strategy_->name(), tier_));
}

void QueueOrdering::Run() {
  try {
    status_ = Order();
  } catch (const std::exception& error) {
    status_ = Status(StatusCode::kInternal, error.what());
  } catch (...) {
    status_ = Status(StatusCode::kInternal, "the strategy threw what is no std::exception");
  }
  done_.store(true, std::memory_order_release);
}

ServedQueue::ServedQueue(const Parts& parts, const QueueTerms& terms,
                         const AllocationStrategy& strategy, const SaleRef& queue,
                         const SaleRef& sale)
    : parts_(parts),
      terms_(terms),
      strategy_(strategy),
      queue_(queue),
      sale_(sale),
      admissions_per_second_(terms.pace.admissions_per_second) {
  for (auto& stage : stages_) stage.store(QueueStage::kGathering, std::memory_order_relaxed);
}

void ServedQueue::DescribeSale(QueuePlace& place) const {
  place.sale_state = sale_state_.load(std::memory_order_relaxed);
  place.units_left = units_left_.load(std::memory_order_relaxed);
  place.units_held = units_held_.load(std::memory_order_relaxed);
  place.sold_out_for_good = SoldOutForGood();
}

void ServedQueue::Describe(const QueueAnswer& answer, QueuePlace& place) const {
  place.entry = answer.entry;
  DescribeSale(place);
  if (answer.entry.state != TicketState::kWaiting) return;
  const QueueStage stage = stages_[answer.entry.tier].load(std::memory_order_relaxed);
  if (stage != QueueStage::kRunning &&
      (!strategy_.keeps_arrival_order() || restored_.load(std::memory_order_relaxed))) {
    return;  // nobody has a place before the draw, or before all who had one are back
  }
  place.position = answer.ahead + 1;
  const std::uint64_t pace = admissions_per_second_.load(std::memory_order_relaxed);
  place.expected_wait = Duration(static_cast<Duration::rep>(place.position * 1'000'000 / pace));
}

ServedQueue::Turn ServedQueue::Poll(Time now) {
  Turn turn{.next = SaturatingAdd(now, parts_.options.period)};
  if (!turn_mutex_.TryLock()) return turn;
  try {
    const Status status = TakeTurn(now, turn);
    if (!status.ok()) {
      turn.status = status;
      turn.tier_failed = false;
    }
  } catch (const std::exception& error) {
    turn.status = Status(StatusCode::kResourceExhausted, error.what());
  }
  turn_mutex_.Unlock();
  if (!turn.status.ok() && !turn.tier_failed && turn.status.code() != StatusCode::kConflict) {
    turn.next = SaturatingAdd(now, kBackOff);
  }
  due_us_.store(turn.next.time_since_epoch().count(), std::memory_order_relaxed);
  return turn;
}

Status ServedQueue::TakeTurn(Time now, Turn& turn) {
  const Result<SaleStock> stock = parts_.inventory.ReadStock(sale_, now);
  if (!stock.ok()) return stock.status();
  NoteStock(*stock);
  Result<QueueState> state = parts_.queues.Read(queue_, now);
  if (!state.ok()) return state.status();
  NotePace(state->pace);
  if (Status status = FollowPhase(now, stock->phase, *state, turn); !status.ok()) return status;
  NoteState(*state);

  const Result<LapseReport> lapsed = parts_.queues.LapseDue(queue_, now, parts_.options.batch);
  if (!lapsed.ok()) return lapsed.status();
  if (lapsed->more) turn.next = now;
  if (stock->phase != Phase::kOpen) return {};
  return LetIn(now, *state, *stock, turn);
}

Status ServedQueue::FollowPhase(Time now, Phase phase, QueueState& state, Turn& turn) {
  Status status;
  switch (phase) {
    case Phase::kScheduled:
      return {};
    case Phase::kPaused:
      return state.paused ? Status() : parts_.queues.Pause(queue_, now);
    case Phase::kOpen:
      if (state.paused) status = parts_.queues.Resume(queue_, now);
      if (status.ok()) StartTiers(now, state, turn);
      break;
    case Phase::kClosed:
    case Phase::kCancelled:
    case Phase::kSettled:
      if (state.paused) status = parts_.queues.Resume(queue_, now);
      if (status.ok() && !state.is_closed()) status = parts_.queues.Close(queue_, now);
      break;
  }
  if (!status.ok()) return status;
  Result<QueueState> after = parts_.queues.Read(queue_, now);
  if (!after.ok()) return after.status();
  state = *std::move(after);
  return {};
}

void ServedQueue::StartTiers(Time now, const QueueState& state, Turn& turn) {
  for (std::uint8_t tier = 0; tier < terms_.tiers; ++tier) {
    if (state.stages[tier] >= QueueStage::kRunning || now < try_again_[tier]) continue;
    bool strategy_failed = false;
    const Status status = StartTier(now, state, tier, strategy_failed);
    if (status.ok()) continue;
    try_again_[tier] = SaturatingAdd(now, kBackOff);
    turn.status = status;
    turn.strategy_failed = strategy_failed;
    turn.tier_failed = true;
  }
}

Status ServedQueue::StartTier(Time now, const QueueState& state, std::uint8_t tier,
                              bool& strategy_failed) {
  if (state.stages[tier] == QueueStage::kGathering) {
    // The operator has started the sale early: the lines that were to open first open now.  Those
    // that open later keep to the time that they were told.
    const Time first = *std::min_element(terms_.opens.begin(), terms_.opens.begin() + terms_.tiers);
    const bool restores = now < SaturatingAdd(state.opened_at, terms_.restore_window);
    if (restores || terms_.opens[tier] != first) return {};
    if (Status status = parts_.queues.Freeze(queue_, now, tier); !status.ok()) return status;
  }
  const bool was_lost = state.restored != 0;
  // Who stands in the order of arrival already needs no arranging.
  if ((strategy_.keeps_arrival_order() && !was_lost) || state.joined == 0) {
    return parts_.queues.Begin(queue_, now, tier);
  }
  std::shared_ptr<QueueOrdering>& pending = orderings_[tier];
  if (pending == nullptr) {
    Result<std::vector<Entrant>> entrants = ReadEntrants(tier);
    if (!entrants.ok()) return entrants.status();
    // A line that had opened before it was lost had been ordered then.
    const bool was_ordered = was_lost && terms_.opens[tier] <= state.opened_at;
    pending = std::make_shared<QueueOrdering>(was_ordered ? nullptr : &strategy_, id(), tier,
                                              *std::move(entrants));
    Executor* const executor = parts_.options.ordering;
    const bool posted =
        executor != nullptr && executor->Post([ordering = pending] { ordering->Run(); });
    if (!posted) pending->Run();
  }
  if (!pending->is_done()) return {};
  const std::shared_ptr<QueueOrdering> ordering = std::exchange(pending, nullptr);
  if (!ordering->status().ok()) {
    strategy_failed = true;
    return ordering->status();
  }
  if (Status status = Arrange(*ordering); !status.ok()) return status;
  return parts_.queues.Begin(queue_, now, tier);
}

Result<std::vector<Entrant>> ServedQueue::ReadEntrants(std::uint8_t tier) {
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

Status ServedQueue::Arrange(const QueueOrdering& ordering) {
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

Status ServedQueue::LetIn(Time now, const QueueState& state, const SaleStock& stock, Turn& turn) {
  // Who was let in and has not reserved yet may still want a unit each.
  std::uint64_t available = 0;
  for (const Stock& line : stock.lines) available += line.available();
  const std::uint64_t unclaimed = available - std::min(available, state.unused);
  const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(
      {unclaimed, state.room, static_cast<std::uint64_t>(parts_.options.batch)}));
  std::array<std::uint64_t, kMaxTiers> in_line{};
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    if (state.stages[tier] == QueueStage::kRunning) in_line[tier] = state.waiting[tier];
  }
  const auto waiting = std::span(in_line).first(terms_.tiers);
  if (std::all_of(waiting.begin(), waiting.end(), [](std::uint64_t n) { return n == 0; })) {
    return {};
  }
  if (most == 0) {
    // The pace alone stands in the way: come back when it does not.
    if (unclaimed != 0 && state.next_room > now) {
      turn.next = std::min(turn.next, state.next_room);
    }
    return {};
  }

  picks_.resize(most);
  const std::size_t picked = strategy_.PickTiers(waiting, state.strategy, picks_);
  if (picked > picks_.size() ||
      std::any_of(picks_.begin(), picks_.begin() + static_cast<std::ptrdiff_t>(picked),
                  [this](const TierPick& pick) { return pick.tier >= terms_.tiers; })) {
    turn.strategy_failed = true;
    return Status(
        StatusCode::kInternal,
        fmt::format("strategy '{}': it picks a tier that there is not", strategy_.name()));
  }
  const AdmitPlan plan{.revision = state.revision, .picks = std::span(picks_).first(picked)};

  turn.admitted.resize(picked);
  const Result<std::size_t> admitted = parts_.queues.Admit(queue_, now, plan, turn.admitted);
  turn.admitted.resize(admitted.ok() ? *admitted : 0);
  if (!admitted.ok()) return admitted.status();
  NoteWaits(now, turn.admitted);
  const Result<QueueState> after = parts_.queues.Read(queue_, now);
  if (after.ok() && after->next_room > now) turn.next = std::min(turn.next, after->next_room);
  return after.status();
}

void ServedQueue::NoteWaits(Time now, std::span<const QueueEntry> admitted) {
  waits_.buckets.resize(LatencyHistogram::kBuckets);
  for (const QueueEntry& entry : admitted) {
    const auto wait_us =
        static_cast<std::uint64_t>(std::max(now - entry.joined_at, Duration(0)).count());
    ++waits_.buckets[LatencyHistogram::BucketOf(wait_us)];
    ++waits_.count;
    waits_.sum_ns += wait_us;
  }
}

void ServedQueue::NoteStock(const SaleStock& stock) {
  std::uint64_t left = 0;
  std::uint64_t held = 0;
  for (const Stock& line : stock.lines) {
    left += line.available();
    held += line.reserved;
  }
  units_left_.store(Capped(left), std::memory_order_relaxed);
  units_held_.store(Capped(held), std::memory_order_relaxed);
  sale_state_.store(stock.state, std::memory_order_relaxed);
  sold_out_for_good_.store(stock.sold_out_for_good, std::memory_order_relaxed);
}

void ServedQueue::NoteState(const QueueState& state) {
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    stages_[tier].store(state.stages[tier], std::memory_order_relaxed);
  }
  restored_.store(state.restored != 0, std::memory_order_relaxed);
}

}  // namespace flashsale::inline v0
