#include "testing/reference_queue.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace flashsale::inline v0 {
namespace {

Status Invalid(const std::string& what) { return {StatusCode::kInvalidArgument, what}; }

Status NotFrozen() { return {StatusCode::kFailedPrecondition, "stage: expected a frozen queue"}; }

}  // namespace

ReferenceLine::ReferenceLine(const QueueTerms& terms, Time now)
    : terms_(terms),
      latest_(now),
      waiting_(terms.tiers),
      entrants_(terms.tiers),
      places_(terms.tiers) {
  state_.terms = terms;
  state_.pace = terms.pace;
  state_.pace_set_at = now;
  state_.opened_at = now;
  state_.stages.fill(QueueStage::kClosed);
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    StageOf(tier) = now < terms.opens[tier] || terms.restore_window > Duration(0)
                        ? QueueStage::kGathering
                        : QueueStage::kRunning;
  }
}

Time ReferenceLine::Host(Time at, Time now) const {
  const Time resumed = SaturatingAdd(at, stood_still_);
  if (!paused_at_.has_value() || now < *paused_at_) return resumed;
  return SaturatingAdd(resumed, now - *paused_at_);
}

Time ReferenceLine::Enter(Time now) {
  latest_ = std::max(latest_, now);
  const Time at = At(latest_);
  for (std::vector<Waiting>& line : waiting_) {
    state_.fell_silent += std::erase_if(
        line, [this, at](const Waiting& who) { return at >= SilentFrom(terms_, who.last_seen); });
  }
  state_.windows_lapsed +=
      std::erase_if(admitted_, [at](const auto& who) { return at >= who.second.until; });
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    const bool over =
        latest_ >= terms_.opens[tier] && latest_ >= state_.opened_at + terms_.restore_window;
    if (StageOf(tier) == QueueStage::kGathering && over) FreezeTier(tier);
  }
  return at;
}

std::uint64_t ReferenceLine::total_waiting() const {
  std::uint64_t total = 0;
  for (const std::vector<Waiting>& line : waiting_) total += line.size();
  return total;
}

std::optional<ReferenceLine::Place> ReferenceLine::PlaceOf(const UserId& user) const {
  for (std::size_t tier = 0; tier < waiting_.size(); ++tier) {
    for (std::size_t i = 0; i < waiting_[tier].size(); ++i) {
      if (waiting_[tier][i].user == user) return Place{.tier = tier, .index = i};
    }
  }
  return std::nullopt;
}

QueueEntry ReferenceLine::EntryOf(const UserId& user, const Admitted& admitted, Time now) const {
  return {
      .user = user,
      .state = TicketState::kAdmitted,
      .tier = admitted.tier,
      .ticket = admitted.ticket,
      .joined_at = admitted.joined_at,
      .admission = {
          .number = admitted.number, .grant = terms_.grant, .until = Host(admitted.until, now)}};
}

void ReferenceLine::Stand(const UserId& user, QueueAnswer& answer) const {
  answer.entry = {.user = user};
  answer.ahead = 0;
  if (const auto found = admitted_.find(user); found != admitted_.end()) {
    answer.entry = EntryOf(user, found->second, latest_);
  }
  if (const std::optional<Place> place = PlaceOf(user); place.has_value()) {
    const Waiting& who = waiting_[place->tier][place->index];
    answer.entry = {.user = user,
                    .state = TicketState::kWaiting,
                    .tier = static_cast<std::uint8_t>(place->tier),
                    .ticket = who.ticket,
                    .place = who.place,
                    .restored_place = who.restored_place,
                    .joined_at = who.joined_at};
    answer.ahead = place->index;
  }
}

Code ReferenceLine::Complete(const QueueCommand& command) {
  const auto found = admitted_.find(command.user);
  if (found == admitted_.end() || found->second.number != command.admission) {
    return Code::kAlreadyDone;
  }
  admitted_.erase(found);
  ++state_.completed;
  return Code::kDone;
}

