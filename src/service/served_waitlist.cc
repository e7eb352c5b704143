#include "service/served_waitlist.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "service/spread.h"

namespace flashsale::inline v0 {
namespace {

// How many go to a repository at once.
constexpr std::size_t kWindow = 64;

bool IsAt(const QueueEntry& now, const QueueEntry& then) {
  return now.state == TicketState::kAdmitted && now.ticket == then.ticket;
}

bool EndsHold(EventType type) {
  return type == EventType::kConfirmed || type == EventType::kRevived ||
         type == EventType::kCancelled || type == EventType::kExpired;
}

}  // namespace

Result<QueueAnswer> ServedWaitlist::Do(QueueVerb verb, const UserId& user, Time now) const {
  const QueueCommand command{.verb = verb, .user = user};
  QueueAnswer answer;
  Status status = parts_.lists.Apply(line_.list, now, {&command, 1}, {&answer, 1});
  if (!status.ok()) return status;
  return answer;
}

OfferKey ServedWaitlist::KeyOf(const QueueEntry& entry, Time epoch) const {
  return {.sale = line_.sale.id(),
          .line = line_.number,
          .user = entry.user,
          .epoch = epoch,
          .ticket = entry.ticket};
}

WaitlistOffer ServedWaitlist::OfferOf(const QueueEntry& entry, const ReservationId& id,
                                      Time until) const {
  return {.sale = line_.sale.id(),
          .line = line_.number,
          .user = entry.user,
          .ticket = entry.ticket,
          .id = id,
          .until = until};
}

// --- offers

Result<std::optional<Command>> ServedWaitlist::CommandFor(const QueueEntry& entry, Time epoch,
                                                          Time now) const {
  Command command{.verb = Verb::kReserve,
                  .line = line_.number,
                  .units = 1,
                  .user = entry.user,
                  .id = OfferId(KeyOf(entry, epoch)),
                  // Not beyond the turn: who has none may join again.
                  .hold = std::min(line_.offer_hold, entry.admission.until - now)};
  if (!line_.requires_admission) return std::optional(command);
  // The number of the list's own admission is of no use here: the queue may have given this user a
  // higher one that is used up, or a lower one that is not.  The one after the highest that was
  // used is above all of the past, and below all that the queue has given and will give, which are
  // no less than the microsecond in which they are given.
  const Result<Tally> tally = parts_.inventory.ReadTally(line_.sale, TallyKey::Of(entry.user));
  if (!tally.ok()) return tally.status();
  Admission queued;
  const AdmissionProbe probe = parts_.queues.Probe(line_.sale.id(), entry.user);
  if (Status status = parts_.queues.FindAdmissions(now, {&probe, 1}, {&queued, 1}); !status.ok()) {
    return status;
  }
  const std::uint64_t next = tally->admission + 1;
  const bool is_in_use = queued.number != 0 && queued.number == tally->admission &&
                         tally->admission_used < queued.grant;
  if (is_in_use || queued.number == next) {
    // It would be spoilt, or taken for the same; so it is used.
    command.admission_number = queued.number;
    command.admission_grant = queued.grant;
    return std::optional(command);
  }
  if (next >= static_cast<std::uint64_t>(now.time_since_epoch().count())) {
    return std::optional<Command>();  // in a moment it is below all that will be given
  }
  command.admission_number = next;
  command.admission_grant = 1;
  return std::optional(command);
}

ServedWaitlist::Fate ServedWaitlist::FateOf(const Outcome& outcome) {
  switch (outcome.code) {
    case Code::kDone:
    case Code::kAlreadyDone:
      return Fate::kHeld;
    case Code::kSoldOut:      // somebody was quicker
    case Code::kNotAdmitted:  // another list's offer took the number just now
    case Code::kStorageFull:
    case Code::kPaused:
    case Code::kNotStarted:
    case Code::kSaleEnded:
    case Code::kSaleCancelled:
    case Code::kUnknownSale:
      return Fate::kWaits;
    default:
      return Fate::kOver;
  }
}

Status ServedWaitlist::MakeOffers(Time now, Time epoch, std::span<Turned> turns,
                                  WaitlistNews& news) {
  std::vector<Command> commands;
  std::vector<Turned*> asked;
  std::vector<Turned*> held;
  for (std::size_t first = 0; first < turns.size(); first += kWindow) {
    const auto window = turns.subspan(first, std::min(kWindow, turns.size() - first));
    commands.clear();
    asked.clear();
    held.clear();
    for (Turned& turn : window) {
      const Result<std::optional<Command>> command = CommandFor(turn.entry, epoch, now);
      if (!command.ok()) return command.status();
      if (!command->has_value()) continue;
      commands.push_back(**command);
      asked.push_back(&turn);
    }
    std::vector<Outcome> outcomes(commands.size());
    Status status = parts_.inventory.Apply(line_.sale, now, commands, outcomes);
    if (!status.ok()) return status;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      Turned& turn = *asked[i];
      turn.outcome = outcomes[i];
      const Fate fate = FateOf(outcomes[i]);
      if (fate == Fate::kHeld) held.push_back(&turn);
      if (fate != Fate::kOver) continue;
      status = End(now, OfferOf(turn.entry, commands[i].id, Time{}), turn.entry, outcomes[i], news);
      if (!status.ok()) return status;
      turn.fate = Fate::kOver;
    }
    if (status = Settle(now, epoch, held, news); !status.ok()) return status;
  }
  return {};
}

