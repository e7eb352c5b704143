#include "service/served_queue.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

namespace flashsale::inline v0 {
namespace {

// What fails is tried again after this.
constexpr Duration kBackOff = std::chrono::seconds{1};

// Over all tiers.
std::uint64_t Waiting(const QueueState& state) {
  return std::accumulate(state.waiting.begin(), state.waiting.end(), std::uint64_t{0});
}

}  // namespace

ServedQueue::ServedQueue(const Parts& parts, const Present& present, CheckedStrategy strategy,
                         const SaleRef& queue, const SaleRef& sale, const SaleWindow& window)
    : parts_(parts),
      terms_(present.state.terms),
      strategy_(std::move(strategy)),
      queue_(queue),
      sale_(sale),
      view_(terms_, strategy_, parts.options, window),
      opening_({.queues = parts.queues, .strategy = strategy_, .executor = parts.options.ordering},
               terms_, queue) {
  view_.NoteStock(present.stock);
  view_.NoteState(present.state);
  // Of what was over before, nobody is told.
  if (present.state.is_closed()) flow_ = QueueFlow::kOver;
}

ServedQueue::Turn ServedQueue::Poll(Time now) {
  Turn turn{.next = SaturatingAdd(now, parts_.options.period)};
  if (!turn_mutex_.TryLock()) return turn;
  try {
    turn.status = TakeTurn(now, turn);
  } catch (const std::exception& error) {
    turn.status = Status(StatusCode::kResourceExhausted, error.what());
  } catch (...) {
    turn.status = Status(StatusCode::kInternal, "an exception that is no std::exception");
  }
  turn_mutex_.Unlock();
  if (!turn.status.ok() && turn.status.code() != StatusCode::kConflict) {
    turn.next = SaturatingAdd(now, kBackOff);
  }
  due_us_.store(turn.next.time_since_epoch().count(), std::memory_order_relaxed);
  return turn;
}

Status ServedQueue::TakeTurn(Time now, Turn& turn) {
  const Result<SaleStock> stock = parts_.inventory.ReadStock(sale_, now);
  if (!stock.ok()) return stock.status();
  view_.NoteStock(*stock);
  Result<QueueState> state = parts_.queues.Read(queue_, now);
  if (!state.ok()) return state.status();
  if (Status status = FollowPhase(now, *stock, *state, turn); !status.ok()) return status;
  view_.NoteState(*state);

  const Result<LapseReport> lapsed = parts_.queues.LapseDue(queue_, now, parts_.options.batch);
  if (!lapsed.ok()) return lapsed.status();
  if (lapsed->more) turn.next = now;
  if (stock->phase == Phase::kPaused) view_.waits().NotePause();
  if (stock->phase != Phase::kOpen) return {};
  FollowStore(now, *state);
  if (Status status = LetIn(now, *state, turn); !status.ok()) return status;
  NoteFlow(*state, turn);
  NoteProgress(now, *state, turn);
  return {};
}

Status ServedQueue::FollowPhase(Time now, const SaleStock& stock, QueueState& state, Turn& turn) {
  Status status;
  switch (stock.phase) {
    case Phase::kScheduled:
      // One that is paused before its start stays scheduled, and its time stands still as well.
      if (stock.marks.paused == state.paused) return {};
      status =
          stock.marks.paused ? parts_.queues.Pause(queue_, now) : parts_.queues.Resume(queue_, now);
      break;
    case Phase::kPaused:
      return state.paused ? Status() : parts_.queues.Pause(queue_, now);
    case Phase::kOpen:
      if (state.paused) status = parts_.queues.Resume(queue_, now);
      if (status.ok()) turn.opening = opening_.Turn(now, state);
      break;
    case Phase::kClosed:
    case Phase::kCancelled:
    case Phase::kSettled:
      if (state.paused) status = parts_.queues.Resume(queue_, now);
      if (status.ok() && !state.is_closed()) status = parts_.queues.Close(queue_, now);
      // Where another server has closed it, those count who waited at the last look.
      if (status.ok() && flow_ != QueueFlow::kOver) {
        flow_ = QueueFlow::kOver;
        turn.flow = {.flow = flow_,
                     .waiting = state.is_closed() ? view_.waiting() : Waiting(state)};
      }
      break;
  }
  if (!status.ok()) return status;
  Result<QueueState> after = parts_.queues.Read(queue_, now);
  if (!after.ok()) return after.status();
  state = *std::move(after);
  return {};
}

Status ServedQueue::LetIn(Time now, QueueState& state, Turn& turn) {
  std::array<std::uint64_t, kMaxTiers> in_line{};
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    if (state.stages[tier] == QueueStage::kRunning) in_line[tier] = state.waiting[tier];
  }
  const auto waiting = std::span(in_line).first(terms_.tiers);
  if (std::all_of(waiting.begin(), waiting.end(), [](std::uint64_t n) { return n == 0; })) {
    return {};
  }
  // The stock is read after the queue: who reserves in between has a unit less available, and is
  // counted as somebody who may still want one, so that too few are let in rather than too many.
  const Result<SaleStock> stock = parts_.inventory.ReadStock(sale_, now);
  if (!stock.ok()) return stock.status();
  view_.NoteStock(*stock);
  const std::uint64_t unclaimed = view_.units_unclaimed();
  const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(
      {unclaimed, state.room, static_cast<std::uint64_t>(parts_.options.batch)}));
  if (most == 0) {
    // The pace alone stands in the way: come back when it does not.
    if (unclaimed != 0 && state.next_room > now) {
      turn.next = std::min(turn.next, state.next_room);
    }
    return {};
  }

  picks_.resize(most);
  CheckedStrategy::Picked picked = strategy_.PickTiers(waiting, state.strategy, picks_);
  turn.strategy = std::move(picked.failure);
  const AdmitPlan plan{.revision = state.revision, .picks = std::span(picks_).first(picked.count)};

  turn.admitted.resize(picked.count);
  const Result<std::size_t> admitted = parts_.queues.Admit(queue_, now, plan, turn.admitted);
  turn.admitted.resize(admitted.ok() ? *admitted : 0);
  if (!admitted.ok()) return admitted.status();
  NoteWaits(now, turn.admitted);
  Result<QueueState> after = parts_.queues.Read(queue_, now);
  if (!after.ok()) return after.status();
  state = *std::move(after);
  view_.NoteState(state);
  if (state.next_room > now) turn.next = std::min(turn.next, state.next_room);
  // There may be room for more than one turn lets in.
  if (*admitted == parts_.options.batch && state.room != 0) turn.next = now;
  return {};
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

