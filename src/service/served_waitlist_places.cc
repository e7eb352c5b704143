// What people ask of a waitlist.

#include <algorithm>
#include <exception>
#include <utility>

#include "service/served_waitlist.h"

namespace flashsale::inline v0 {

Result<WaitlistPlace> ServedWaitlist::Join(const UserId& user, Time now, WaitlistNews& news) {
  Result<QueueAnswer> answer = Do(QueueVerb::kTouch, user, now);
  if (!answer.ok()) return answer.status();
  WaitlistPlace place;
  if (answer->entry.state == TicketState::kAdmitted) {
    Result<WaitlistPlace> turn = TurnOf(answer->entry, now, news);
    if (!turn.ok()) return turn;
    if (turn->outcome.code == Code::kDone) turn->outcome.code = Code::kAlreadyDone;
    // A turn that was over already is no place: they join anew.
    if (turn->outcome.code != Code::kUnknownTicket) return Told(*turn, now);
  }
  if (answer->entry.state == TicketState::kWaiting) {
    answer->code = Code::kAlreadyDone;
  } else {
    const Result<SaleStock> stock = parts_.inventory.ReadStock(line_.sale, now);
    if (!stock.ok()) return stock.status();
    NoteStock(*stock);
    if (IsOver(stock->phase)) return Told(place, now);
    const Result<QueueState> state = parts_.lists.Read(line_.list, now);
    if (!state.ok()) return state.status();
    const std::uint64_t given_up = given_up_.load(std::memory_order_relaxed);
    const std::uint64_t claims =
        state->waiting.front() + state->unused - std::min(state->unused, given_up);
    if (!state->is_closed() && stock->lines[line_.number].available() > claims) {
      place.outcome.code = Code::kInStock;
      Describe(place);
      return place;
    }
    // First, so that nobody is let pass who comes after them.
    claims_.fetch_add((kMostClaims + 1) + 1, std::memory_order_relaxed);
    answer = Do(QueueVerb::kJoin, user, now);
    if (!answer.ok()) return answer.status();
  }
  place.outcome.code = answer->code;
  place.entry = answer->entry;
  if (place.entry.state == TicketState::kWaiting) place.position = answer->ahead + 1;
  Describe(place);
  return Told(place, now);
}

Result<WaitlistPlace> ServedWaitlist::Position(const UserId& user, Time now, WaitlistNews& news) {
  const Result<QueueAnswer> answer = Do(QueueVerb::kTouch, user, now);
  if (!answer.ok()) return answer.status();
  if (answer->entry.state == TicketState::kAdmitted) {
    Result<WaitlistPlace> turn = TurnOf(answer->entry, now, news);
    return turn.ok() ? Told(*turn, now) : turn;
  }
  if (answer->entry.state == TicketState::kNone) {
    // They may have none because the sale is over, which another server may have seen before.
    const Result<SaleStock> stock = parts_.inventory.ReadStock(line_.sale, now);
    if (stock.ok() && IsOver(stock->phase)) NoteStock(*stock);
  }
  WaitlistPlace place{.outcome = {.code = answer->code}, .entry = answer->entry};
  if (place.entry.state == TicketState::kWaiting) place.position = answer->ahead + 1;
  Describe(place);
  return Told(place, now);
}

Result<WaitlistPlace> ServedWaitlist::TurnOf(const QueueEntry& entry, Time now,
                                             WaitlistNews& news) {
  const Result<QueueState> state = parts_.lists.Read(line_.list, now);
  if (!state.ok()) return state.status();
  const ReservationId id = OfferId(KeyOf(entry, state->opened_at));
  const Result<std::optional<Reservation>> found =
      parts_.inventory.Find(line_.sale, entry.user, id);
  if (!found.ok()) return found.status();
  WaitlistPlace place{.outcome = {.code = Code::kDone}, .entry = entry};
  Describe(place);
  if (found->has_value()) {
    const Reservation& record = **found;
    const bool is_active = record.state == ReservationState::kActive;
    const bool all_cancelled = phase_.load(std::memory_order_relaxed) == Phase::kCancelled;
    const Time cut(Duration(cut_us_.load(std::memory_order_relaxed)));
    if (is_active && !all_cancelled && IsLive(record.deadline, cut, now)) {
      const AdmissionProbe probe = parts_.lists.Probe(line_.list, entry.user);
      // Where whoever held it came no further.
      (void)parts_.lists.MarkUsed(now, {&probe, 1}, {&entry.admission.number, 1});
      place.offer = id;
      place.offer_until = record.deadline;
      return place;
    }
    const bool cancelled = record.state == ReservationState::kCancelled;
    Outcome outcome{.code = cancelled ? Code::kCancelled : Code::kExpired};
    if (is_active && all_cancelled) outcome.code = Code::kSaleCancelled;
    if (record.state == ReservationState::kPurchased) outcome.code = Code::kAlreadyDone;
    Status status = End(now, OfferOf(entry, id, record.deadline), entry, outcome, news);
    if (!status.ok()) return status;
    place.outcome.code = Code::kUnknownTicket;
    place.entry = {.user = entry.user};
    return place;
  }
  // In the order of their turns, of all whom this server knows.
  const Turned mine{.entry = entry};
  Keep({&mine, 1});
  if (!turn_mutex_.TryLock()) return place;
  std::vector<Turned> turns;
  Status status;
  try {
    status = OfferPending(now, state->opened_at, turns, news);
  } catch (const std::exception& error) {
    status = Status(StatusCode::kResourceExhausted, error.what());
  }
  turn_mutex_.Unlock();
  if (!status.ok()) return status;
  const auto turn = std::find_if(turns.begin(), turns.end(), [&entry](const Turned& one) {
    return one.entry.ticket == entry.ticket;
  });
  if (turn == turns.end() || turn->fate == Fate::kWaits) return place;
  if (turn->fate == Fate::kOver) {
    place.outcome = {.code = turn->outcome.code};
    place.entry = {.user = entry.user};
    return place;
  }
  place.offer = id;
  place.offer_until = Time(Duration(turn->outcome.when_us));
  return place;
}

Result<Outcome> ServedWaitlist::Leave(const UserId& user, Time now, WaitlistNews& news) {
  const Result<QueueAnswer> before = Do(QueueVerb::kLook, user, now);
  if (!before.ok()) return before.status();
  const QueueEntry& entry = before->entry;
  if (entry.state == TicketState::kNone) return Outcome{.code = Code::kAlreadyDone};
  const Result<QueueState> state = parts_.lists.Read(line_.list, now);
  if (!state.ok()) return state.status();
  const ReservationId id = OfferId(KeyOf(entry, state->opened_at));
  Outcome cancelled{.code = Code::kUnknownReservation};
  const auto cancel = [&]() -> Status {
    const Command command{.verb = Verb::kCancel, .user = user, .id = id};
    return parts_.inventory.Apply(line_.sale, now, {&command, 1}, {&cancelled, 1});
  };
  if (entry.state == TicketState::kAdmitted) {
    // Also where no unit is held for them yet: whoever is about to do so is answered Cancelled.
    if (Status status = cancel(); !status.ok()) return status;
  }
  const Result<QueueAnswer> left = Do(QueueVerb::kLeave, user, now);
  if (!left.ok()) return left.status();
  if (entry.state == TicketState::kWaiting) {
    // It may have become their turn meanwhile.  Whoever holds a unit for them looks again after
    // that, and so one of the two sees the other.
    const Result<std::optional<Reservation>> found = parts_.inventory.Find(line_.sale, user, id);
    if (!found.ok()) return found.status();
    if (!found->has_value()) return Outcome{.code = left->code};
    if (Status status = cancel(); !status.ok()) return status;
  }
  if (left->code != Code::kDone) return Outcome{.code = left->code};
  if (cancelled.code == Code::kAlreadyPurchased) {
    counts_.accepted.fetch_add(1, std::memory_order_relaxed);
    return Outcome{.code = Code::kAlreadyDone};
  }
  counts_.refused.fetch_add(1, std::memory_order_relaxed);
  news.ended.push_back({.offer = OfferOf(entry, id, Time{}),
                        .end = OfferEnd::kRefused,
                        .outcome = {.code = Code::kCancelled}});
  return Outcome{.code = Code::kDone};
}

}  // namespace flashsale::inline v0