Status ServedWaitlist::Settle(Time now, Time epoch, std::span<Turned* const> held,
                              WaitlistNews& news) {
  if (held.empty()) return {};
  std::vector<QueueCommand> looks;
  for (const Turned* turn : held) {
    looks.push_back({.verb = QueueVerb::kLook, .user = turn->entry.user});
  }
  std::vector<QueueAnswer> answers(looks.size());
  Status status = parts_.lists.Apply(line_.list, now, looks, answers);
  if (!status.ok()) return status;
  std::vector<AdmissionProbe> probes;
  std::vector<std::uint64_t> numbers;
  std::vector<Command> cancels;
  WaitlistNews made;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const Turned& turn = *held[i];
    const ReservationId id = OfferId(KeyOf(turn.entry, epoch));
    const Time until(Duration(turn.outcome.when_us));
    if (turn.outcome.state == ReservationState::kPurchased) {
      status = End(now, OfferOf(turn.entry, id, until), turn.entry, turn.outcome, news);
      if (!status.ok()) return status;
    } else if (IsAt(answers[i].entry, turn.entry)) {
      probes.push_back(parts_.lists.Probe(line_.list, turn.entry.user));
      numbers.push_back(turn.entry.admission.number);
      made.offered.push_back(OfferOf(turn.entry, id, until));
    } else {
      cancels.push_back({.verb = Verb::kCancel, .user = turn.entry.user, .id = id});
    }
  }
  if (!probes.empty()) status = parts_.lists.MarkUsed(now, probes, numbers);
  if (!status.ok()) return status;
  if (line_.requires_admission) FreeSlots(now, made.offered);
  counts_.made.fetch_add(made.offered.size(), std::memory_order_relaxed);
  news.offered.insert(news.offered.end(), made.offered.begin(), made.offered.end());
  for (Turned* turn : held) turn->fate = Fate::kHeld;
  if (cancels.empty()) return {};
  std::vector<Outcome> outcomes(cancels.size());
  // What is not cancelled now, lapses.
  return parts_.inventory.Apply(line_.sale, now, cancels, outcomes);
}

void ServedWaitlist::FreeSlots(Time now, std::span<const WaitlistOffer> offered) {
  std::vector<AdmissionProbe> probes;
  for (const WaitlistOffer& offer : offered) {
    probes.push_back(parts_.queues.Probe(line_.sale.id(), offer.user));
  }
  // What the queue does not hear of now, the end of the window heals.
  std::vector<Admission> admissions(probes.size());
  if (!parts_.queues.FindAdmissions(now, probes, admissions).ok()) return;
  std::vector<QueueCommand> commands;
  for (std::size_t i = 0; i < admissions.size(); ++i) {
    if (admissions[i].number == 0) continue;
    const UserId& user = probes[i].user;
    const Result<Tally> tally = parts_.inventory.ReadTally(line_.sale, TallyKey::Of(user));
    if (!tally.ok()) continue;
    const Units most = std::max(tally->limit, line_.limit_per_user);
    if (std::uint64_t{tally->held} + tally->bought < most) continue;
    commands.push_back(
        {.verb = QueueVerb::kComplete, .user = user, .admission = admissions[i].number});
  }
  std::vector<QueueAnswer> answers(commands.size());
  if (!commands.empty()) (void)parts_.queues.Apply(line_.sale.id(), now, commands, answers);
}

