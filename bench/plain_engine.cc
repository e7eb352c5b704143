#include "bench/plain_engine.h"

#include <limits>

#include "flashsale/domain/flash_sale.h"

namespace flashsale::bench {

PlainEngine::PlainEngine(const SaleTerms& terms, std::size_t events_kept)
    : units_(terms.lines[0].units),
      limit_per_user_(terms.limit_per_user),
      hold_(terms.hold),
      longest_hold_(terms.longest_hold.value_or(3 * terms.hold)),
      events_kept_(events_kept) {
  accounts_.reserve(units_);
  holds_.reserve(units_);
}

void PlainEngine::Apply(Time now, std::span<const Command> commands, std::span<Outcome> outcomes) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < commands.size(); ++i) outcomes[i] = ApplyOne(now, commands[i]);
}

std::size_t PlainEngine::ExpireDue(Time now, std::size_t max_holds) {
  const std::lock_guard lock(mutex_);
  return ExpireLocked(now, max_holds);
}

Units PlainEngine::available() const {
  const std::lock_guard lock(mutex_);
  return units_ - reserved_ - sold_;
}

Outcome PlainEngine::ApplyOne(Time now, const Command& command) {
  const Key key{.user = command.user, .id = command.id};
  if (command.verb == Verb::kReserve) return Reserve(now, key, command.units);
  const auto found = holds_.find(key);
  if (found == holds_.end()) return {.code = Code::kUnknownReservation};
  Hold& hold = found->second;
  if (hold.state == ReservationState::kActive && !IsLive(hold.deadline, kMaxTime, now)) {
    Expire(now, key, hold);
  }
  switch (command.verb) {
    case Verb::kConfirm: {
      Outcome outcome = Answer(Confirm(now, key, hold, command.units), hold);
      if (outcome.code == Code::kInvalid) outcome.field = Field::kUnits;
      return outcome;
    }
    case Verb::kCancel:
      return Answer(Cancel(now, key, hold), hold);
    case Verb::kExtend:
      return Answer(Extend(now, key, hold), hold);
    default:
      return {.code = Code::kInvalid, .field = Field::kVerb};
  }
}

Outcome PlainEngine::Reserve(Time now, const Key& key, Units units) {
  ExpireLocked(now, std::numeric_limits<std::size_t>::max());
  if (const auto found = holds_.find(key); found != holds_.end()) {
    const Hold& hold = found->second;
    return Answer(JudgeReserveAgain(hold.state, false, hold.asked == units), hold);
  }
  const auto account = accounts_.find(key.user);
  const std::uint64_t charged =
      account == accounts_.end() ? 0 : std::uint64_t{account->second.held} + account->second.bought;
  if (charged + units > limit_per_user_) return {.code = Code::kUserLimit};
  if (units > units_ - reserved_ - sold_) return {.code = Code::kSoldOut};

  const Hold hold{.asked = units, .units = units, .reserved_at = now, .deadline = now + hold_};
  holds_.emplace(key, hold);
  due_.push({.deadline = hold.deadline, .key = key});
  accounts_[key.user].held += units;
  reserved_ += units;
  Record(EventType::kReserved, now, key, hold);
  return Answer(Code::kDone, hold);
}

Code PlainEngine::Confirm(Time now, const Key& key, Hold& hold, Units units) {
  const Code code = JudgeConfirm(hold.state, false, false, units, hold.units);
  if (code != Code::kDone) return code;
  const Units bought = units == 0 ? hold.units : units;
  Account& account = accounts_[key.user];
  account.held -= hold.units;
  account.bought += bought;
  reserved_ -= hold.units;
  sold_ += bought;
  const Units returned = hold.units - bought;
  hold.units = bought;
  hold.state = ReservationState::kPurchased;
  Record(EventType::kConfirmed, now, key, hold, returned);
  return code;
}

Code PlainEngine::Cancel(Time now, const Key& key, Hold& hold) {
  const Code code = JudgeCancel(hold.state);
  if (code != Code::kDone) return code;
  accounts_[key.user].held -= hold.units;
  reserved_ -= hold.units;
  hold.state = ReservationState::kCancelled;
  Record(EventType::kCancelled, now, key, hold);
  return code;
}

Code PlainEngine::Extend(Time now, const Key& key, Hold& hold) {
  const Time deadline =
      ExtendedDeadline({.hold = hold_, .longest_hold = longest_hold_, .cut = kMaxTime},
                       hold.reserved_at, hold.deadline, now);
  const Code code = JudgeExtend(hold.state, deadline > hold.deadline);
  if (code != Code::kDone) return code;
  hold.deadline = deadline;
  due_.push({.deadline = deadline, .key = key});
  Record(EventType::kExtended, now, key, hold);
  return code;
}

std::size_t PlainEngine::ExpireLocked(Time now, std::size_t max_holds) {
  std::size_t expired = 0;
  while (expired < max_holds && !due_.empty() && due_.top().deadline <= now) {
    const Key key = due_.top().key;
    due_.pop();
    Hold& hold = holds_.find(key)->second;
    if (hold.state != ReservationState::kActive || hold.deadline > now) continue;
    Expire(now, key, hold);
    ++expired;
  }
  return expired;
}

void PlainEngine::Expire(Time now, const Key& key, Hold& hold) {
  accounts_[key.user].held -= hold.units;
  reserved_ -= hold.units;
  hold.state = ReservationState::kExpired;
  Record(EventType::kExpired, now, key, hold);
}

void PlainEngine::Record(EventType type, Time now, const Key& key, const Hold& hold,
                         Units returned) {
  events_.push_back({.seq = ++seq_,
                     .at = now,
                     .type = type,
                     .units = hold.units,
                     .returned = returned,
                     .user = key.user,
                     .id = key.id,
                     .deadline = hold.deadline});
  if (events_.size() > events_kept_) events_.pop_front();
}

Outcome PlainEngine::Answer(Code code, const Hold& hold) {
  return {.code = code,
          .state = hold.state,
          .units = hold.units,
          .when_us = hold.state == ReservationState::kActive
                         ? hold.deadline.time_since_epoch().count()
                         : 0};
}

}  // namespace flashsale::bench
