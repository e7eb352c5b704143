#include "examples/custom_backend/map_queue.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace custom_backend {
namespace {

// As in the contract, without a prefix on every second word.
using flashsale::Code;
using flashsale::Duration;
using flashsale::QueueAnswer;
using flashsale::QueueEntry;
using flashsale::QueueStage;
using flashsale::QueueVerb;
using flashsale::Status;
using flashsale::StatusCode;
using flashsale::TicketState;
using flashsale::Time;

Status Invalid(const char* what) { return {StatusCode::kInvalidArgument, what}; }

Status WrongStage() {
  return {StatusCode::kFailedPrecondition, "stage: not one in which this can be done"};
}

}  // namespace

MapQueue::MapQueue(const flashsale::QueueTerms& terms, Time now) : terms_(terms), latest_(now) {
  state_.terms = terms;
  state_.pace = terms.pace;
  state_.pace_set_at = now;
  state_.opened_at = now;
  state_.stages.fill(QueueStage::kClosed);
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    const bool gathers = flashsale::GatheringEnd(terms, tier, now) > now;
    state_.stages[tier] = gathers ? QueueStage::kGathering : QueueStage::kRunning;
  }
}

Time MapQueue::Shown(Time at, Time now) const {
  const Duration standing =
      paused_at_.has_value() ? std::max(now - *paused_at_, Duration{0}) : Duration{0};
  return flashsale::SaturatingAdd(at, stood_still_ + standing);
}

MapQueue::Tickets::iterator MapQueue::Remove(Tickets::iterator ticket) {
  const QueueEntry& entry = ticket->second.entry;
  if (entry.state == TicketState::kWaiting) lines_[entry.tier].erase(ticket->second.rank);
  return tickets_.erase(ticket);
}

Time MapQueue::Enter(Time now) {
  latest_ = std::max(latest_, now);
  const Time at = paused_at_.value_or(latest_) - stood_still_;
  for (auto next = tickets_.begin(); next != tickets_.end();) {
    const Ticket& ticket = next->second;
    const bool waits = ticket.entry.state == TicketState::kWaiting;
    const Time end =
        waits ? flashsale::SilentFrom(terms_, ticket.last_seen) : ticket.entry.admission.until;
    if (at < end) {
      ++next;
      continue;
    }
    ++(waits ? state_.fell_silent : state_.windows_lapsed);
    next = Remove(next);
  }
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    const bool over = latest_ >= flashsale::GatheringEnd(terms_, tier, state_.opened_at);
    if (state_.stages[tier] == QueueStage::kGathering && over) FreezeTier(tier);
  }
  return at;
}

QueueEntry MapQueue::EntryOf(const Ticket& ticket, Time now) const {
  QueueEntry entry = ticket.entry;
  if (entry.state == TicketState::kAdmitted) {
    entry.admission.until = Shown(entry.admission.until, now);
  }
  return entry;
}

bool MapQueue::TakesBack(const flashsale::QueueCommand& command) const {
  return command.verb == QueueVerb::kRestore &&
         state_.stages[command.tier] == QueueStage::kGathering &&
         latest_ < state_.opened_at + terms_.restore_window && !gave_up_.contains(command.user);
}

Code MapQueue::Join(Time at, const flashsale::QueueCommand& command) {
  std::uint64_t waiting = 0;
  for (const auto& line : lines_) waiting += line.size();
  if (state_.is_closed()) return Code::kSaleEnded;
  if (waiting >= terms_.max_waiting) return Code::kWaitingPage;
  const bool restores = TakesBack(command);
  if (restores) ++state_.restored;
  const Rank rank(kBehind, ++state_.joined);
  tickets_.emplace(command.user, Ticket{.entry = {.user = command.user,
                                                  .state = TicketState::kWaiting,
                                                  .tier = command.tier,
                                                  .ticket = rank.second,
                                                  .place = rank.second,
                                                  .restored_place = restores ? command.place : 0,
                                                  .joined_at = latest_},
                                        .rank = rank,
                                        .last_seen = at});
  lines_[command.tier].emplace(rank, command.user);
  return Code::kDone;
}