Status ServedWaitlist::End(Time now, const WaitlistOffer& offer, const QueueEntry& entry,
                           const Outcome& outcome, WaitlistNews& news) {
  const QueueCommand command{
      .verb = QueueVerb::kComplete, .user = entry.user, .admission = entry.admission.number};
  QueueAnswer answer;
  Status status = parts_.lists.Apply(line_.list, now, {&command, 1}, {&answer, 1});
  if (!status.ok() || answer.code != Code::kDone) return status;
  if (outcome.code == Code::kAlreadyDone) {
    counts_.accepted.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  OfferEnd end = OfferEnd::kWithdrawn;
  std::atomic<std::uint64_t>* count = &counts_.withdrawn;
  if (outcome.code == Code::kExpired) {
    end = OfferEnd::kLapsed;
    count = &counts_.lapsed;
  } else if (outcome.code == Code::kCancelled) {
    end = OfferEnd::kRefused;
    count = &counts_.refused;
  }
  count->fetch_add(1, std::memory_order_relaxed);
  news.ended.push_back({.offer = offer, .end = end, .outcome = {.code = outcome.code}});
  return {};
}

Result<std::vector<ServedWaitlist::Turned>> ServedWaitlist::TakePending(Time now) {
  std::vector<Turned> turns;
  {
    const MutexLock lock(mutex_);
    for (const QueueEntry& entry : pending_) turns.push_back({.entry = entry});
  }
  if (turns.empty()) return turns;
  std::vector<QueueCommand> looks;
  looks.reserve(turns.size());
  for (const Turned& turn : turns) {
    looks.push_back({.verb = QueueVerb::kLook, .user = turn.entry.user});
  }
  std::vector<QueueAnswer> answers(looks.size());
  Status status = parts_.lists.Apply(line_.list, now, looks, answers);
  if (!status.ok()) return status;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (!IsAt(answers[i].entry, turns[i].entry)) {
      turns[i].fate = Fate::kOver;
    } else {
      turns[i].entry = answers[i].entry;  // the turn lasts for longer where the sale was paused
    }
  }
  Keep(turns);
  std::erase_if(turns, [](const Turned& turn) { return turn.fate == Fate::kOver; });
  return turns;
}

void ServedWaitlist::Keep(std::span<const Turned> turns) {
  const MutexLock lock(mutex_);
  for (const Turned& turn : turns) {
    const auto at = std::lower_bound(
        pending_.begin(), pending_.end(), turn.entry.ticket,
        [](const QueueEntry& entry, std::uint64_t ticket) { return entry.ticket < ticket; });
    const bool is_kept = at != pending_.end() && at->ticket == turn.entry.ticket;
    if (turn.fate == Fate::kWaits && !is_kept) pending_.insert(at, turn.entry);
    if (turn.fate != Fate::kWaits && is_kept) pending_.erase(at);
  }
}

Status ServedWaitlist::OfferPending(Time now, Time epoch, std::vector<Turned>& turns,
                                    WaitlistNews& news) {
  Result<std::vector<Turned>> pending = TakePending(now);
  if (!pending.ok()) return pending.status();
  turns = *std::move(pending);
  Status status = MakeOffers(now, epoch, turns, news);
  Keep(turns);
  return status;
}

// --- a turn

ServedWaitlist::Turn ServedWaitlist::TakeTurn(const SaleStock& stock, Time now,
                                              WaitlistNews& news) {
  Turn turn;
  if (!turn_mutex_.TryLock()) return turn;
  try {
    turn.status = OfferWhatIsThere(stock, now, turn, news);
  } catch (const std::exception& error) {
    turn.status = Status(StatusCode::kResourceExhausted, error.what());
  }
  turn_mutex_.Unlock();
  return turn;
}

Status ServedWaitlist::OfferWhatIsThere(const SaleStock& stock, Time now, Turn& turn,
                                        WaitlistNews& news) {
  NoteStock(stock);
  // Before the look: whoever joins after this is not forgotten for it.
  const std::uint64_t seen_claims = claims_.load(std::memory_order_relaxed);
  // Turns that nobody took up.
  const Result<LapseReport> lapsed = parts_.lists.LapseDue(line_.list, now, parts_.options.batch);
  if (!lapsed.ok()) return lapsed.status();
  Result<QueueState> state = parts_.lists.Read(line_.list, now);
  if (!state.ok()) return state.status();
  if (IsOver(stock.phase)) {
    Status status = Close(*state, now);
    turn.over = status.ok();
    return status;
  }
  NoteState(*state, seen_claims);
  Status status = FollowPhase(stock.phase, *state, now, turn);
  if (!status.ok() || stock.phase != Phase::kOpen) return status;
  bool changed = false;
  status = OfferNext(stock, *state, now, turn, changed, news);
  if (!changed) return status;
  state = parts_.lists.Read(line_.list, now);
  if (state.ok()) NoteState(*state, seen_claims);
  return status.ok() ? state.status() : status;
}

