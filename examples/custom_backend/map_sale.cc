#include "examples/custom_backend/map_sale.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace custom_backend {

using namespace flashsale;  // NOLINT(google-build-using-namespace)

namespace {

Outcome Invalid(Field field) { return {.code = Code::kInvalid, .field = field}; }

// The answer to a call about a record: it shows the record's present state.
Outcome About(Code code, const Reservation& record) {
  const bool active = record.state == ReservationState::kActive;
  return {.code = code,
          .state = record.state,
          .units = record.units,
          .when_us = active ? record.deadline.time_since_epoch().count() : 0};
}

bool HasStock(const Stock& line) { return line.available() > 0; }

EventType EventOf(Verb act) {
  switch (act) {
    case Verb::kStart:
      return EventType::kStartedEarly;
    case Verb::kPause:
      return EventType::kPaused;
    case Verb::kResume:
      return EventType::kResumed;
    case Verb::kClose:
      return EventType::kClosed;
    case Verb::kCancelSale:
      return EventType::kSaleCancelled;
    default:
      return EventType::kSettled;
  }
}

}  // namespace

MapSale::MapSale(SaleTerms terms, std::uint64_t max_records)
    : terms_(std::move(terms)), max_records_(max_records) {
  for (const SaleLine& line : terms_.lines) {
    lines_.push_back({.limit = line.units, .released = *line.released_at_first});
    line_had_stock_.push_back(HasStock(lines_.back()));
    had_stock_ = had_stock_ || HasStock(lines_.back());
  }
}

Outcome MapSale::Apply(const Command& command, Time now) {
  if (IsOperatorAct(command.verb)) return Operate(command, now);
  if (command.verb == Verb::kReserve) return Reserve(command, now);
  const auto user = users_.find(command.user);
  const bool known = user != users_.end() && user->second.records.contains(command.id);
  if (!known) {
    if (command.verb == Verb::kCancel) return LeaveTombstone(command, now);
    return {.code = Code::kUnknownReservation};
  }
  Reservation& record = user->second.records[command.id];
  EndIfOver(record, now);
  switch (command.verb) {
    case Verb::kConfirm:
      return Confirm(command, record, now);
    case Verb::kCancel:
      return Cancel(record, now);
    case Verb::kExtend:
      return Extend(record, now);
    default:
      return Void(record, now);
  }
}

Outcome MapSale::Reserve(const Command& command, Time now) {
  if (const auto found = users_.find(command.user); found != users_.end()) {
    if (const auto known = found->second.records.find(command.id);
        known != found->second.records.end()) {
      Reservation& record = known->second;
      EndIfOver(record, now);
      const bool same = command.line == record.line && command.units == record.asked;
      return About(JudgeReserveAgain(record.state, record.is_tombstone(), same), record);
    }
  }
  const Code gate = AnswerToNewReserve(PhaseAt(now));
  if (gate != Code::kDone) return {.code = gate};
  if (const Field error = FindTermsError(command); error != Field::kNone) return Invalid(error);
  if (records_ >= max_records_) return {.code = Code::kStorageFull};

  User stranger;
  const auto found = users_.find(command.user);
  const Code code = JudgeNewReserve(command, found == users_.end() ? stranger : found->second, now);
  if (code != Code::kDone) return {.code = code};

  User& user = users_[command.user];
  if (user.records.size() == user.tombstones) stray_tombstones_ -= user.tombstones;
  Reservation& record = user.records[command.id];
  record = Reservation{.user = command.user,
                       .id = command.id,
                       .state = ReservationState::kActive,
                       .line = command.line,
                       .asked = command.units,
                       .units = command.units,
                       .reserved_at = now,
                       .deadline = DeadlineOfHold(
                           now, command.hold == Duration(0) ? terms_.hold : command.hold, cut()),
                       .quote = command.quote,
                       .admission = command.admission_number,
                       .keys = command.keys};
  ++records_;
  lines_[command.line].reserved += command.units;
  deadlines_.emplace(record.deadline, record.user, record.id);
  for (Tally* tally : TalliesOf(record)) tally->held += record.units;
  Tally& tally = user.tally;
  const Units limit = command.user_limit == 0 ? terms_.limit_per_user : command.user_limit;
  tally.limit = std::max(tally.limit, limit);
  ++tally.open_holds;
  ++tally.records;
  if (command.admission_number > tally.admission) {
    tally.admission = command.admission_number;
    tally.admission_used = 0;
  }
  if (command.admission_number != 0) ++tally.admission_used;
  AppendAbout(
      record,
      {.at = now, .type = EventType::kReserved, .units = record.units, .user_limit = tally.limit});
  return About(Code::kDone, record);
}