bool ReferenceLine::TakesBack(const QueueCommand& command) const {
  return command.verb == QueueVerb::kRestore &&
         state_.stages[command.tier] == QueueStage::kGathering &&
         latest_ < state_.opened_at + terms_.restore_window && !gave_up_.contains(command.user);
}

Code ReferenceLine::Join(const QueueCommand& command, Time at) {
  if (StageOf(0) == QueueStage::kClosed) return Code::kSaleEnded;
  if (total_waiting() >= terms_.max_waiting) return Code::kWaitingPage;
  const bool restores = TakesBack(command);
  if (restores) ++state_.restored;
  const std::uint64_t ticket = ++state_.joined;
  waiting_[command.tier].push_back({.user = command.user,
                                    .ticket = ticket,
                                    .place = ticket,
                                    .restored_place = restores ? command.place : 0,
                                    .joined_at = latest_,
                                    .last_seen = at});
  return Code::kDone;
}

QueueAnswer ReferenceLine::Carry(const QueueCommand& command, Time at) {
  QueueAnswer answer;
  if (command.user.is_nil()) return answer;
  const std::optional<Place> place = PlaceOf(command.user);
  const bool known = place.has_value() || admitted_.contains(command.user);
  switch (command.verb) {
    case QueueVerb::kRestore:
      if (command.place < 1 || command.place > kMaxExactInteger) return answer;
      [[fallthrough]];
    case QueueVerb::kJoin:
      if (command.tier >= terms_.tiers) return answer;
      answer.code = known ? Code::kAlreadyDone : Join(command, at);
      if (place.has_value() && place->tier == command.tier && TakesBack(command)) {
        std::uint64_t& restored = waiting_[place->tier][place->index].restored_place;
        if (restored == 0) {
          restored = command.place;
          ++state_.restored;
        }
      }
      break;
    case QueueVerb::kLeave:
      answer.code = known ? Code::kDone : Code::kAlreadyDone;
      if (known) ++state_.left;
      admitted_.erase(command.user);
      if (place.has_value()) {
        std::vector<Waiting>& line = waiting_[place->tier];
        if (line[place->index].restored_place != 0) gave_up_.insert(command.user);
        line.erase(line.begin() + static_cast<std::ptrdiff_t>(place->index));
      }
      break;
    case QueueVerb::kTouch:
      answer.code = known ? Code::kDone : Code::kUnknownTicket;
      break;
    case QueueVerb::kLook:
      answer.code = known ? Code::kAlreadyDone : Code::kUnknownTicket;
      break;
    case QueueVerb::kComplete:
      answer.code = Complete(command);
      break;
    default:
      return answer;
  }
  const bool heartbeat = command.verb == QueueVerb::kJoin || command.verb == QueueVerb::kRestore ||
                         command.verb == QueueVerb::kTouch;
  if (heartbeat && place.has_value()) waiting_[place->tier][place->index].last_seen = at;
  Stand(command.user, answer);
  return answer;
}

void ReferenceLine::Apply(Time now, std::span<const QueueCommand> commands,
                          std::span<QueueAnswer> answers) {
  const Time at = Enter(now);
  for (std::size_t i = 0; i < commands.size(); ++i) answers[i] = Carry(commands[i], at);
}

void ReferenceLine::MarkUsed(const UserId& user, std::uint64_t number) {
  const auto found = admitted_.find(user);
  if (found != admitted_.end() && found->second.number == number) found->second.used = true;
}

Admission ReferenceLine::FindAdmission(Time now, const UserId& user) const {
  const auto found = admitted_.find(user);
  const bool standing = paused_at_.has_value() && now >= *paused_at_;
  const Time at = standing ? At(now) : now - stood_still_;
  if (found == admitted_.end() || at >= found->second.until) return {};
  return EntryOf(user, found->second, now).admission;
}