QueueAnswer MapQueue::Carry(Time now, const flashsale::QueueCommand& command) {
  const Time at = Enter(now);
  QueueAnswer answer;
  if (command.user.is_nil()) return answer;
  const bool restores = command.verb == QueueVerb::kRestore;
  const bool joins = restores || command.verb == QueueVerb::kJoin;
  if (joins && command.tier >= terms_.tiers) return answer;
  if (restores && (command.place == 0 || command.place > flashsale::kMaxExactInteger))
    return answer;
  auto found = tickets_.find(command.user);
  const bool known = found != tickets_.end();
  const bool theirs = known && found->second.entry.state == TicketState::kAdmitted &&
                      found->second.entry.admission.number == command.admission;
  answer.code = Code::kAlreadyDone;
  switch (command.verb) {
    case QueueVerb::kJoin:
    case QueueVerb::kRestore:
      if (known) {
        QueueEntry& entry = found->second.entry;
        if (entry.state == TicketState::kWaiting && entry.tier == command.tier &&
            entry.restored_place == 0 && TakesBack(command)) {
          entry.restored_place = command.place;
          ++state_.restored;
        }
        break;
      }
      answer.code = Join(at, command);
      found = tickets_.find(command.user);
      break;
    case QueueVerb::kLeave:
      if (!known) break;
      answer.code = Code::kDone;
      if (found->second.entry.restored_place != 0) gave_up_.insert(command.user);
      ++state_.left;
      Remove(found);
      found = tickets_.end();
      break;
    case QueueVerb::kTouch:
      answer.code = known ? Code::kDone : Code::kUnknownTicket;
      break;
    case QueueVerb::kLook:
      if (!known) answer.code = Code::kUnknownTicket;
      break;
    case QueueVerb::kComplete:
      if (!theirs) break;
      answer.code = Code::kDone;
      ++state_.completed;
      Remove(found);
      found = tickets_.end();
      break;
    default:
      return {};
  }
  answer.entry.user = command.user;
  if (found == tickets_.end()) return answer;
  if (joins || command.verb == QueueVerb::kTouch) found->second.last_seen = at;
  answer.entry = EntryOf(found->second, latest_);
  if (answer.entry.state == TicketState::kWaiting) {
    const auto& line = lines_[answer.entry.tier];
    answer.ahead =
        static_cast<std::uint64_t>(std::distance(line.begin(), line.find(found->second.rank)));
  }
  return answer;
}

void MapQueue::MarkUsed(const flashsale::UserId& user, std::uint64_t number) {
  const auto found = tickets_.find(user);
  if (found != tickets_.end() && found->second.entry.admission.number == number) {
    found->second.used = true;
  }
}

flashsale::Admission MapQueue::FindAdmission(Time now, const flashsale::UserId& user) const {
  const auto found = tickets_.find(user);
  if (found == tickets_.end()) return {};
  const Time at = std::min(now, paused_at_.value_or(now)) - stood_still_;
  const QueueEntry& entry = found->second.entry;
  if (entry.state != TicketState::kAdmitted || at >= entry.admission.until) return {};
  return EntryOf(found->second, now).admission;
}

std::uint32_t MapQueue::Room(Time at) const {
  std::uint64_t waiting = 0;
  for (const auto& line : lines_) waiting += line.size();
  const std::uint64_t in_flight = tickets_.size() - waiting;
  const flashsale::QueuePace& pace = state_.pace;
  const bool runs = std::find(state_.stages.begin(), state_.stages.end(), QueueStage::kRunning) !=
                    state_.stages.end();
  const bool shut = !runs || paused_at_.has_value();
  if (shut || in_flight >= pace.max_in_flight) return 0;
  const std::uint32_t fitting =
      flashsale::RateOf(pace).Fitting(tat_ns_, flashsale::CellRate::Nanoseconds(at));
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(fitting, pace.max_in_flight - in_flight));
}

