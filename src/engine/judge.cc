// How a command is judged: docs/contract.md, under the locks of the command's shards.

#include <algorithm>

#include "engine/sale_engine.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/reservation.h"

namespace flashsale::inline v0::engine {

SaleEngine::Verdict SaleEngine::Judge(Time now, Job& job, std::uint32_t jobs_in_shard) {
  UserTable& users = shards_[job.shard].users;
  job.place = users.Find(job.hash, job.command->user);
  job.stray = 0;
  Record* record = nullptr;
  const bool known = FindRecord(job, record);
  if (job.command->verb == Verb::kReserve && !known) return JudgeReserve(now, job, jobs_in_shard);
  if (!known) {
    if (job.command->verb == Verb::kCancel) return JudgeCancelUnseen(job, jobs_in_shard);
    Answer(job, Code::kUnknownReservation);
    return Verdict::kAnswered;
  }
  if (MustBeRecorded(now, *record)) return Verdict::kRecordOwn;

  job.line = record->line();
  Code code = Code::kDone;
  switch (job.command->verb) {
    case Verb::kReserve: {
      const bool same = record->line() == job.command->line && record->asked == job.command->units;
      Answer(job, JudgeReserveAgain(record->state(), record->is_tombstone(), same), *record);
      return Verdict::kAnswered;
    }
    case Verb::kConfirm:
      return JudgeConfirm(now, job, *record);
    case Verb::kExtend:
      return JudgeExtend(now, job, *record);
    case Verb::kCancel:
      code = flashsale::JudgeCancel(record->state());
      job.effect = Effect::kCancel;
      break;
    default:
      code = flashsale::JudgeVoid(record->state());
      job.effect = Effect::kVoid;
      break;
  }
  if (code != Code::kDone) {
    Answer(job, code, *record);
    return Verdict::kAnswered;
  }
  return has_keys_ && job.keys == nullptr ? Verdict::kLockKeys : Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeReserve(Time now, Job& job, std::uint32_t jobs_in_shard) {
  const Command& command = *job.command;
  const auto refuse = [&job](Code code, Field field = Field::kNone) {
    Answer(job, code, field);
    return Verdict::kAnswered;
  };
  const Code by_phase = AnswerToNewReserve(PhaseNow(now));
  if (by_phase != Code::kDone) return refuse(by_phase);
  if (job.forbidden != Field::kNone) return refuse(Code::kInvalid, job.forbidden);
  if (StorageIsFull()) return refuse(Code::kStorageFull);

  UserTable& users = shards_[job.shard].users;
  UserLine* const line = job.place == kNoPlace ? nullptr : &users.line(job.place);
  if (NotAdmitted(command, line)) return refuse(Code::kNotAdmitted);
  job.limit = job.carried_limit;
  if (line == nullptr) {
    if (command.units > job.limit) return refuse(Code::kUserLimit);
  } else {
    if (line->records >= kMaxRecordsPerUser) return refuse(Code::kTooManyAttempts);
    job.limit = std::max(job.limit, line->limit);
    const UserSums sums = SumsOf(now, users, *line);
    job.ordinal = sums.lapsed;
    if (sums.open_holds >= terms_.max_open_holds) {
      if (sums.live_holds >= terms_.max_open_holds) return refuse(Code::kTooManyHolds);
      return Verdict::kRecordOwn;
    }
    if (sums.held + sums.bought + command.units > job.limit) {
      if (sums.live + sums.bought + command.units > job.limit) return refuse(Code::kUserLimit);
      return Verdict::kRecordOwn;
    }
    if (sums.tombstones == line->records) job.stray = sums.tombstones;
  }
  if (job.keys != nullptr) {
    const Verdict verdict = JudgeKeyLimits(now, job, command.keys, command.units);
    if (verdict == Verdict::kAnswered) return refuse(Code::kUserLimit);
    if (verdict != Verdict::kEffect) return verdict;
  }
  job.effect = Effect::kReserve;
  job.line = command.line;
  job.units = command.units;
  job.deadline_us =
      Micros(DeadlineOfHold(now, command.hold == Duration(0) ? terms_.hold : command.hold, Cut()));
  if (!EnsureRoom(job, jobs_in_shard, /*hold=*/true)) return refuse(Code::kStorageFull);
  return Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeConfirm(Time now, Job& job, const Record& record) {
  const Units named = job.command->units;
  const bool may_revive = MayRevive(terms_.late_confirm, terms_.end_policy, PhaseNow(now));
  const Code code = flashsale::JudgeConfirm(record.state(), record.is_tombstone(), may_revive,
                                            named, record.units);
  if (code != Code::kDone && code != Code::kRevived) {
    Answer(job, code, record);
    if (code == Code::kInvalid) job.outcome->field = Field::kUnits;
    return Verdict::kAnswered;
  }
  if (has_keys_ && job.keys == nullptr) return Verdict::kLockKeys;
  job.units = named == 0 ? record.units : named;
  job.returned = record.units - job.units;
  if (code == Code::kRevived) return JudgeRevive(now, job, record);
  job.effect = Effect::kConfirm;
  return Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeRevive(Time now, Job& job, const Record& record) {
  UserTable& users = shards_[job.shard].users;
  UserLine& line = users.line(job.place);
  const UserSums sums = SumsOf(now, users, line);
  if (sums.held + sums.bought + job.units > line.limit) {
    if (sums.live + sums.bought + job.units > line.limit) {
      Answer(job, Code::kExpired, record);
      return Verdict::kAnswered;
    }
    job.ordinal = sums.lapsed;
    return Verdict::kRecordOwn;
  }
  if (job.keys != nullptr) {
    const Verdict verdict = JudgeKeyLimits(now, job, *job.keys, job.units);
    if (verdict == Verdict::kAnswered) Answer(job, Code::kExpired, record);
    if (verdict != Verdict::kEffect) return verdict;
  }
  job.effect = Effect::kRevive;
  return Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeCancelUnseen(Job& job, std::uint32_t jobs_in_shard) {
  const auto refuse = [&job](Code code) {
    Answer(job, code);
    return Verdict::kAnswered;
  };
  UserTable& users = shards_[job.shard].users;
  if (StorageIsFull()) return refuse(Code::kStorageFull);
  bool stray = true;
  if (job.place != kNoPlace) {
    UserLine& line = users.line(job.place);
    if (line.records >= kMaxRecordsPerUser) return refuse(Code::kTooManyAttempts);
    users.ForEachRecord(line, [&stray](Ordinal, const Record& record) {
      stray = record.is_tombstone();
      return stray;
    });
  }
  if (!EnsureRoom(job, jobs_in_shard, /*hold=*/false)) return refuse(Code::kStorageFull);
  job.stray = stray ? 1 : 0;
  job.effect = Effect::kTombstone;
  return Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeExtend(Time now, Job& job, Record& record) {
  const Time deadline =
      ExtendedDeadline({.hold = terms_.hold, .longest_hold = *terms_.longest_hold, .cut = Cut()},
                       record.reserved_at(), record.deadline(), now);
  const bool moves = deadline != record.deadline();
  const Code code = flashsale::JudgeExtend(record.state(), moves);
  if (code != Code::kDone) {
    Answer(job, code, record);
    return Verdict::kAnswered;
  }
  // Its entry in the queue stays where it is; when that comes up it is queued anew.
  job.effect = Effect::kExtend;
  job.deadline_us = Micros(deadline);
  return Verdict::kEffect;
}

SaleEngine::Verdict SaleEngine::JudgeKeyLimits(Time now, Job& job, const LimitKeys& keys,
                                               Units units) {
  bool full = false;
  bool hopeless = false;
  ForEachKey(job, [&](std::size_t i) {
    const KeyLedger::Charge charge =
        shards_[job.key_shards[i]].keys->Read(TallyKey::Of(i, keys[i]));
    const std::uint64_t limit = terms_.key_limits[i].limit;
    full |= std::uint64_t{charge.held} + charge.bought + units > limit;
    hopeless |= std::uint64_t{charge.bought} + units > limit;
  });
  if (!full) return Verdict::kEffect;
  // Whose holds those are is not known here; if any hold at all has lapsed it may be one of them.
  return !hopeless && LapseIsDue(now) ? Verdict::kReclaim : Verdict::kAnswered;
}

bool SaleEngine::RefuseUnlocked(Time now, const Job& job) const {
  const Command& command = *job.command;
  if (command.verb != Verb::kReserve) return false;
  const std::uint64_t control = control_.load(std::memory_order_acquire);
  Field field = Field::kNone;
  Code code = AnswerToNewReserve(PhaseAt(MarksOf(control), terms_.start, terms_.end, now));
  if (code == Code::kDone) {
    // Asked only after the terms: a key that they do not name has no limit there.
    const auto over_key_limit = [&] {
      bool over = false;
      ForEachKey(job, [&](std::size_t i) { over |= command.units > terms_.key_limits[i].limit; });
      return over;
    };
    if (job.forbidden != Field::kNone) {
      code = Code::kInvalid;
      field = job.forbidden;
    } else if (StorageIsFull()) {
      code = Code::kStorageFull;
    } else if (NotAdmitted(command, nullptr)) {
      code = Code::kNotAdmitted;
    } else if (command.units > job.carried_limit || over_key_limit()) {
      code = Code::kUserLimit;
    } else {
      const LineState& line = LineOf(command.line);
      if (line.stock.available() >= command.units) return false;  // as a rule, until the end
      const auto lapse_is_due = [&] { return LapseIsDue(now); };
      if (line.LookFor(command.units, lapse_is_due) != LineState::Look::kSoldOut) return false;
      code = Code::kSoldOut;
    }
  }
  // Read last: who is unknown now had nothing here at the instant of the looks above, and no act
  // came between.
  if (known_.MayContain(job.hash)) return false;
  bool keys_known = false;
  ForEachKey(job, [&](std::size_t i) { keys_known |= known_.MayContain(job.key_hashes[i]); });
  if (keys_known || control_.load(std::memory_order_acquire) != control) return false;
  Answer(job, code, field);
  return true;
}

Field SaleEngine::FindTermsError(const Command& command) const {
  if (command.line >= line_count_) return Field::kLine;
  if (command.units > most_units_) return Field::kUnits;
  if (command.user_limit > *terms_.limit_ceiling) return Field::kUserLimit;
  bool unnamed_keys = false;
  for (std::size_t i = key_count_; i < kMaxLimitKeys; ++i) {
    unnamed_keys |= !command.keys[i].is_nil();
  }
  if (unnamed_keys) return Field::kLimitKeys;
  return command.hold > *terms_.longest_hold ? Field::kHold : Field::kNone;
}

bool SaleEngine::NotAdmitted(const Command& command, const UserLine* line) const {
  if (command.admission_number == 0) return terms_.requires_admission;
  if (line == nullptr || command.admission_number > line->admission) return false;
  return command.admission_number < line->admission ||
         line->admission_used >= command.admission_grant;
}

SaleEngine::UserSums SaleEngine::SumsOf(Time now, UserTable& users, UserLine& line) const {
  UserSums sums;
  users.ForEachRecord(line, [&](Ordinal ordinal, const Record& record) {
    if (record.state() == ReservationState::kPurchased) {
      sums.bought += record.units;
    } else if (record.is_active()) {
      sums.held += record.units;
      ++sums.open_holds;
      if (MustBeRecorded(now, record)) {
        sums.lapsed = ordinal;
      } else {
        sums.live += record.units;
        ++sums.live_holds;
      }
    } else if (record.is_tombstone()) {
      ++sums.tombstones;
    }
    return true;
  });
  return sums;
}

bool SaleEngine::FindRecord(Job& job, Record*& record) {
  if (job.place == kNoPlace) return false;
  UserTable& users = shards_[job.shard].users;
  users.ForEachRecord(users.line(job.place), [&](Ordinal ordinal, Record& candidate) {
    if (candidate.id != job.command->id) return true;
    job.ordinal = ordinal;
    record = &candidate;
    return false;
  });
  return record != nullptr;
}

bool SaleEngine::MustBeRecorded(Time now, const Record& record) const {
  return record.is_active() && (IsCancelled() || !IsLive(record.deadline(), Cut(), now));
}

bool SaleEngine::EnsureRoom(const Job& job, std::uint32_t jobs_in_shard, bool hold) {
  Shard& shard = shards_[job.shard];
  const bool newcomer = job.place == kNoPlace;
  if (newcomer ? !shard.users.EnsureRoom(hash_, jobs_in_shard)
               : !shard.users.EnsureFurther(jobs_in_shard)) {
    return false;
  }
  if (!hold) return true;
  if (!shard.queue.EnsureRoom(job.deadline_us, jobs_in_shard)) return false;
  if (job.keys == nullptr) return true;
  bool room = shard.keys->EnsureRoom(0, jobs_in_shard);
  ForEachKey(job, [&](std::size_t i) {
    room = room && shards_[job.key_shards[i]].keys->EnsureRoom(kMaxRun, 0);
  });
  return room;
}

void SaleEngine::Answer(const Job& job, Code code, const Record& record) {
  const bool active = record.is_active();
  *job.outcome = Outcome{.code = code,
                         .state = record.state(),
                         .field = Field::kNone,
                         .units = record.units,
                         .when_us = active ? record.deadline_us() : 0};
}

}  // namespace flashsale::inline v0::engine