Code MapSale::JudgeNewReserve(const Command& command, User& user, Time now) {
  if (!Admits(user.tally, command)) return Code::kNotAdmitted;
  if (user.records.size() >= kMaxRecordsPerUser) return Code::kTooManyAttempts;
  // From here on holds stand in the way, and those that are over must not.
  EndAllOver(now, std::numeric_limits<std::uint64_t>::max());
  if (user.tally.open_holds >= terms_.max_open_holds) return Code::kTooManyHolds;
  const Units asked = command.user_limit == 0 ? terms_.limit_per_user : command.user_limit;
  const Units limit = std::max(user.tally.limit, asked);
  if (!FitsLimits(user, limit, command.keys, command.units)) return Code::kUserLimit;
  if (lines_[command.line].available() < command.units) return Code::kSoldOut;
  return Code::kDone;
}

Outcome MapSale::Confirm(const Command& command, Reservation& record, Time now) {
  const bool may_revive = MayRevive(terms_.late_confirm, terms_.end_policy, PhaseAt(now));
  const Code code =
      JudgeConfirm(record.state, record.is_tombstone(), may_revive, command.units, record.units);
  const Units bought = command.units == 0 ? record.units : command.units;
  Stock& line = lines_[record.line];
  if (code == Code::kInvalid) {
    Outcome outcome = About(code, record);
    outcome.field = Field::kUnits;
    return outcome;
  }
  if (code == Code::kDone) {
    const Units returned = record.units - bought;
    EndHold(record, ReservationState::kPurchased);
    line.sold += bought;
    record.units = bought;
    for (Tally* tally : TalliesOf(record)) tally->bought += bought;
    AppendAbout(record,
                {.at = now, .type = EventType::kConfirmed, .units = bought, .returned = returned});
  }
  if (code == Code::kRevived) {
    EndAllOver(now, std::numeric_limits<std::uint64_t>::max());
    const User& user = users_[record.user];
    if (line.available() < bought || !FitsLimits(user, user.tally.limit, record.keys, bought)) {
      return About(Code::kExpired, record);
    }
    line.sold += bought;
    record.state = ReservationState::kPurchased;
    record.units = bought;
    for (Tally* tally : TalliesOf(record)) tally->bought += bought;
    AppendAbout(
        record,
        {.at = now, .type = EventType::kRevived, .units = bought, .user_limit = user.tally.limit});
  }
  return About(code, record);
}

Outcome MapSale::Cancel(Reservation& record, Time now) {
  const Code code = JudgeCancel(record.state);
  if (code == Code::kDone) {
    EndHold(record, ReservationState::kCancelled);
    AppendAbout(record, {.at = now, .type = EventType::kCancelled, .units = record.units});
  }
  return About(code, record);
}

Outcome MapSale::LeaveTombstone(const Command& command, Time now) {
  if (records_ >= max_records_) return {.code = Code::kStorageFull};
  const auto found = users_.find(command.user);
  const std::size_t records = found == users_.end() ? 0 : found->second.records.size();
  const bool stray = found == users_.end() || records == found->second.tombstones;
  if (records >= kMaxRecordsPerUser ||
      (stray && stray_tombstones_ >= terms_.max_stray_tombstones)) {
    return {.code = Code::kTooManyAttempts};
  }
  User& user = users_[command.user];
  Reservation& record = user.records[command.id];
  record =
      Reservation{.user = command.user, .id = command.id, .state = ReservationState::kCancelled};
  ++user.tombstones;
  ++user.tally.records;
  ++records_;
  if (stray) ++stray_tombstones_;
  AppendAbout(record, {.at = now, .type = EventType::kTombstoned});
  return About(Code::kDone, record);
}

Outcome MapSale::Extend(Reservation& record, Time now) {
  const Time deadline =
      ExtendedDeadline({.hold = terms_.hold, .longest_hold = *terms_.longest_hold, .cut = cut()},
                       record.reserved_at, record.deadline, now);
  const Code code = JudgeExtend(record.state, deadline != record.deadline);
  if (code == Code::kDone) {
    deadlines_.erase({record.deadline, record.user, record.id});
    record.deadline = deadline;
    deadlines_.emplace(record.deadline, record.user, record.id);
    AppendAbout(record, {.at = now, .type = EventType::kExtended, .units = record.units});
  }
  return About(code, record);
}

Outcome MapSale::Void(Reservation& record, Time now) {
  const Code code = JudgeVoid(record.state);
  if (code == Code::kDone) {
    record.state = ReservationState::kCancelled;
    lines_[record.line].sold -= record.units;
    for (Tally* tally : TalliesOf(record)) tally->bought -= record.units;
    AppendAbout(record, {.at = now, .type = EventType::kVoided, .units = record.units});
  }
  return About(code, record);
}