void ServedQueue::NoteFlow(const QueueState& state, Turn& turn) {
  const std::uint64_t waiting = Waiting(state);
  QueueFlow flow = flow_;
  if (view_.SoldOutForGood()) {
    flow = QueueFlow::kSoldOut;
  } else if (!turn.admitted.empty() || view_.units_unclaimed() != 0) {
    flow = QueueFlow::kFlowing;
  } else if (waiting != 0) {
    flow = QueueFlow::kUnitsClaimed;
  }
  if (flow == flow_) return;
  flow_ = flow;
  turn.flow = {.flow = flow, .waiting = waiting, .units = view_.units_to_hope_for()};
}

void ServedQueue::NoteProgress(Time now, const QueueState& state, const Turn& turn) {
  using Limit = WaitEstimator::Limit;
  WaitEstimator& waits = view_.waits();
  const bool waited = std::any_of(state.waiting.begin(), state.waiting.end(),
                                  [](std::uint64_t line) { return line != 0; });
  Limit limit = Limit::kPace;
  if (!waited) {
    limit = Limit::kNobodyWaits;
  } else if (view_.units_unclaimed() == 0) {
    limit = Limit::kUnits;
  } else if (state.in_flight >= state.pace.max_in_flight) {
    limit = Limit::kSlots;
  }
  waits.NoteTurn(now, limit, state, view_.units_out());
  std::vector<WaitEstimator::Ended> ended;
  ended.reserve(turn.admitted.size());
  for (const QueueEntry& entry : turn.admitted) {
    ended.push_back({.user = entry.user, .admitted_at = now});
  }
  waits.NoteEnded(ended);

  constexpr Duration kLookEvery = std::chrono::seconds{1};
  if (now < SaturatingAdd(looked_at_, kLookEvery)) return;
  looked_at_ = now;
  const std::vector<UserId> users = waits.Remembered();
  std::vector<QueueCommand> looks(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) looks[i].user = users[i];
  std::vector<QueueAnswer> answers(users.size());
  // Where that fails, there is less to learn from.
  if (!parts_.queues.Apply(queue_, now, looks, answers).ok()) return;
  ended.clear();
  for (std::size_t i = 0; i < users.size(); ++i) {
    const QueueEntry& entry = answers[i].entry;
    if (entry.state == TicketState::kAdmitted) {
      // Numbers are those of the microseconds in which they were given, or a little later.
      const Time at(Duration(static_cast<Duration::rep>(entry.admission.number)));
      ended.push_back({.user = users[i], .admitted_at = at});
    } else if (entry.state == TicketState::kNone) {
      ended.push_back({.user = users[i]});
    }
  }
  waits.NoteEnded(ended);
  waits.NoteWaiting(now);
}

void ServedQueue::FollowStore(Time now, const QueueState& state) {
  const std::optional<AdaptivePaceOptions>& options = parts_.options.adaptive;
  if (!options.has_value() || now < SaturatingAdd(state.pace_set_at, options->interval) ||
      now < SaturatingAdd(watched_since_, options->interval)) {
    return;
  }
  const StoreCalls calls = parts_.store.Calls();
  const std::optional<std::uint32_t> next =
      NextPace(*options, terms_.pace.admissions_per_second, state.pace.admissions_per_second,
               calls - watched_);
  if (!next.has_value()) return;
  watched_ = calls;
  watched_since_ = now;
  if (*next == state.pace.admissions_per_second) return;
  QueuePace pace = state.pace;
  pace.admissions_per_second = *next;
  // Where that fails, the next step is tried from the pace that there is.
  if (parts_.queues.SetPace(queue_, now, pace).ok()) view_.NotePace(pace);
}

}  // namespace flashsale::inline v0