flashsale::QueueState MapQueue::Read(Time now) {
  const Time at = Enter(now);
  flashsale::QueueState state = state_;
  state.paused = paused_at_.has_value();
  for (std::size_t tier = 0; tier < lines_.size(); ++tier)
    state.waiting[tier] = lines_[tier].size();
  for (const auto& [user, ticket] : tickets_) {
    if (ticket.entry.state != TicketState::kAdmitted) continue;
    ++state.in_flight;
    if (!ticket.used) ++state.unused;
  }
  state.room = Room(at);
  const std::int64_t next_ns = flashsale::RateOf(state_.pace).NextNs(tat_ns_);
  const Duration next((std::max<std::int64_t>(next_ns, 0) + 999) / 1'000);
  state.next_room = Shown(flashsale::kMinTime + next, latest_);
  return state;
}

void MapQueue::LetIn(Time at, Ticket& ticket) {
  lines_[ticket.entry.tier].erase(ticket.rank);
  const auto now_us = static_cast<std::uint64_t>(latest_.time_since_epoch().count());
  last_number_ = std::max(last_number_ + 1, now_us);
  ticket.entry.state = TicketState::kAdmitted;
  ticket.entry.place = 0;
  ticket.entry.admission = {
      .number = last_number_, .grant = terms_.grant, .until = at + terms_.admission_window};
  tat_ns_ = std::max(tat_ns_, flashsale::CellRate::Nanoseconds(at)) +
            flashsale::RateOf(state_.pace).permit_ns();
  ++state_.admitted;
}

flashsale::Result<std::size_t> MapQueue::Admit(Time now, const flashsale::AdmitPlan& plan,
                                               std::span<QueueEntry> admitted) {
  if (std::any_of(plan.picks.begin(), plan.picks.end(),
                  [this](const flashsale::TierPick& pick) { return pick.tier >= terms_.tiers; })) {
    return Invalid("plan.picks: expected tiers of the terms");
  }
  const Time at = Enter(now);
  if (plan.revision != state_.revision) {
    return Status(StatusCode::kConflict, "plan.revision: somebody else was faster");
  }
  std::size_t count = 0;
  std::uint64_t strategy = state_.strategy;
  for (const auto& [tier, kept] : plan.picks) {
    if (count == admitted.size() || Room(at) == 0) break;
    strategy = kept;
    if (state_.stages[tier] != QueueStage::kRunning || lines_[tier].empty()) continue;
    Ticket& ticket = tickets_.at(lines_[tier].begin()->second);
    LetIn(at, ticket);
    admitted[count++] = EntryOf(ticket, latest_);
  }
  if (count == 0) return count;
  ++state_.revision;
  state_.strategy = strategy;
  return count;
}

flashsale::LapseReport MapQueue::LapseDue(Time now) {
  const std::uint64_t silent = state_.fell_silent;
  const std::uint64_t lapsed = state_.windows_lapsed;
  Enter(now);
  return {.fell_silent = state_.fell_silent - silent,
          .windows_lapsed = state_.windows_lapsed - lapsed,
          .next_due = NextDue()};
}

Time MapQueue::NextDue() const {
  if (tickets_.empty() || paused_at_.has_value()) return flashsale::kMaxTime;
  Time next = flashsale::kMaxTime;
  for (const auto& [user, ticket] : tickets_) {
    const bool waits = ticket.entry.state == TicketState::kWaiting;
    next = std::min(next, waits ? flashsale::SilentFrom(terms_, ticket.last_seen)
                                : ticket.entry.admission.until);
  }
  return Shown(next, latest_);
}

void MapQueue::SetPace(Time now, const flashsale::QueuePace& pace) {
  Enter(now);
  if (pace == state_.pace) return;
  state_.pace = pace;
  state_.pace_set_at = latest_;
  ++state_.revision;
}

void MapQueue::Pause(Time now) {
  Enter(now);
  if (paused_at_.has_value()) return;
  paused_at_ = latest_;
  ++state_.revision;
}

void MapQueue::Resume(Time now) {
  Enter(now);
  if (!paused_at_.has_value()) return;
  stood_still_ += latest_ - *paused_at_;
  paused_at_.reset();
  ++state_.revision;
}

void MapQueue::FreezeTier(std::size_t tier) {
  for (const auto& [rank, user] : lines_[tier]) {
    entrants_[tier].emplace(
        rank.second,
        Placed{.user = user, .restored_place = tickets_.at(user).entry.restored_place});
  }
  state_.stages[tier] = QueueStage::kFrozen;
  ++state_.revision;
}

Status MapQueue::Freeze(Time now, std::uint8_t tier) {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  Enter(now);
  if (state_.stages[tier] == QueueStage::kGathering) FreezeTier(tier);
  return {};
}

flashsale::Result<std::size_t> MapQueue::ReadEntrants(
    std::uint8_t tier, std::uint64_t after, std::span<flashsale::Entrant> entrants) const {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  if (state_.stages[tier] != QueueStage::kFrozen) return WrongStage();
  std::size_t count = 0;
  for (auto next = entrants_[tier].upper_bound(after);
       next != entrants_[tier].end() && count < entrants.size(); ++next) {
    entrants[count++] = {.user = next->second.user,
                         .ticket = next->first,
                         .restored_place = next->second.restored_place};
  }
  return count;
}

Status MapQueue::Arrange(const flashsale::Arrangement& arrangement) {
  if (arrangement.tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  if (state_.stages[arrangement.tier] != QueueStage::kFrozen) return WrongStage();
  auto& entrants = entrants_[arrangement.tier];
  const std::size_t size = arrangement.tickets.size();
  if (arrangement.first > entrants.size() || size > entrants.size() - arrangement.first) {
    return Invalid("arrangement: expected no more places than entrants");
  }
  for (const std::uint64_t ticket : arrangement.tickets) {
    if (!entrants.contains(ticket)) return Invalid("arrangement.tickets: expected entrants'");
  }
  for (std::size_t i = 0; i < size; ++i) {
    entrants.at(arrangement.tickets[i]).place = arrangement.first + i;
  }
  return {};
}

bool MapQueue::IsEntrantStill(std::uint64_t ticket, const Placed& entrant) const {
  const auto found = tickets_.find(entrant.user);
  return found != tickets_.end() && found->second.entry.ticket == ticket;
}

Status MapQueue::Begin(Time now, std::uint8_t tier) {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  Enter(now);
  if (state_.stages[tier] == QueueStage::kRunning) return {};
  if (state_.stages[tier] == QueueStage::kClosed) return WrongStage();
  if (state_.stages[tier] == QueueStage::kGathering) FreezeTier(tier);
  bool some = false;
  bool all = true;
  for (const auto& [ticket, entrant] : entrants_[tier]) {
    some = some || entrant.place.has_value();
    all = all && (entrant.place.has_value() || !IsEntrantStill(ticket, entrant));
  }
  if (some && !all) return WrongStage();
  for (const auto& [number, entrant] : entrants_[tier]) {
    if (!entrant.place.has_value() || !IsEntrantStill(number, entrant)) continue;
    Ticket& ticket = tickets_.at(entrant.user);
    lines_[tier].erase(ticket.rank);
    ticket.rank = Rank(*entrant.place, number);
    ticket.entry.place = *entrant.place + 1;
    lines_[tier].emplace(ticket.rank, entrant.user);
  }
  for (const auto& [rank, user] : lines_[tier]) tickets_.at(user).entry.restored_place = 0;
  entrants_[tier].clear();
  state_.stages[tier] = QueueStage::kRunning;
  ++state_.revision;
  return {};
}

void MapQueue::Close(Time now) {
  Enter(now);
  if (state_.is_closed()) return;
  std::erase_if(tickets_, [](const auto& ticket) {
    return ticket.second.entry.state == TicketState::kWaiting;
  });
  for (auto& line : lines_) line.clear();
  state_.stages.fill(QueueStage::kClosed);
  ++state_.revision;
}

template <typename R, typename Use>
R MapQueues::With(const flashsale::SaleRef& sale, Time now, Use use) {
  if (!flashsale::IsValid(now)) return Invalid("now: expected 0 to 2^53 - 1");
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(sale.id());
  if (found == queues_.end()) return Status(StatusCode::kNotFound, "sale: it has no queue");
  return use(found->second);
}

flashsale::Result<flashsale::Outcome> MapQueues::Open(const flashsale::QueueTerms& terms,
                                                      Time now) {
  if (Status status = flashsale::Validate(terms); !status.ok()) return status;
  if (!flashsale::IsValid(now)) return Invalid("now: expected 0 to 2^53 - 1");
  const std::lock_guard lock(mutex_);
  const auto [found, fresh] = queues_.try_emplace(terms.sale, terms, now);
  if (fresh) return flashsale::Outcome{.code = Code::kDone};
  if (found->second.terms() == terms) return flashsale::Outcome{.code = Code::kAlreadyDone};
  return Status(StatusCode::kAlreadyExists, "sale: its queue has other terms");
}

flashsale::Result<flashsale::SaleRef> MapQueues::Resolve(const flashsale::SaleId& sale) {
  return With<flashsale::Result<flashsale::SaleRef>>(
      sale, flashsale::kMinTime, [&](MapQueue&) { return flashsale::SaleRef(sale); });
}

Status MapQueues::Apply(const flashsale::SaleRef& sale, Time now,
                        std::span<const flashsale::QueueCommand> commands,
                        std::span<QueueAnswer> answers) {
  if (answers.size() != commands.size()) return Invalid("answers: expected one for each command");
  return With<Status>(sale, now, [&](MapQueue& queue) {
    for (std::size_t i = 0; i < commands.size(); ++i) answers[i] = queue.Carry(now, commands[i]);
    return Status();
  });
}

Status MapQueues::FindAdmissions(Time now, std::span<const flashsale::AdmissionProbe> probes,
                                 std::span<flashsale::Admission> admissions) {
  if (admissions.size() != probes.size()) return Invalid("admissions: expected one for each probe");
  if (!flashsale::IsValid(now)) return Invalid("now: expected 0 to 2^53 - 1");
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto found = queues_.find(probes[i].sale.id());
    admissions[i] = found == queues_.end() ? flashsale::Admission{}
                                           : found->second.FindAdmission(now, probes[i].user);
  }
  return {};
}

Status MapQueues::MarkUsed(Time now, std::span<const flashsale::AdmissionProbe> probes,
                           std::span<const std::uint64_t> numbers) {
  if (numbers.size() != probes.size()) return Invalid("numbers: expected one for each probe");
  if (!flashsale::IsValid(now)) return Invalid("now: expected 0 to 2^53 - 1");
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto found = queues_.find(probes[i].sale.id());
    if (found != queues_.end()) found->second.MarkUsed(probes[i].user, numbers[i]);
  }
  return {};
}