Status ServedWaitlist::Close(const QueueState& state, Time now) {
  // Where another server has closed it, those count who waited at the last look.
  const std::uint64_t waited =
      state.is_closed() ? counts_.waiting.load(std::memory_order_relaxed) : state.waiting.front();
  {
    const MutexLock lock(mutex_);
    pending_.clear();
  }
  Status status = state.is_closed() ? Status() : parts_.lists.Close(line_.list, now);
  if (!status.ok()) return status;
  waited_.store(std::max(waited_.load(std::memory_order_relaxed), waited),
                std::memory_order_relaxed);
  return Look(now);
}

Status ServedWaitlist::Look(Time now) {
  const std::uint64_t seen_claims = claims_.load(std::memory_order_relaxed);
  const Result<QueueState> state = parts_.lists.Read(line_.list, now);
  if (state.ok()) NoteState(*state, seen_claims);
  return state.status();
}

Status ServedWaitlist::FollowPhase(Phase phase, const QueueState& state, Time now, Turn& turn) {
  switch (phase) {
    case Phase::kScheduled:
      return {};
    case Phase::kPaused:
      return state.paused ? Status() : parts_.lists.Pause(line_.list, now);
    case Phase::kOpen:
      turn.more = state.paused;
      return state.paused ? parts_.lists.Resume(line_.list, now) : Status();
    case Phase::kClosed:
    case Phase::kCancelled:
    case Phase::kSettled:
      break;
  }
  return {};
}

Status ServedWaitlist::OfferNext(const SaleStock& stock, const QueueState& state, Time now,
                                 Turn& turn, bool& changed, WaitlistNews& news) {
  std::uint64_t available = stock.lines[line_.number].available();
  std::vector<Turned> turns;
  Status status = OfferPending(now, state.opened_at, turns, news);
  changed = !turns.empty();
  const std::uint64_t mine = turns.size();
  const std::uint64_t others =
      foreign_.Look(now, state.unused - std::min(state.unused, mine), available != 0);
  given_up_.store(foreign_.given_up(), std::memory_order_relaxed);
  if (!status.ok()) return status;
  // A unit that one of them could not be held goes on at once.
  const auto is_over = [](const Turned& one) { return one.fate == Fate::kOver; };
  turn.more = turn.more || std::any_of(turns.begin(), turns.end(), is_over);
  available -= std::min(available, mine + others);
  const std::size_t next = static_cast<std::size_t>(std::min<std::uint64_t>(
      {available, state.waiting.front(), state.room, parts_.options.batch}));
  if (next == 0) return {};

  turns.clear();
  turns.reserve(next);
  std::vector<QueueEntry> admitted(next);
  const std::vector<TierPick> picks(next, TierPick{.tier = 0, .state = state.strategy});
  const Result<std::size_t> count =
      parts_.lists.Admit(line_.list, now, {.revision = state.revision, .picks = picks}, admitted);
  if (!count.ok()) return count.status();
  changed = true;
  for (std::size_t i = 0; i < *count; ++i) turns.push_back({.entry = admitted[i]});
  status = MakeOffers(now, state.opened_at, turns, news);
  Keep(turns);
  turn.more =
      turn.more || next == parts_.options.batch || std::any_of(turns.begin(), turns.end(), is_over);
  return status;
}

Status ServedWaitlist::FollowEvents(std::span<const Event> events, Time now, WaitlistNews& news) {
  if (counts_.on_offer.load(std::memory_order_relaxed) == 0) return {};
  std::vector<const Event*> ends;
  std::vector<QueueCommand> looks;
  for (const Event& event : events) {
    if (event.line != line_.number || !EndsHold(event.type)) continue;
    ends.push_back(&event);
    looks.push_back({.verb = QueueVerb::kLook, .user = event.user});
  }
  if (looks.empty()) return {};
  std::vector<QueueAnswer> answers(looks.size());
  Status status = parts_.lists.Apply(line_.list, now, looks, answers);
  if (!status.ok()) return status;
  const Time epoch(Duration(epoch_us_.load(std::memory_order_relaxed)));
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const QueueEntry& entry = answers[i].entry;
    const Event& event = *ends[i];
    if (entry.state != TicketState::kAdmitted || OfferId(KeyOf(entry, epoch)) != event.id) continue;
    Outcome outcome{.code = Code::kAlreadyDone};
    if (event.type == EventType::kExpired) outcome.code = Code::kExpired;
    if (event.type == EventType::kCancelled) {
      const bool all = phase_.load(std::memory_order_relaxed) == Phase::kCancelled;
      outcome.code = all ? Code::kSaleCancelled : Code::kCancelled;
    }
    status = End(now, OfferOf(entry, event.id, event.deadline), entry, outcome, news);
    if (!status.ok()) return status;
  }
  // No turn comes any more that would count those on offer.
  return IsOver(phase_.load(std::memory_order_relaxed)) ? Look(now) : Status();
}