std::uint32_t ReferenceLine::RoomAt(Time at) const {
  const std::uint64_t most = state_.pace.max_in_flight;
  const bool runs = std::find(state_.stages.begin(), state_.stages.end(), QueueStage::kRunning) !=
                    state_.stages.end();
  if (!runs || paused_at_.has_value()) return 0;
  if (admitted_.size() >= most) return 0;
  const std::uint64_t fitting = RateOf(state_.pace).Fitting(tat_ns_, CellRate::Nanoseconds(at));
  return static_cast<std::uint32_t>(std::min(fitting, most - admitted_.size()));
}

QueueState ReferenceLine::Read(Time now) {
  const Time at = Enter(now);
  QueueState state = state_;
  state.paused = paused_at_.has_value();
  for (std::size_t tier = 0; tier < waiting_.size(); ++tier) {
    state.waiting[tier] = waiting_[tier].size();
  }
  state.in_flight = admitted_.size();
  for (const auto& [user, admitted] : admitted_) state.unused += admitted.used ? 0U : 1U;
  state.room = RoomAt(at);
  const std::int64_t next_ns = std::max<std::int64_t>(0, RateOf(state.pace).NextNs(tat_ns_));
  state.next_room = Host(kMinTime + Duration((next_ns + 999) / 1'000), latest_);
  return state;
}

Result<std::size_t> ReferenceLine::Admit(Time now, const AdmitPlan& plan,
                                         std::span<QueueEntry> admitted) {
  for (const TierPick& pick : plan.picks) {
    if (pick.tier >= terms_.tiers) return Invalid("plan.picks: expected tiers of the terms");
  }
  const Time at = Enter(now);
  if (plan.revision != state_.revision) {
    return Status(StatusCode::kConflict, "plan.revision: expected the present one");
  }
  std::size_t count = 0;
  std::uint64_t strategy = state_.strategy;
  for (const auto& [tier, kept] : plan.picks) {
    if (count == admitted.size() || RoomAt(at) == 0) break;
    strategy = kept;
    if (StageOf(tier) != QueueStage::kRunning || waiting_[tier].empty()) continue;
    const Waiting who = waiting_[tier].front();
    waiting_[tier].erase(waiting_[tier].begin());
    const auto now_us = static_cast<std::uint64_t>(latest_.time_since_epoch().count());
    last_number_ = std::max(last_number_ + 1, now_us);
    const Admitted let_in{.tier = tier,
                          .ticket = who.ticket,
                          .joined_at = who.joined_at,
                          .number = last_number_,
                          .until = at + terms_.admission_window,
                          .used = false};
    admitted_[who.user] = let_in;
    admitted[count++] = EntryOf(who.user, let_in, latest_);
    ++state_.admitted;
    tat_ns_ = std::max(tat_ns_, CellRate::Nanoseconds(at)) + RateOf(state_.pace).permit_ns();
  }
  if (count != 0) {
    ++state_.revision;
    state_.strategy = strategy;
  }
  return count;
}

LapseReport ReferenceLine::LapseDue(Time now) {
  const QueueState before = state_;
  Enter(now);
  LapseReport report{.fell_silent = state_.fell_silent - before.fell_silent,
                     .windows_lapsed = state_.windows_lapsed - before.windows_lapsed};
  if (paused_at_.has_value()) return report;
  Time next = kMaxTime;
  for (const std::vector<Waiting>& line : waiting_) {
    for (const Waiting& who : line) {
      next = std::min(next, SilentFrom(terms_, who.last_seen));
    }
  }
  for (const auto& [user, admitted] : admitted_) next = std::min(next, admitted.until);
  if (next < kMaxTime) report.next_due = Host(next, latest_);
  return report;
}

void ReferenceLine::SetPace(Time now, const QueuePace& pace) {
  Enter(now);
  if (pace == state_.pace) return;
  state_.pace = pace;
  state_.pace_set_at = latest_;
  ++state_.revision;
}

void ReferenceLine::Pause(Time now) {
  Enter(now);
  if (paused_at_.has_value()) return;
  paused_at_ = latest_;
  ++state_.revision;
}

void ReferenceLine::Resume(Time now) {
  Enter(now);
  if (!paused_at_.has_value()) return;
  stood_still_ += latest_ - *paused_at_;
  paused_at_.reset();
  ++state_.revision;
}

void ReferenceLine::FreezeTier(std::size_t tier) {
  entrants_[tier].clear();
  places_[tier].clear();
  for (const Waiting& who : waiting_[tier]) {
    entrants_[tier].push_back(
        {.user = who.user, .ticket = who.ticket, .restored_place = who.restored_place});
  }
  StageOf(tier) = QueueStage::kFrozen;
  ++state_.revision;
}

Status ReferenceLine::Freeze(Time now, std::size_t tier) {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  Enter(now);
  if (StageOf(tier) == QueueStage::kGathering) FreezeTier(tier);
  return {};
}

Result<std::size_t> ReferenceLine::ReadEntrants(std::size_t tier, std::uint64_t after,
                                                std::span<Entrant> entrants) {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  if (StageOf(tier) != QueueStage::kFrozen) return NotFrozen();
  std::size_t count = 0;
  for (const Entrant& entrant : entrants_[tier]) {
    if (entrant.ticket > after && count < entrants.size()) entrants[count++] = entrant;
  }
  return count;
}

Status ReferenceLine::Arrange(const Arrangement& arrangement) {
  if (arrangement.tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  if (StageOf(arrangement.tier) != QueueStage::kFrozen) return NotFrozen();
  const std::vector<Entrant>& entrants = entrants_[arrangement.tier];
  if (arrangement.first > entrants.size() ||
      arrangement.tickets.size() > entrants.size() - arrangement.first) {
    return Invalid("arrangement: expected no more places than entrants");
  }
  for (const std::uint64_t ticket : arrangement.tickets) {
    const bool found = std::any_of(entrants.begin(), entrants.end(),
                                   [ticket](const Entrant& e) { return e.ticket == ticket; });
    if (!found) return Invalid("arrangement.tickets: expected tickets of entrants");
  }
  for (std::size_t i = 0; i < arrangement.tickets.size(); ++i) {
    places_[arrangement.tier][arrangement.tickets[i]] = arrangement.first + i;
  }
  return {};
}

Status ReferenceLine::Begin(Time now, std::size_t tier) {
  if (tier >= terms_.tiers) return Invalid("tier: expected one of the terms");
  Enter(now);
  if (StageOf(tier) == QueueStage::kRunning) return {};
  if (StageOf(tier) == QueueStage::kClosed) {
    return {StatusCode::kFailedPrecondition, "stage: closed, expected gathering or frozen"};
  }
  if (StageOf(tier) == QueueStage::kGathering) FreezeTier(tier);
  std::map<std::uint64_t, std::uint64_t>& places = places_[tier];
  // Whoever has no place was not there at the freeze, or nobody has one.
  const auto is_entrant = [this, tier](const Waiting& who) {
    return std::any_of(entrants_[tier].begin(), entrants_[tier].end(),
                       [&who](const Entrant& e) { return e.ticket == who.ticket; });
  };
  for (const Waiting& who : waiting_[tier]) {
    if (places.empty() || places.contains(who.ticket) || !is_entrant(who)) continue;
    return {StatusCode::kFailedPrecondition, "arrangement: expected all entrants of a tier"};
  }
  for (Waiting& who : waiting_[tier]) {
    who.restored_place = 0;
    const auto found = places.find(who.ticket);
    if (found != places.end()) who.place = found->second + 1;
  }
  const auto key = [&places](const Waiting& who) {
    return std::tuple(!places.contains(who.ticket), who.place, who.ticket);
  };
  std::sort(waiting_[tier].begin(), waiting_[tier].end(),
            [&key](const Waiting& a, const Waiting& b) { return key(a) < key(b); });
  StageOf(tier) = QueueStage::kRunning;
  ++state_.revision;
  return {};
}

void ReferenceLine::Close(Time now) {
  Enter(now);
  if (state_.is_closed()) return;
  for (std::vector<Waiting>& line : waiting_) line.clear();
  state_.stages.fill(QueueStage::kClosed);
  ++state_.revision;
}

}  // namespace flashsale::inline v0