flashsale::Result<flashsale::QueueState> MapQueues::Read(const flashsale::SaleRef& sale, Time now) {
  return With<flashsale::Result<flashsale::QueueState>>(
      sale, now, [now](MapQueue& queue) { return queue.Read(now); });
}

flashsale::Result<std::size_t> MapQueues::Admit(const flashsale::SaleRef& sale, Time now,
                                                const flashsale::AdmitPlan& plan,
                                                std::span<QueueEntry> admitted) {
  return With<flashsale::Result<std::size_t>>(
      sale, now, [&](MapQueue& queue) { return queue.Admit(now, plan, admitted); });
}

flashsale::Result<flashsale::LapseReport> MapQueues::LapseDue(const flashsale::SaleRef& sale,
                                                              Time now, std::size_t /*most*/) {
  return With<flashsale::Result<flashsale::LapseReport>>(
      sale, now, [now](MapQueue& queue) { return queue.LapseDue(now); });
}

Status MapQueues::SetPace(const flashsale::SaleRef& sale, Time now,
                          const flashsale::QueuePace& pace) {
  if (Status status = flashsale::Validate(pace); !status.ok()) return status;
  return With<Status>(sale, now, [&](MapQueue& queue) {
    queue.SetPace(now, pace);
    return Status();
  });
}