void ServedWaitlist::NoteState(const QueueState& state, std::uint64_t seen_claims) {
  const std::uint64_t given_up = given_up_.load(std::memory_order_relaxed);
  const std::uint64_t claims =
      state.waiting.front() + state.unused - std::min(state.unused, given_up);
  epoch_us_.store(state.opened_at.time_since_epoch().count(), std::memory_order_relaxed);
  counts_.waiting.store(state.waiting.front(), std::memory_order_relaxed);
  counts_.on_offer.store(state.in_flight, std::memory_order_relaxed);
  // Unless somebody has joined meanwhile: the next look counts them.
  const std::uint64_t word = (seen_claims & ~kMostClaims) | std::min(claims, kMostClaims);
  std::uint64_t known = claims_.load(std::memory_order_relaxed);
  while (known >> 32 == seen_claims >> 32 &&
         !claims_.compare_exchange_weak(known, word, std::memory_order_relaxed)) {
  }
}

void ServedWaitlist::NoteStock(const SaleStock& stock) {
  const Stock& line = stock.lines[line_.number];
  units_left_.store(line.available(), std::memory_order_relaxed);
  units_held_.store(line.reserved, std::memory_order_relaxed);
  phase_.store(stock.phase, std::memory_order_relaxed);
  const Time cut = CutOf(stock.marks, line_.end_policy, line_.end);
  cut_us_.store(cut.time_since_epoch().count(), std::memory_order_relaxed);
}

void ServedWaitlist::Describe(WaitlistPlace& place) const {
  place.units_left = units_left_.load(std::memory_order_relaxed);
  place.units_held = units_held_.load(std::memory_order_relaxed);
}

Code ServedWaitlist::AnswerWhenOver(Time now) const {
  Phase phase = phase_.load(std::memory_order_relaxed);
  if (!IsOver(phase) && now >= line_.end) phase = Phase::kClosed;
  return IsOver(phase) ? AnswerToNewReserve(phase) : Code::kDone;
}

WaitlistPlace ServedWaitlist::Told(WaitlistPlace place, Time now) const {
  if (!place.offer.is_nil()) return place;
  if (const Code over = AnswerWhenOver(now); over != Code::kDone) {
    WaitlistPlace none{.outcome = {.code = over}};
    Describe(none);
    return none;
  }
  if (place.entry.state != TicketState::kNone) {
    place.next_poll_at = NextPoll(place.entry.user, place.position, now);
  }
  return place;
}

Time ServedWaitlist::NextPoll(const UserId& user, std::uint64_t position, Time now) const {
  // Often enough to hear of an offer in good time.
  constexpr int kLooksPerOffer = 4;
  constexpr std::uint64_t kFarBack = 1'000'000;
  const WaitlistOptions& options = parts_.options;
  const Duration longest = std::min(options.longest_poll, line_.offer_hold / kLooksPerOffer);
  const auto ahead = static_cast<Duration::rep>(std::clamp(position, std::uint64_t{1}, kFarBack));
  const Duration most =
      std::clamp(options.shortest_poll * ahead, std::min(options.shortest_poll, longest), longest);
  return SaturatingAdd(now, most - SpreadOver(most / 4, user, now));
}

void ServedWaitlist::AddTo(WaitlistStats& stats) const {
  const auto add = [](std::uint64_t& sum, const std::atomic<std::uint64_t>& count) {
    sum += count.load(std::memory_order_relaxed);
  };
  add(stats.waiting, counts_.waiting);
  add(stats.on_offer, counts_.on_offer);
  add(stats.made, counts_.made);
  add(stats.accepted, counts_.accepted);
  add(stats.lapsed, counts_.lapsed);
  add(stats.refused, counts_.refused);
  add(stats.withdrawn, counts_.withdrawn);
}

}  // namespace flashsale::inline v0
