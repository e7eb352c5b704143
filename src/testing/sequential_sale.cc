#include "testing/sequential_sale.h"

#include <algorithm>
#include <limits>
#include <set>

namespace flashsale::inline v0 {
namespace {

Outcome Refusal(Code code, Field field = Field::kNone) { return {.code = code, .field = field}; }

// The answer of a row of the table, with the present state of the reservation.
Outcome About(Code code, const Reservation& record) {
  return {.code = code,
          .state = record.state,
          .units = record.units,
          .when_us = record.state == ReservationState::kActive
                         ? record.deadline.time_since_epoch().count()
                         : 0};
}

bool IsCharged(const Reservation& record, const TallyKey& key) {
  if (key.kind == 0) return record.user.bytes() == key.bytes;
  const LimitKey& charged = record.keys[key.kind - 1U];
  return !charged.is_nil() && charged.bytes() == key.bytes;
}

template <typename Value>
void AppendBytes(std::string& key, const Value& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

SequentialSale::SequentialSale(const SaleTerms& terms) : terms_(&terms) {
  for (const SaleLine& line : terms.lines) {
    released_.push_back(line.released_at_first.value_or(line.units));
  }
}

Phase SequentialSale::PhaseAt(Time now) const {
  return flashsale::PhaseAt(marks_, terms_->start, terms_->end, now);
}

Time SequentialSale::Cut() const { return CutOf(marks_, terms_->end_policy, terms_->end); }

bool SequentialSale::IsLapsed(const Reservation& record, Time now) const {
  return record.state == ReservationState::kActive && !IsLive(record.deadline, Cut(), now);
}

bool SequentialSale::MayExpire(std::size_t index, Time now) const {
  return IsLapsed(records_[index], now);
}

void SequentialSale::Expire(std::size_t index) {
  records_[index].state = ReservationState::kExpired;
}

Reservation* SequentialSale::FindRecord(const UserId& user, const ReservationId& id) {
  for (Reservation& record : records_) {
    if (record.user == user && record.id == id) return &record;
  }
  return nullptr;
}

std::optional<Reservation> SequentialSale::Find(const UserId& user, const ReservationId& id) const {
  for (const Reservation& record : records_) {
    if (record.user == user && record.id == id) return record;
  }
  return std::nullopt;
}

SequentialSale::User& SequentialSale::UserOf(const UserId& id) {
  for (User& user : users_) {
    if (user.id == id) return user;
  }
  return users_.emplace_back(User{.id = id});
}

Stock SequentialSale::ReadStock(std::size_t line) const {
  Stock stock{.limit = terms_->lines[line].units, .released = released_[line]};
  for (const Reservation& record : records_) {
    if (record.line != line) continue;
    if (record.state == ReservationState::kActive) stock.reserved += record.units;
    if (record.state == ReservationState::kPurchased) stock.sold += record.units;
  }
  return stock;
}

Tally SequentialSale::ReadTally(const TallyKey& key) const {
  Tally tally;
  for (const Reservation& record : records_) {
    if (!IsCharged(record, key)) continue;
    if (record.state == ReservationState::kActive) tally.held += record.units;
    if (record.state == ReservationState::kPurchased) tally.bought += record.units;
  }
  return tally;
}

SequentialSale::Charge SequentialSale::ChargeOf(const TallyKey& key, Time now) const {
  Charge charge;
  for (const Reservation& record : records_) {
    if (!IsCharged(record, key)) continue;
    if (record.state != ReservationState::kActive && record.state != ReservationState::kPurchased) {
      continue;
    }
    charge.recorded += record.units;
    if (IsLapsed(record, now)) charge.lapsed += record.units;
  }
  return charge;
}

std::optional<Code> SequentialSale::JudgeWish(const Wish& wish, Time now) const {
  bool in_the_way = false;
  const auto exceeds = [&](const TallyKey& key, Units limit) {
    const Charge charge = ChargeOf(key, now);
    in_the_way = in_the_way || charge.recorded + wish.units > limit;
    return charge.recorded - charge.lapsed + wish.units > limit;
  };
  if (exceeds(TallyKey::Of(wish.user), wish.user_limit)) return Code::kUserLimit;
  for (std::size_t i = 0; i < terms_->key_limits.size(); ++i) {
    if (wish.keys[i].is_nil()) continue;
    if (exceeds(TallyKey::Of(i, wish.keys[i]), terms_->key_limits[i].limit)) {
      return Code::kUserLimit;
    }
  }
  std::uint64_t lapsed = 0;
  for (const Reservation& record : records_) {
    if (record.line == wish.line && IsLapsed(record, now)) lapsed += record.units;
  }
  const std::uint64_t available = ReadStock(wish.line).available();
  if (available + lapsed < wish.units) return Code::kSoldOut;
  if (in_the_way || available < wish.units) return std::nullopt;
  return Code::kDone;
}

std::optional<Outcome> SequentialSale::Apply(const Command& command, Time now) {
  if (!IsValid(now)) return Refusal(Code::kInvalid, Field::kTime);
  if (const Field field = FindShapeError(command); field != Field::kNone) {
    return Refusal(Code::kInvalid, field);
  }
  if (IsOperatorAct(command.verb)) return ApplyAct(command, now);

  Reservation* const record = FindRecord(command.user, command.id);
  if (record == nullptr) {
    switch (command.verb) {
      case Verb::kReserve:
        return ApplyNewReserve(command, now);
      case Verb::kCancel:
        return ApplyCancelOfUnknown(command);
      default:
        return Refusal(Code::kUnknownReservation);
    }
  }
  if (command.verb == Verb::kConfirm) return ApplyConfirm(*record, command, now);

  if (IsLapsed(*record, now)) record->state = ReservationState::kExpired;
  Code code = Code::kInvalid;
  switch (command.verb) {
    case Verb::kReserve:
      code = JudgeReserveAgain(record->state, record->is_tombstone(),
                               command.line == record->line && command.units == record->asked);
      break;
    case Verb::kCancel:
      code = JudgeCancel(record->state);
      if (code == Code::kDone) record->state = ReservationState::kCancelled;
      break;
    case Verb::kExtend: {
      const Time extended = ExtendedDeadline({terms_->hold, *terms_->longest_hold, Cut()},
                                             record->reserved_at, record->deadline, now);
      code = JudgeExtend(record->state, extended != record->deadline);
      if (code == Code::kDone) record->deadline = extended;
      break;
    }
    case Verb::kVoid:
      code = JudgeVoid(record->state);
      if (code == Code::kDone) record->state = ReservationState::kCancelled;
      break;
    default:
      break;
  }
  return About(code, *record);
}

std::optional<Outcome> SequentialSale::ApplyConfirm(Reservation& record, const Command& command,
                                                    Time now) {
  const ReservationState judged = IsLapsed(record, now) ? ReservationState::kExpired : record.state;
  const bool may_revive = MayRevive(terms_->late_confirm, terms_->end_policy, PhaseAt(now));
  Code code = JudgeConfirm(judged, record.is_tombstone(), may_revive, command.units, record.units);
  const Units units = command.units == 0 ? record.units : command.units;
  if (code == Code::kRevived) {
    // Its own lapsed hold stands in nobody's way here: it is expired in this very step.
    const ReservationState before = record.state;
    record.state = ReservationState::kExpired;
    const std::optional<Code> wish = JudgeWish({.line = record.line,
                                                .units = units,
                                                .user = record.user,
                                                .user_limit = UserOf(record.user).limit,
                                                .keys = record.keys},
                                               now);
    if (!wish.has_value()) {
      record.state = before;
      return std::nullopt;
    }
    code = *wish == Code::kDone ? Code::kRevived : Code::kExpired;
  }
  record.state = judged;
  if (code == Code::kDone || code == Code::kRevived) {
    record.state = ReservationState::kPurchased;
    record.units = units;
  }
  Outcome outcome = About(code, record);
  if (code == Code::kInvalid) outcome.field = Field::kUnits;
  return outcome;
}

std::optional<Outcome> SequentialSale::ApplyNewReserve(const Command& command, Time now) {
  const Code gate = AnswerToNewReserve(PhaseAt(now));
  if (gate != Code::kDone) return Refusal(gate);

  const Units ceiling = terms_->limit_ceiling.value_or(terms_->limit_per_user);
  if (command.line >= terms_->lines.size()) return Refusal(Code::kInvalid, Field::kLine);
  if (command.units > ceiling || command.units > terms_->max_units_per_order.value_or(ceiling)) {
    return Refusal(Code::kInvalid, Field::kUnits);
  }
  if (command.user_limit > ceiling) return Refusal(Code::kInvalid, Field::kUserLimit);
  for (std::size_t i = terms_->key_limits.size(); i < kMaxLimitKeys; ++i) {
    if (!command.keys[i].is_nil()) return Refusal(Code::kInvalid, Field::kLimitKeys);
  }
  if (command.hold > terms_->longest_hold.value_or(3 * terms_->hold)) {
    return Refusal(Code::kInvalid, Field::kHold);
  }

  // By value: a refusal leaves no trace, not even a user that was never there.
  User user{.id = command.user};
  for (const User& known : users_) {
    if (known.id == command.user) user = known;
  }
  if (terms_->requires_admission && command.admission_number == 0) {
    return Refusal(Code::kNotAdmitted);
  }
  if (command.admission_number != 0) {
    if (command.admission_number < user.admission ||
        (command.admission_number == user.admission &&
         user.admission_used >= command.admission_grant)) {
      return Refusal(Code::kNotAdmitted);
    }
    if (command.admission_number > user.admission) user.admission_used = 0;
    user.admission = command.admission_number;
    ++user.admission_used;
  }

  std::uint32_t records = 0;
  std::uint32_t holds = 0;
  std::uint32_t live = 0;
  for (const Reservation& record : records_) {
    if (record.user != command.user) continue;
    ++records;
    if (record.state != ReservationState::kActive) continue;
    ++holds;
    if (!IsLapsed(record, now)) ++live;
  }
  if (records >= kMaxRecordsPerUser) return Refusal(Code::kTooManyAttempts);
  if (live >= terms_->max_open_holds) return Refusal(Code::kTooManyHolds);

  user.limit =
      std::max(user.limit, command.user_limit == 0 ? terms_->limit_per_user : command.user_limit);
  const std::optional<Code> wish = JudgeWish({.line = command.line,
                                              .units = command.units,
                                              .user = command.user,
                                              .user_limit = user.limit,
                                              .keys = command.keys},
                                             now);
  if (wish.has_value() && *wish != Code::kDone) return Refusal(*wish);
  if (!wish.has_value() || holds >= terms_->max_open_holds) return std::nullopt;

  UserOf(command.user) = user;
  const Reservation& record = records_.emplace_back(Reservation{
      .user = command.user,
      .id = command.id,
      .state = ReservationState::kActive,
      .line = command.line,
      .asked = command.units,
      .units = command.units,
      .reserved_at = now,
      .deadline =
          DeadlineOfHold(now, command.hold == Duration{0} ? terms_->hold : command.hold, Cut()),
      .quote = command.quote,
      .admission = command.admission_number,
      .keys = command.keys,
  });
  return About(Code::kDone, record);
}

Outcome SequentialSale::ApplyCancelOfUnknown(const Command& command) {
  std::uint32_t records = 0;
  std::set<UserId> with_a_hold_ever;
  for (const Reservation& record : records_) {
    if (record.user == command.user) ++records;
    if (!record.is_tombstone()) with_a_hold_ever.insert(record.user);
  }
  if (records >= kMaxRecordsPerUser) return Refusal(Code::kTooManyAttempts);
  if (!with_a_hold_ever.contains(command.user)) {
    std::uint32_t strays = 0;
    for (const Reservation& record : records_) {
      if (record.is_tombstone() && !with_a_hold_ever.contains(record.user)) ++strays;
    }
    if (strays >= terms_->max_stray_tombstones) return Refusal(Code::kTooManyAttempts);
  }
  return About(Code::kDone, records_.emplace_back(Reservation{
                                .user = command.user,
                                .id = command.id,
                                .state = ReservationState::kCancelled,
                            }));
}

Outcome SequentialSale::ApplyAct(const Command& command, Time now) {
  const Code code = JudgeAct(command.verb, marks_, PhaseAt(now));
  if (code != Code::kDone) return Refusal(code);
  switch (command.verb) {
    case Verb::kRelease:
      if (command.line >= terms_->lines.size()) return Refusal(Code::kInvalid, Field::kLine);
      if (command.units > terms_->lines[command.line].units) {
        return Refusal(Code::kInvalid, Field::kUnits);
      }
      if (command.units <= released_[command.line]) return Refusal(Code::kAlreadyDone);
      released_[command.line] = command.units;
      break;
    case Verb::kCancelSale:
      for (Reservation& record : records_) {
        if (record.state == ReservationState::kActive) {
          record.state = ReservationState::kCancelled;
        }
      }
      break;
    case Verb::kSettle:
      for (const Reservation& record : records_) {
        if (record.state == ReservationState::kActive && !IsLapsed(record, now)) {
          return Refusal(Code::kHoldsRemain);
        }
      }
      for (Reservation& record : records_) {
        if (record.state == ReservationState::kActive) record.state = ReservationState::kExpired;
      }
      break;
    default:
      break;
  }
  RecordAct(command.verb, now, marks_);
  return Refusal(Code::kDone);
}

void SequentialSale::AppendKey(std::string& key) const {
  const int marks = (marks_.started_early ? 1 : 0) | (marks_.paused ? 2 : 0) |
                    (marks_.closed ? 4 : 0) | (marks_.cancelled ? 8 : 0) |
                    (marks_.settled ? 16 : 0);
  AppendBytes(key, marks);
  AppendBytes(key, marks_.closed_at);
  for (const Units released : released_) AppendBytes(key, released);
  // Records and users in the order of their names, so that the order in which they were made does
  // not tell equal states apart.
  std::vector<const Reservation*> records;
  records.reserve(records_.size());
  for (const Reservation& record : records_) records.push_back(&record);
  std::sort(records.begin(), records.end(), [](const Reservation* a, const Reservation* b) {
    return a->user != b->user ? a->user < b->user : a->id < b->id;
  });
  for (const Reservation* record : records) {
    AppendBytes(key, record->user);
    AppendBytes(key, record->id);
    AppendBytes(key, record->state);
    AppendBytes(key, record->line);
    AppendBytes(key, record->asked);
    AppendBytes(key, record->units);
    AppendBytes(key, record->reserved_at);
    AppendBytes(key, record->deadline);
    AppendBytes(key, record->keys);
  }
  std::vector<User> users = users_;
  std::sort(users.begin(), users.end(), [](const User& a, const User& b) { return a.id < b.id; });
  for (const User& user : users) {
    AppendBytes(key, user.id);
    AppendBytes(key, user.limit);
    AppendBytes(key, user.admission);
    AppendBytes(key, user.admission_used);
  }
}

std::string SequentialSale::ToString() const {
  std::string text = "phase marks:";
  if (marks_.started_early) text += " started-early";
  if (marks_.paused) text += " paused";
  if (marks_.closed) text += " closed";
  if (marks_.cancelled) text += " cancelled";
  if (marks_.settled) text += " settled";
  for (std::size_t line = 0; line < released_.size(); ++line) {
    const Stock stock = ReadStock(line);
    text += "; line " + std::to_string(line) + ": available " + std::to_string(stock.available()) +
            " reserved " + std::to_string(stock.reserved) + " sold " + std::to_string(stock.sold);
  }
  for (const Reservation& record : records_) {
    text += "\n    user " + record.user.ToString().substr(32) + " id " +
            record.id.ToString().substr(32) + " " + std::string(Name(record.state)) + " line " +
            std::to_string(record.line) + " units " + std::to_string(record.units) + " until " +
            std::to_string(record.deadline.time_since_epoch().count());
  }
  return text;
}

}  // namespace flashsale::inline v0