Status MapQueues::Pause(const flashsale::SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](MapQueue& queue) {
    queue.Pause(now);
    return Status();
  });
}

Status MapQueues::Resume(const flashsale::SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](MapQueue& queue) {
    queue.Resume(now);
    return Status();
  });
}

Status MapQueues::Freeze(const flashsale::SaleRef& sale, Time now, std::uint8_t tier) {
  return With<Status>(sale, now, [&](MapQueue& queue) { return queue.Freeze(now, tier); });
}

flashsale::Result<std::size_t> MapQueues::ReadEntrants(const flashsale::SaleRef& sale,
                                                       std::uint8_t tier, std::uint64_t after,
                                                       std::span<flashsale::Entrant> entrants) {
  return With<flashsale::Result<std::size_t>>(sale, flashsale::kMinTime, [&](MapQueue& queue) {
    return queue.ReadEntrants(tier, after, entrants);
  });
}

Status MapQueues::Arrange(const flashsale::SaleRef& sale,
                          const flashsale::Arrangement& arrangement) {
  return With<Status>(sale, flashsale::kMinTime,
                      [&](MapQueue& queue) { return queue.Arrange(arrangement); });
}

Status MapQueues::Begin(const flashsale::SaleRef& sale, Time now, std::uint8_t tier) {
  return With<Status>(sale, now, [&](MapQueue& queue) { return queue.Begin(now, tier); });
}

Status MapQueues::Close(const flashsale::SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](MapQueue& queue) {
    queue.Close(now);
    return Status();
  });
}

Status MapQueues::Forget(const flashsale::SaleRef& sale) {
  const std::lock_guard lock(mutex_);
  if (queues_.erase(sale.id()) == 1) return {};
  return {StatusCode::kNotFound, "sale: it has no queue"};
}

}  // namespace custom_backend