Outcome MapSale::Operate(const Command& command, Time now) {
  const Code code = JudgeAct(command.verb, marks_, PhaseAt(now));
  if (code != Code::kDone) return {.code = code};
  if (command.verb == Verb::kRelease) return Release(command, now);
  if (command.verb == Verb::kSettle) {
    for (const auto& [deadline, user, id] : deadlines_) {
      if (!IsOver(deadline, now)) return {.code = Code::kHoldsRemain};
    }
    EndAllOver(now, std::numeric_limits<std::uint64_t>::max());
  }
  RecordAct(command.verb, now, marks_);
  Append({.at = now, .type = EventOf(command.verb)});
  return {.code = Code::kDone};
}

Outcome MapSale::Release(const Command& command, Time now) {
  if (command.line >= lines_.size()) return Invalid(Field::kLine);
  Stock& line = lines_[command.line];
  if (command.units > line.limit) return Invalid(Field::kUnits);
  if (command.units <= line.released) return {.code = Code::kAlreadyDone};
  const Units wave = command.units - line.released;
  line.released = command.units;
  Append({.at = now, .type = EventType::kReleased, .line = command.line, .units = wave});
  return {.code = Code::kDone};
}

Code MapSale::AnswerToForget(Time now) const {
  if (marks_.settled) return Code::kDone;
  const Phase phase = PhaseAt(now);
  return phase == Phase::kOpen ? Code::kSaleOpen : AnswerToNewReserve(phase);
}

ExpireReport MapSale::ExpireDue(Time now, std::size_t max_holds) {
  ExpireReport report;
  report.expired = EndAllOver(now, max_holds);
  const bool starts = !has_started_ && !has_ended_ && now >= terms_.start;
  const bool ends = !has_ended_ && now >= terms_.end;
  if (starts || ends) Append({.at = now, .type = EventType::kClock});
  if (!deadlines_.empty()) {
    const Time next = std::get<Time>(*deadlines_.begin());
    report.more = IsOver(next, now);
    report.next_due = report.more ? now : std::min(next, cut());
  }
  return report;
}

SaleStock MapSale::ReadStock(Time now) const {
  const Phase phase = PhaseAt(now);
  return {.phase = phase,
          .state = StateOf(phase, had_stock_),
          .sold_out_for_good = was_sold_out_for_good_,
          .marks = marks_,
          .seq = events_.size(),
          .lines = lines_};
}

Tally MapSale::ReadTally(const TallyKey& key) const {
  if (key.kind == 0) {
    const auto found = users_.find(UserId::FromBytes(key.bytes));
    return found == users_.end() ? Tally{} : found->second.tally;
  }
  if (key.kind > keys_.size()) return {};
  const auto& tallies = keys_[key.kind - 1U];
  const auto found = tallies.find(LimitKey::FromBytes(key.bytes));
  return found == tallies.end() ? Tally{} : found->second;
}

const Reservation* MapSale::Find(const UserId& user, const ReservationId& id) const {
  const auto found = users_.find(user);
  if (found == users_.end()) return nullptr;
  const auto record = found->second.records.find(id);
  return record == found->second.records.end() ? nullptr : &record->second;
}

Result<EventPage> MapSale::ReadEvents(std::uint64_t after, std::span<Event> events) const {
  if (after > events_.size()) {
    return Status(StatusCode::kFailedPrecondition,
                  "after: " + std::to_string(after) + ", expected no more than " +
                      std::to_string(events_.size()) + ", the last event");
  }
  EventPage page{.cursor = after};
  for (; page.count < events.size() && page.cursor < events_.size(); ++page.count) {
    events[page.count] = events_[page.cursor++];
  }
  return page;
}

void MapSale::Show(SnapshotVisitor& visitor) const {
  visitor.OnSale({.terms = terms_, .marks = marks_, .seq = events_.size(), .lines = lines_});
  std::vector<Reservation> records;
  for (const auto& [id, user] : users_) {
    records.clear();
    for (const auto& [reservation_id, record] : user.records) records.push_back(record);
    visitor.OnUser(id, user.tally, records);
  }
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    for (const auto& [key, tally] : keys_[i]) visitor.OnKey(TallyKey::Of(i, key), tally);
  }
}

Phase MapSale::PhaseAt(Time now) const {
  return flashsale::PhaseAt(marks_, terms_.start, terms_.end, now);
}

Time MapSale::cut() const { return CutOf(marks_, terms_.end_policy, terms_.end); }

Field MapSale::FindTermsError(const Command& command) const {
  if (command.line >= lines_.size()) return Field::kLine;
  if (command.units > std::min(*terms_.max_units_per_order, *terms_.limit_ceiling)) {
    return Field::kUnits;
  }
  if (command.user_limit > *terms_.limit_ceiling) return Field::kUserLimit;
  for (std::size_t i = terms_.key_limits.size(); i < command.keys.size(); ++i) {
    if (!command.keys[i].is_nil()) return Field::kLimitKeys;
  }
  if (command.hold > *terms_.longest_hold) return Field::kHold;
  return Field::kNone;
}

