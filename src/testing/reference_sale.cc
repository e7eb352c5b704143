#include "testing/reference_sale.h"

#include <algorithm>
#include <set>

namespace flashsale::inline v0 {
namespace {

Outcome Invalid(Field field) { return {.code = Code::kInvalid, .field = field}; }

// An answer about a reservation that this user has.
Outcome About(const Reservation& record, Code code, Field field = Field::kNone) {
  const bool active = record.state == ReservationState::kActive;
  return {.code = code,
          .state = record.state,
          .field = field,
          .units = record.units,
          .when_us = active ? record.deadline.time_since_epoch().count() : 0};
}

bool Charges(const Reservation& record, const TallyKey& key) {
  if (key.kind == 0) return record.user.bytes() == key.bytes;
  const LimitKey& charged = record.keys[key.kind - 1U];
  return !charged.is_nil() && charged.bytes() == key.bytes;
}

}  // namespace

ReferenceSale::ReferenceSale(SaleTerms terms, std::uint64_t max_records)
    : terms_(std::move(terms)), max_records_(max_records), edges_(terms_) {
  for (const SaleLine& line : terms_.lines) released_.push_back(*line.released_at_first);
}

Outcome ReferenceSale::Apply(const Command& command, Time now) {
  const Field error = contract::ShapeErrorOf(command);
  if (error != Field::kNone) return Invalid(error);
  switch (command.verb) {
    case Verb::kReserve:
      return Reserve(command, now);
    case Verb::kConfirm:
      return Confirm(command, now);
    case Verb::kCancel:
      return Cancel(command, now);
    case Verb::kExtend:
      return Extend(command, now);
    case Verb::kVoid:
      return Void(command, now);
    case Verb::kStart:
    case Verb::kPause:
    case Verb::kResume:
    case Verb::kRelease:
    case Verb::kClose:
    case Verb::kCancelSale:
    case Verb::kSettle:
      return Operate(command, now);
  }
  return Invalid(Field::kVerb);
}

Outcome ReferenceSale::Reserve(const Command& command, Time now) {
  const RecordKey key{command.user, command.id};
  if (const Reservation* known = Touch(key, now)) return ReserveAgain(command, *known);

  switch (PhaseAt(now)) {
    case Phase::kCancelled:
      return {.code = Code::kSaleCancelled};
    case Phase::kSettled:
    case Phase::kClosed:
      return {.code = Code::kSaleEnded};
    case Phase::kScheduled:
      return {.code = Code::kNotStarted};
    case Phase::kPaused:
      return {.code = Code::kPaused};
    case Phase::kOpen:
      break;
  }
  const Field error = TermsErrorOf(command);
  if (error != Field::kNone) return Invalid(error);

  RecordLapses(now);
  const Tally user = ReadTally(TallyKey::Of(command.user));
  Standing standing = StandingOf(command.user);
  const Units granted = command.user_limit == 0 ? terms_.limit_per_user : command.user_limit;
  const Units limit = std::max(standing.limit, granted);
  const std::uint64_t wished = std::uint64_t{user.held} + user.bought + command.units;

  if (records_.size() >= max_records_) return {.code = Code::kStorageFull};
  if (!Admits(standing, command)) return {.code = Code::kNotAdmitted};
  if (user.records >= 32) return {.code = Code::kTooManyAttempts};
  if (user.open_holds >= terms_.max_open_holds) return {.code = Code::kTooManyHolds};
  if (wished > limit || !FitsKeyLimits(command.keys, command.units)) {
    return {.code = Code::kUserLimit};
  }
  if (StockOf(command.line).available() < command.units) return {.code = Code::kSoldOut};

  const Duration held_for = command.hold == Duration{0} ? terms_.hold : command.hold;
  const Reservation hold = {.user = command.user,
                            .id = command.id,
                            .state = ReservationState::kActive,
                            .line = command.line,
                            .asked = command.units,
                            .units = command.units,
                            .reserved_at = now,
                            .deadline = contract::DeadlineOfHold(terms_, now, held_for),
                            .quote = command.quote,
                            .admission = command.admission_number,
                            .keys = command.keys};
  records_.emplace(key, hold);
  standing.limit = limit;
  if (command.admission_number > standing.admission) {
    standing.admission = command.admission_number;
    standing.admission_used = 0;
  }
  if (command.admission_number != 0) ++standing.admission_used;
  standings_[command.user] = standing;

  Event event = EventAbout(EventType::kReserved, hold, hold.units, now);
  event.user_limit = limit;
  Append(event);
  return About(hold, Code::kDone);
}

Outcome ReferenceSale::ReserveAgain(const Command& command, const Reservation& record) const {
  const bool tombstone = record.asked == 0;
  if (tombstone) return About(record, Code::kCancelled);
  if (record.line != command.line || record.asked != command.units) {
    return About(record, Code::kIdConflict);
  }
  if (record.state == ReservationState::kExpired) return About(record, Code::kExpired);
  if (record.state == ReservationState::kCancelled) return About(record, Code::kCancelled);
  return About(record, Code::kAlreadyDone);
}

Field ReferenceSale::TermsErrorOf(const Command& command) const {
  if (command.line >= terms_.lines.size()) return Field::kLine;
  if (command.units > *terms_.max_units_per_order) return Field::kUnits;
  if (command.units > *terms_.limit_ceiling) return Field::kUnits;
  if (command.user_limit > *terms_.limit_ceiling) return Field::kUserLimit;
  for (std::size_t i = terms_.key_limits.size(); i < command.keys.size(); ++i) {
    if (!command.keys[i].is_nil()) return Field::kLimitKeys;
  }
  if (command.hold > *terms_.longest_hold) return Field::kHold;
  return Field::kNone;
}

bool ReferenceSale::Admits(const Standing& standing, const Command& command) const {
  if (command.admission_number == 0) return !terms_.requires_admission;
  if (command.admission_number < standing.admission) return false;
  if (command.admission_number > standing.admission) return true;
  return standing.admission_used < command.admission_grant;
}

bool ReferenceSale::FitsKeyLimits(const LimitKeys& keys, Units asked) const {
  for (std::size_t i = 0; i < terms_.key_limits.size(); ++i) {
    if (keys[i].is_nil()) continue;
    const Tally tally = ReadTally(TallyKey::Of(i, keys[i]));
    if (std::uint64_t{tally.held} + tally.bought + asked > terms_.key_limits[i].limit) return false;
  }
  return true;
}

Outcome ReferenceSale::Confirm(const Command& command, Time now) {
  Reservation* record = Touch({command.user, command.id}, now);
  if (record == nullptr) return {.code = Code::kUnknownReservation};
  const Code answer = contract::AnswerToKnown(Verb::kConfirm, record->state);
  if (answer == Code::kExpired) return ConfirmLate(command, *record, now);
  if (answer == Code::kAlreadyDone && command.units != 0 && command.units != record->units) {
    return About(*record, Code::kIdConflict);
  }
  if (answer != Code::kDone) return About(*record, answer);

  if (command.units > record->units) return About(*record, Code::kInvalid, Field::kUnits);
  const Units bought = command.units == 0 ? record->units : command.units;
  Event event = EventAbout(EventType::kConfirmed, *record, bought, now);
  event.returned = record->units - bought;
  record->state = ReservationState::kPurchased;
  record->units = bought;
  Append(event);
  return About(*record, Code::kDone);
}

Outcome ReferenceSale::ConfirmLate(const Command& command, Reservation& record, Time now) {
  if (!contract::RevivesIn(terms_, PhaseAt(now))) return About(record, Code::kExpired);
  if (command.units > record.units) return About(record, Code::kInvalid, Field::kUnits);
  const Units wanted = command.units == 0 ? record.units : command.units;

  RecordLapses(now);
  const Tally user = ReadTally(TallyKey::Of(record.user));
  if (std::uint64_t{user.held} + user.bought + wanted > user.limit ||
      !FitsKeyLimits(record.keys, wanted) || StockOf(record.line).available() < wanted) {
    return About(record, Code::kExpired);
  }
  record.state = ReservationState::kPurchased;
  record.units = wanted;
  Event event = EventAbout(EventType::kRevived, record, wanted, now);
  event.user_limit = user.limit;
  Append(event);
  return About(record, Code::kRevived);
}

Outcome ReferenceSale::Cancel(const Command& command, Time now) {
  Reservation* record = Touch({command.user, command.id}, now);
  if (record == nullptr) return LeaveTombstone(command, now);
  const Code answer = contract::AnswerToKnown(Verb::kCancel, record->state);
  if (answer == Code::kDone) {
    record->state = ReservationState::kCancelled;
    Append(EventAbout(EventType::kCancelled, *record, record->units, now));
  }
  return About(*record, answer);
}

Outcome ReferenceSale::LeaveTombstone(const Command& command, Time now) {
  if (records_.size() >= max_records_) return {.code = Code::kStorageFull};
  std::uint32_t records_of_user = 0;
  bool only_tombstones = true;
  for (const auto& [key, record] : records_) {
    if (record.user != command.user) continue;
    ++records_of_user;
    if (record.asked != 0) only_tombstones = false;
  }
  if (records_of_user >= 32) return {.code = Code::kTooManyAttempts};
  if (only_tombstones && CountStrayTombstones() >= terms_.max_stray_tombstones) {
    return {.code = Code::kTooManyAttempts};
  }
  const Reservation tombstone = {
      .user = command.user, .id = command.id, .state = ReservationState::kCancelled};
  records_.emplace(RecordKey{command.user, command.id}, tombstone);
  Append(EventAbout(EventType::kTombstoned, tombstone, 0, now));
  return About(tombstone, Code::kDone);
}

std::uint64_t ReferenceSale::CountStrayTombstones() const {
  std::map<UserId, std::uint64_t> tombstones;
  for (const auto& [key, record] : records_) ++tombstones[record.user];
  for (const auto& [key, record] : records_) {
    if (record.asked != 0) tombstones.erase(record.user);
  }
  std::uint64_t count = 0;
  for (const auto& [user, tombstones_of_user] : tombstones) count += tombstones_of_user;
  return count;
}

Outcome ReferenceSale::Extend(const Command& command, Time now) {
  Reservation* record = Touch({command.user, command.id}, now);
  if (record == nullptr) return {.code = Code::kUnknownReservation};
  const Code answer = contract::AnswerToKnown(Verb::kExtend, record->state);
  if (answer != Code::kDone) return About(*record, answer);

  const Time deadline = contract::DeadlineAfterExtend(terms_, marks_, *record, now);
  if (deadline == record->deadline) return About(*record, Code::kAlreadyDone);
  record->deadline = deadline;
  Append(EventAbout(EventType::kExtended, *record, record->units, now));
  return About(*record, Code::kDone);
}

Outcome ReferenceSale::Void(const Command& command, Time now) {
  Reservation* record = Touch({command.user, command.id}, now);
  if (record == nullptr) return {.code = Code::kUnknownReservation};
  const Code answer = contract::AnswerToKnown(Verb::kVoid, record->state);
  if (answer == Code::kDone) {
    record->state = ReservationState::kCancelled;
    Append(EventAbout(EventType::kVoided, *record, record->units, now));
  }
  return About(*record, answer);
}

Outcome ReferenceSale::Operate(const Command& command, Time now) {
  const contract::Act act = contract::ActOf(command.verb);
  const Code answer = contract::AnswerToAct(act, PhaseAt(now), marks_);
  if (answer != Code::kDone) return {.code = answer};
  Event event{.at = now};
  switch (act) {
    case contract::Act::kStart:
      marks_.started_early = true;
      event.type = EventType::kStartedEarly;
      break;
    case contract::Act::kPause:
      marks_.paused = true;
      event.type = EventType::kPaused;
      break;
    case contract::Act::kResume:
      marks_.paused = false;
      event.type = EventType::kResumed;
      break;
    case contract::Act::kClose:
      marks_.closed = true;
      marks_.closed_at = now;
      event.type = EventType::kClosed;
      break;
    case contract::Act::kCancelSale:
      marks_.cancelled = true;
      event.type = EventType::kSaleCancelled;
      break;
    case contract::Act::kRelease:
      return Release(command, now);
    case contract::Act::kSettle:
    case contract::Act::kForget:
      return Settle(now);
  }
  Append(event);
  return {.code = Code::kDone};
}

Outcome ReferenceSale::Release(const Command& command, Time now) {
  if (command.line >= terms_.lines.size()) return Invalid(Field::kLine);
  if (command.units > terms_.lines[command.line].units) return Invalid(Field::kUnits);
  Units& released = released_[command.line];
  if (released >= command.units) return {.code = Code::kAlreadyDone};
  const Units wave = command.units - released;
  released = command.units;
  Append({.at = now, .type = EventType::kReleased, .line = command.line, .units = wave});
  return {.code = Code::kDone};
}

Outcome ReferenceSale::Settle(Time now) {
  for (const auto& [key, record] : records_) {
    if (record.state == ReservationState::kActive &&
        !contract::IsOver(terms_, marks_, record, now)) {
      return {.code = Code::kHoldsRemain};
    }
  }
  RecordLapses(now);
  marks_.settled = true;
  Append({.at = now, .type = EventType::kSettled});
  return {.code = Code::kDone};
}

Code ReferenceSale::AnswerToForget(Time now) const {
  return contract::AnswerToAct(contract::Act::kForget, PhaseAt(now), marks_);
}

Reservation* ReferenceSale::Touch(const RecordKey& key, Time now) {
  const auto found = records_.find(key);
  if (found == records_.end()) return nullptr;
  RecordEndOfHold(found->second, now);
  return &found->second;
}

void ReferenceSale::RecordEndOfHold(Reservation& record, Time now) {
  if (record.state != ReservationState::kActive) return;
  if (!contract::IsOver(terms_, marks_, record, now)) return;
  record.state = marks_.cancelled ? ReservationState::kCancelled : ReservationState::kExpired;
  Append(EventAbout(marks_.cancelled ? EventType::kCancelled : EventType::kExpired, record,
                    record.units, now));
}

void ReferenceSale::RecordLapses(Time now) {
  for (auto& [key, record] : records_) RecordEndOfHold(record, now);
}

ExpireReport ReferenceSale::ExpireDue(Time now, std::size_t max_holds) {
  ExpireReport report;
  for (auto& [key, record] : records_) {
    if (record.state != ReservationState::kActive) continue;
    if (!contract::IsOver(terms_, marks_, record, now)) {
      report.next_due = std::min(report.next_due, contract::EndOfHold(terms_, marks_, record));
    } else if (report.expired < max_holds) {
      RecordEndOfHold(record, now);
      ++report.expired;
    } else {
      report.more = true;
      report.next_due = std::min(report.next_due, now);
    }
  }
  if (edges_.IsClockDue(now)) Append({.at = now, .type = EventType::kClock});
  return report;
}

Stock ReferenceSale::StockOf(std::size_t line) const {
  Stock stock{.limit = terms_.lines[line].units, .released = released_[line]};
  for (const auto& [key, record] : records_) {
    if (record.line != line) continue;
    if (record.state == ReservationState::kActive) stock.reserved += record.units;
    if (record.state == ReservationState::kPurchased) stock.sold += record.units;
  }
  return stock;
}

std::vector<Stock> ReferenceSale::StockOfAll() const {
  std::vector<Stock> lines(terms_.lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = StockOf(i);
  return lines;
}

SaleStock ReferenceSale::ReadStock(Time now) const {
  SaleStock stock{.phase = PhaseAt(now), .marks = marks_, .seq = events_.size()};
  stock.lines = StockOfAll();
  const bool available = std::any_of(stock.lines.begin(), stock.lines.end(),
                                     [](const Stock& line) { return line.available() > 0; });
  stock.sold_out_for_good = std::all_of(stock.lines.begin(), stock.lines.end(),
                                        [](const Stock& line) { return line.sold == line.limit; });
  switch (stock.phase) {
    case Phase::kScheduled:
      stock.state = SaleState::kNotStarted;
      break;
    case Phase::kOpen:
      stock.state = available ? SaleState::kActive : SaleState::kSoldOut;
      break;
    case Phase::kPaused:
      stock.state = SaleState::kPaused;
      break;
    case Phase::kClosed:
    case Phase::kSettled:
      stock.state = SaleState::kEnded;
      break;
    case Phase::kCancelled:
      stock.state = SaleState::kCancelled;
      break;
  }
  return stock;
}

ReferenceSale::Standing ReferenceSale::StandingOf(const UserId& user) const {
  const auto found = standings_.find(user);
  return found == standings_.end() ? Standing{} : found->second;
}

Tally ReferenceSale::ReadTally(const TallyKey& key) const {
  Tally tally;
  if (key.kind > terms_.key_limits.size()) return tally;
  for (const auto& [record_key, record] : records_) {
    if (!Charges(record, key)) continue;
    ++tally.records;
    if (record.state == ReservationState::kActive) {
      tally.held += record.units;
      ++tally.open_holds;
    }
    if (record.state == ReservationState::kPurchased) tally.bought += record.units;
  }
  if (key.kind == 0) {
    const Standing standing = StandingOf(UserId::FromBytes(key.bytes));
    tally.limit = standing.limit;
    tally.admission = standing.admission;
    tally.admission_used = standing.admission_used;
  } else {
    tally.limit = terms_.key_limits[key.kind - 1U].limit;
    tally.records = 0;
    tally.open_holds = 0;
  }
  return tally;
}

const Reservation* ReferenceSale::Find(const UserId& user, const ReservationId& id) const {
  const auto found = records_.find({user, id});
  return found == records_.end() ? nullptr : &found->second;
}

EventPage ReferenceSale::ReadEvents(std::uint64_t after, std::span<Event> events) const {
  EventPage page{.cursor = after};
  while (page.count < events.size() && page.cursor < events_.size()) {
    events[page.count++] = events_[page.cursor++];
  }
  return page;
}

void ReferenceSale::Show(SnapshotVisitor& visitor) const {
  const std::vector<Stock> lines = StockOfAll();
  visitor.OnSale({.terms = terms_, .marks = marks_, .seq = events_.size(), .lines = lines});
  std::map<UserId, std::vector<Reservation>> users;
  std::set<TallyKey> keys;
  for (const auto& [record_key, record] : records_) {
    users[record.user].push_back(record);
    for (std::size_t i = 0; i < record.keys.size(); ++i) {
      if (!record.keys[i].is_nil()) keys.insert(TallyKey::Of(i, record.keys[i]));
    }
  }
  for (const auto& [user, records] : users) {
    visitor.OnUser(user, ReadTally(TallyKey::Of(user)), records);
  }
  for (const TallyKey& key : keys) {
    const Tally tally = ReadTally(key);
    if (tally.held + tally.bought > 0) visitor.OnKey(key, tally);
  }
}

Event ReferenceSale::EventAbout(EventType type, const Reservation& record, Units units, Time now) {
  return {.at = now,
          .type = type,
          .line = record.line,
          .units = units,
          .user = record.user,
          .id = record.id,
          .deadline = record.deadline,
          .quote = record.quote,
          .admission = record.admission,
          .keys = record.keys};
}

void ReferenceSale::Append(Event event) {
  event.seq = events_.size() + 1;
  event.edges = edges_.After(event, StockOfAll());
  events_.push_back(event);
}

}  // namespace flashsale::inline v0
