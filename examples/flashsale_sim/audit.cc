#include "examples/flashsale_sim/audit.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/verb.h"

namespace flashsale::sim {
namespace {

// Where the contract shows the state of the reservation with the answer.
bool ShowsState(Verb verb, Code code) {
  if (IsOperatorAct(verb)) return false;
  switch (code) {
    case Code::kDone:
    case Code::kAlreadyDone:
    case Code::kRevived:
    case Code::kExpired:
    case Code::kCancelled:
    case Code::kAlreadyPurchased:
    case Code::kNotPurchased:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::size_t Audit::HoldKeyHash::operator()(const HoldKey& key) const {
  return HashId(key.user.bytes()) ^ (HashId(key.id.bytes()) << 1);
}

std::size_t Audit::TallyKeyHash::operator()(const TallyKey& key) const {
  return HashId(key.bytes) + key.kind;
}

Audit::Audit(const SaleTerms& terms)
    : terms_(terms), cut_(CutOf(SaleMarks{}, terms.end_policy, terms.end)) {
  for (const SaleLine& line : terms_.lines) {
    lines_.emplace_back(line.units, line.released_at_first.value_or(line.units));
  }
}

void Audit::OnEvent(const Event& event) {
  ++report_.events;
  CheckSequence(event);
  Advance(event.at);
  if (event.line >= lines_.size()) {
    Find(report_.illegal_transitions,
         fmt::format("event {}: line {} is none of the sale's", event.seq, event.line));
    return;
  }
  if (event.user.is_nil()) return OnSaleEvent(event);

  Hold& hold = holds_[{.user = event.user, .id = event.id}];
  switch (event.type) {
    case EventType::kReserved:
      return OnReserved(event, hold);
    case EventType::kConfirmed:
      return OnConfirmed(event, hold);
    case EventType::kRevived:
      return OnRevived(event, hold);
    case EventType::kTombstoned:
      return OnTombstoned(event, hold);
    case EventType::kExtended:
      return OnExtended(event, hold);
    case EventType::kCancelled:
    case EventType::kExpired:
      return OnEndOfHold(event, hold);
    case EventType::kVoided:
      return OnVoided(event, hold);
    default:
      return Illegal(event, hold);
  }
}

void Audit::OnLost(const EventPage::Lost& lost) {
  report_.lost_events += lost.to - lost.from;  // Find adds the last one
  Find(report_.lost_events, fmt::format("events {} to {} were lost", lost.from, lost.to));
  last_seq_ = lost.to;
}

void Audit::OnAnswer(Time now, const Command& command, const Outcome& outcome) {
  Advance(now);
  if (ShowsState(command.verb, outcome.code)) CheckState(command, outcome);
  if (command.verb != Verb::kReserve || command.line >= lines_.size()) return;
  if (outcome.code == Code::kSoldOut) CheckSoldOut(command);
  if (outcome.code == Code::kUserLimit) CheckUserLimit(command);
}

void Audit::OnTurnedAway(Time now, const UserId& user) {
  Advance(now);
  for (LineAudit& line : lines_) {
    if (line.can_still_sell() == 0) continue;
    if (line.free() > 0) line.TurnAway(user, 1);
    Find(report_.dishonest_sold_out,
         fmt::format("after event {}: SoldOut at the door while {} may still be had", last_seq_,
                     line.can_still_sell()));
    return;
  }
}

void Audit::OnStock(const SaleStock& stock) {
  const auto compare = [this](std::string_view name, std::size_t line, std::int64_t theirs,
                              std::int64_t ours) {
    if (theirs == ours) return;
    Find(report_.counter_mismatches,
         fmt::format("line {}: {} is {}, the events give {}", line, name, theirs, ours));
  };
  for (std::size_t i = 0; i < std::min(lines_.size(), stock.lines.size()); ++i) {
    compare("released", i, stock.lines[i].released, lines_[i].released());
    compare("reserved", i, stock.lines[i].reserved, lines_[i].reserved());
    compare("sold", i, stock.lines[i].sold, lines_[i].sold());
  }
  if (stock.lines.size() != lines_.size()) {
    Find(report_.counter_mismatches,
         fmt::format("{} lines of stock, expected {}", stock.lines.size(), lines_.size()));
  }
  if (stock.seq != last_seq_) {
    Find(report_.counter_mismatches,
         fmt::format("the last event is {}, the store says {}", last_seq_, stock.seq));
  }
}

AuditReport Audit::Report() const {
  AuditReport report = report_;
  for (const LineAudit& line : lines_) {
    report.released += line.released();
    report.sold += line.sold();
    report.reserved += line.reserved();
    report.available += line.available();
    report.oversold += static_cast<std::uint64_t>(line.oversold());
    report.stranded += line.stranded();
  }
  report.undersold = report.dishonest_sold_out + report.stranded;
  for (const auto& [key, hold] : holds_) {
    ++report.final_states[static_cast<std::size_t>(hold.state)];
  }
  return report;
}

void Audit::OnReserved(const Event& event, Hold& hold) {
  if (hold.state != ReservationState::kNone) return Illegal(event, hold);
  LineAudit& line = lines_[event.line];
  hold = {.state = ReservationState::kActive,
          .lapsed = false,
          .line = event.line,
          .units = event.units,
          .lapsed_before = line.Take(event.units),
          .deadline = event.deadline,
          .user = event.user,
          .keys = event.keys};
  line.Serve(event.user);
  deadlines_.push({.at = hold.deadline, .hold = &hold});
  RaiseLimit(event.user, event.user_limit);
  AddHeld(hold, event.units);
}

void Audit::OnConfirmed(const Event& event, Hold& hold) {
  const std::uint64_t units = std::uint64_t{event.units} + event.returned;
  if (hold.state != ReservationState::kActive || !IsLive(hold, event.at) || units != hold.units) {
    return Illegal(event, hold);
  }
  LineAudit& line = lines_[hold.line];
  line.Sell(event.units);
  line.GiveBack(event.returned);
  AddHeld(hold, -std::int64_t{hold.units});
  AddBought(hold, event.units);
  hold.state = ReservationState::kPurchased;
  hold.units = event.units;
  report_.resold_after_expiry += std::min(hold.lapsed_before, event.units);
}

void Audit::OnRevived(const Event& event, Hold& hold) {
  if (hold.state != ReservationState::kExpired || event.units > hold.units) {
    return Illegal(event, hold);
  }
  LineAudit& line = lines_[hold.line];
  line.SellAnew(event.units);
  line.Serve(event.user);
  RaiseLimit(event.user, event.user_limit);
  AddBought(hold, event.units);
  hold.state = ReservationState::kPurchased;
  hold.units = event.units;
  ++report_.revived;
}

void Audit::OnTombstoned(const Event& event, Hold& hold) {
  if (hold.state != ReservationState::kNone) return Illegal(event, hold);
  hold.state = ReservationState::kCancelled;
}

void Audit::OnExtended(const Event& event, Hold& hold) {
  if (hold.state != ReservationState::kActive || !IsLive(hold, event.at) ||
      event.deadline < hold.deadline) {
    return Illegal(event, hold);
  }
  hold.deadline = event.deadline;
  deadlines_.push({.at = hold.deadline, .hold = &hold});
}

void Audit::OnEndOfHold(const Event& event, Hold& hold) {
  const bool expires = event.type == EventType::kExpired;
  // A cancelled sale cancels what has lapsed, too; but a live hold never expires.
  if (hold.state != ReservationState::kActive || event.units != hold.units ||
      (expires && IsLive(hold, event.at))) {
    return Illegal(event, hold);
  }
  LineAudit& line = lines_[hold.line];
  if (expires) {
    line.GiveBackLapsed(hold.units);
  } else {
    line.GiveBack(hold.units);
  }
  // Only now, so that the units count as free all the while.
  if (hold.lapsed) AddLapsed(hold, -std::int64_t{hold.units});
  hold.lapsed = false;
  AddHeld(hold, -std::int64_t{hold.units});
  hold.state = expires ? ReservationState::kExpired : ReservationState::kCancelled;
}

void Audit::OnVoided(const Event& event, Hold& hold) {
  if (hold.state != ReservationState::kPurchased || event.units != hold.units) {
    return Illegal(event, hold);
  }
  lines_[hold.line].Refund(hold.units);
  AddBought(hold, -std::int64_t{hold.units});
  hold.state = ReservationState::kCancelled;
}

void Audit::OnSaleEvent(const Event& event) {
  switch (event.type) {
    case EventType::kReleased:
      if (!lines_[event.line].Release(event.units)) {
        Find(report_.illegal_transitions,
             fmt::format("event {}: more is released than the line has", event.seq));
      }
      break;
    case EventType::kClosed:
      if (terms_.end_policy == EndPolicy::kCut) cut_ = std::min(cut_, event.at);
      Advance(event.at);
      break;
    case EventType::kStartedEarly:
    case EventType::kPaused:
    case EventType::kResumed:
    case EventType::kSaleCancelled:
    case EventType::kSettled:
    case EventType::kClock:
      break;
    default:
      Find(report_.illegal_transitions,
           fmt::format("event {}: {} names no user", event.seq, Name(event.type)));
  }
}

void Audit::Advance(Time now) {
  now_ = std::max(now_, now);
  while (!deadlines_.empty() && (deadlines_.top().at <= now_ || cut_ <= now_)) {
    Hold& hold = *deadlines_.top().hold;
    deadlines_.pop();
    // An extended hold has a later entry, too.
    if (hold.state != ReservationState::kActive || hold.lapsed || IsLive(hold, now_)) continue;
    hold.lapsed = true;
    AddLapsed(hold, hold.units);
  }
}

void Audit::CheckSequence(const Event& event) {
  const std::uint64_t expected = last_seq_ + 1;
  if (event.seq != expected) {
    Find(report_.sequence_gaps, fmt::format("event {}: expected {}", event.seq, expected));
  }
  last_seq_ = event.seq;
}

void Audit::CheckState(const Command& command, const Outcome& outcome) {
  const auto found = holds_.find({.user = command.user, .id = command.id});
  const ReservationState state =
      found == holds_.end() ? ReservationState::kNone : found->second.state;
  const bool lapsed = found != holds_.end() && found->second.lapsed;
  if (state == outcome.state && !lapsed &&
      (state == ReservationState::kNone || outcome.units == found->second.units)) {
    return;
  }
  Find(report_.unrecorded_answers,
       fmt::format("{} answered {}; the events say {}{}", Name(command.verb), ToString(outcome),
                   Name(state), lapsed ? ", lapsed" : ""));
}

void Audit::CheckSoldOut(const Command& command) {
  LineAudit& line = lines_[command.line];
  if (line.free() < command.units) return;
  if (HasRoom(command)) line.TurnAway(command.user, command.units);
  Find(report_.dishonest_sold_out,
       fmt::format("after event {}: SoldOut to one who asked for {} while {} were free", last_seq_,
                   command.units, line.free()));
}

void Audit::CheckUserLimit(const Command& command) {
  if (!HasRoom(command)) return;
  LineAudit& line = lines_[command.line];
  if (line.free() >= command.units) line.TurnAway(command.user, command.units);
  Find(report_.dishonest_user_limit,
       fmt::format("after event {}: UserLimit to one who had room for {}", last_seq_,
                   command.units));
}

bool Audit::HasRoom(const Command& command) const {
  const auto has_room = [this, &command](const TallyKey& key, Units limit) {
    const auto found = tallies_.find(key);
    if (found == tallies_.end()) return command.units <= limit;
    const Tally& tally = found->second;
    return tally.held - tally.lapsed + tally.bought + command.units <= std::max(tally.limit, limit);
  };
  const Units asked = command.user_limit == 0 ? terms_.limit_per_user : command.user_limit;
  if (!has_room(TallyKey::Of(command.user), asked)) return false;
  for (std::size_t i = 0; i < terms_.key_limits.size(); ++i) {
    if (command.keys[i].is_nil()) continue;
    if (!has_room(TallyKey::Of(i, command.keys[i]), terms_.key_limits[i].limit)) return false;
  }
  return true;
}

bool Audit::IsLive(const Hold& hold, Time now) const {
  return flashsale::IsLive(hold.deadline, cut_, now);
}

template <typename Visit>
void Audit::ForEachTally(const UserId& user, const LimitKeys& keys, Visit visit) {
  visit(tallies_[TallyKey::Of(user)]);
  for (std::size_t i = 0; i < terms_.key_limits.size(); ++i) {
    if (keys[i].is_nil()) continue;
    Tally& tally = tallies_[TallyKey::Of(i, keys[i])];
    tally.limit = terms_.key_limits[i].limit;
    visit(tally);
  }
}

void Audit::AddHeld(const Hold& hold, std::int64_t units) {
  ForEachTally(hold.user, hold.keys, [this, units](Tally& tally) {
    tally.held += units;
    CheckLimit(tally);
  });
}

void Audit::AddLapsed(const Hold& hold, std::int64_t units) {
  ForEachTally(hold.user, hold.keys, [units](Tally& tally) { tally.lapsed += units; });
  lines_[hold.line].AddLapsed(units);
}

void Audit::AddBought(const Hold& hold, std::int64_t units) {
  ForEachTally(hold.user, hold.keys, [this, units](Tally& tally) {
    tally.bought += units;
    CheckLimit(tally);
  });
}

void Audit::CheckLimit(Tally& tally) {
  if (tally.was_over || tally.held + tally.bought <= tally.limit) return;
  tally.was_over = true;
  Find(report_.users_over_limit, fmt::format("event {}: {} held and bought, the limit is {}",
                                             last_seq_, tally.held + tally.bought, tally.limit));
}

void Audit::RaiseLimit(const UserId& user, Units limit) {
  Tally& tally = tallies_[TallyKey::Of(user)];
  tally.limit = std::max(tally.limit, limit);
}

void Audit::Illegal(const Event& event, const Hold& hold) {
  Find(report_.illegal_transitions,
       fmt::format("event {}: {} of a reservation that is {}, {} units until {}", event.seq,
                   Name(event.type), Name(hold.state), hold.units,
                   hold.deadline.time_since_epoch().count()));
}

void Audit::Find(std::uint64_t& counter, std::string text) {
  ++counter;
  if (report_.findings.size() < AuditReport::kFindingsInWords)
    report_.findings.push_back(std::move(text));
}

}  // namespace flashsale::sim