bool MapSale::Admits(const Tally& tally, const Command& command) const {
  if (command.admission_number == 0) return !terms_.requires_admission;
  if (command.admission_number != tally.admission)
    return command.admission_number > tally.admission;
  return tally.admission_used < command.admission_grant;
}

bool MapSale::FitsLimits(const User& user, Units limit, const LimitKeys& keys, Units asked) const {
  const auto fits = [asked](const Tally& tally, Units most) {
    return std::uint64_t{tally.held} + tally.bought + asked <= most;
  };
  if (!fits(user.tally, limit)) return false;
  for (std::size_t i = 0; i < terms_.key_limits.size(); ++i) {
    const auto found = keys_[i].find(keys[i]);
    const Tally tally = found == keys_[i].end() ? Tally{} : found->second;
    if (!keys[i].is_nil() && !fits(tally, terms_.key_limits[i].limit)) return false;
  }
  return true;
}

bool MapSale::IsOver(Time deadline, Time now) const {
  return marks_.cancelled || !IsLive(deadline, cut(), now);
}

void MapSale::EndIfOver(Reservation& record, Time now) {
  if (record.state != ReservationState::kActive || !IsOver(record.deadline, now)) return;
  const bool cancelled = marks_.cancelled;
  EndHold(record, cancelled ? ReservationState::kCancelled : ReservationState::kExpired);
  AppendAbout(record, {.at = now,
                       .type = cancelled ? EventType::kCancelled : EventType::kExpired,
                       .units = record.units});
}

std::uint64_t MapSale::EndAllOver(Time now, std::uint64_t max_holds) {
  std::uint64_t ended = 0;
  while (ended < max_holds && !deadlines_.empty()) {
    const auto [deadline, user, id] = *deadlines_.begin();
    if (!IsOver(deadline, now)) break;
    EndIfOver(users_[user].records[id], now);
    ++ended;
  }
  return ended;
}

void MapSale::EndHold(Reservation& record, ReservationState state) {
  deadlines_.erase({record.deadline, record.user, record.id});
  lines_[record.line].reserved -= record.units;
  for (Tally* tally : TalliesOf(record)) tally->held -= record.units;
  --users_[record.user].tally.open_holds;
  record.state = state;
}

std::vector<Tally*> MapSale::TalliesOf(const Reservation& record) {
  std::vector<Tally*> tallies = {&users_[record.user].tally};
  for (std::size_t i = 0; i < terms_.key_limits.size(); ++i) {
    if (record.keys[i].is_nil()) continue;
    Tally& tally = keys_[i][record.keys[i]];
    tally.limit = terms_.key_limits[i].limit;
    tallies.push_back(&tally);
  }
  return tallies;
}

void MapSale::AppendAbout(const Reservation& record, Event event) {
  event.line = record.line;
  event.user = record.user;
  event.id = record.id;
  event.deadline = record.deadline;
  event.quote = record.quote;
  event.admission = record.admission;
  event.keys = record.keys;
  Append(event);
}

void MapSale::Append(Event event) {
  const bool closes = event.type == EventType::kClosed || event.type == EventType::kSaleCancelled;
  if (!has_started_ && !has_ended_ &&
      (event.type == EventType::kStartedEarly || event.at >= terms_.start)) {
    has_started_ = true;
    event.edges.Add(Edge::kSaleStarted);
  }
  if (!has_ended_ && (closes || event.at >= terms_.end)) {
    has_ended_ = true;
    event.edges.Add(Edge::kSaleEnded);
  }
  const bool line_has_stock = HasStock(lines_[event.line]);
  if (line_has_stock != line_had_stock_[event.line]) {
    event.edges.Add(line_has_stock ? Edge::kLineRestocked : Edge::kLineSoldOut);
    line_had_stock_[event.line] = line_has_stock;
  }
  const bool has_stock = std::any_of(lines_.begin(), lines_.end(), HasStock);
  if (has_stock != had_stock_) {
    event.edges.Add(has_stock ? Edge::kRestocked : Edge::kSoldOut);
    had_stock_ = has_stock;
  }
  const bool sold_out_for_good = std::all_of(
      lines_.begin(), lines_.end(), [](const Stock& line) { return line.final_sold_out(); });
  if (sold_out_for_good && !was_sold_out_for_good_) event.edges.Add(Edge::kSoldOutForGood);
  was_sold_out_for_good_ = sold_out_for_good;
  event.seq = events_.size() + 1;
  events_.push_back(event);
}

}  // namespace custom_backend
