// Rebuilds a sale from its log: each event is carried out by what carried it out when it was new.

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "engine/sale_engine.h"
#include "flashsale/domain/flash_sale.h"

namespace flashsale::inline v0::engine {
namespace {

std::optional<Verb> ActOf(EventType type) {
  switch (type) {
    case EventType::kStartedEarly:
      return Verb::kStart;
    case EventType::kPaused:
      return Verb::kPause;
    case EventType::kResumed:
      return Verb::kResume;
    case EventType::kClosed:
      return Verb::kClose;
    case EventType::kSaleCancelled:
      return Verb::kCancelSale;
    case EventType::kSettled:
      return Verb::kSettle;
    default:
      return std::nullopt;
  }
}

}  // namespace

Place SaleEngine::PlaceOf(const UserId& user) {
  const std::uint64_t hash = hash_(user.bytes());
  Shard& shard = shards_[ShardOf(hash)];
  const MutexLock lock(shard.mutex);
  return shard.users.Find(hash, user);
}

bool SaleEngine::Complete(Event& event, const Party& party) {
  if (!user_lines_.Has(party.place)) return false;
  const UserId user = user_lines_.At(party.place)->user;
  Shard& shard = shards_[ShardOf(hash_(user.bytes()))];
  const MutexLock lock(shard.mutex);
  UserLine& line = shard.users.line(party.place);
  if (party.record >= line.records) return false;
  const Ordinal ordinal = shard.users.OrdinalAt(line, party.record);
  const Event of_record = EventOf(shard, line.user, ordinal, shard.users.record(line, ordinal));
  event.user = of_record.user;
  event.id = of_record.id;
  if (event.type == EventType::kTombstoned) return true;
  event.line = of_record.line;
  event.quote = of_record.quote;
  event.admission = of_record.admission;
  event.keys = of_record.keys;
  return true;
}

SaleEngine::Restored SaleEngine::Restore(const Event& event, const Party& party) {
  switch (event.type) {
    case EventType::kReserved:
    case EventType::kTombstoned:
      return RestoreRecord(event, party);
    case EventType::kConfirmed:
    case EventType::kRevived:
    case EventType::kCancelled:
    case EventType::kExtended:
    case EventType::kExpired:
    case EventType::kVoided:
      return RestoreTransition(event, party);
    case EventType::kReleased:
      return RestoreRelease(event);
    case EventType::kClock:
      WriteAct(event.at, event.type, events_.TakeNumbers(1));
      return {};
    default:
      break;
  }
  const std::optional<Verb> act = ActOf(event.type);
  if (!act.has_value()) return {.impossible = "an unknown type of event"};
  const MutexLock lock(operator_mutex_);
  SaleMarks marks = Marks();
  RecordAct(*act, event.at, marks);
  SetMarks(marks);
  WriteAct(event.at, event.type, events_.TakeNumbers(1));
  return {};
}

bool SaleEngine::FinishRestore() {
  std::vector<ExpiryEntry> waiting;
  for (std::size_t index = 0; index < shards_.size(); ++index) {
    Shard& shard = shards_[index];
    const MutexLock lock(shard.mutex);
    waiting.clear();
    for (; !shard.queue.empty(); shard.queue.Pop()) {
      ExpiryEntry entry = shard.queue.front();
      const Record& record = shard.users.record(shard.users.line(entry.place), entry.ordinal);
      if (!record.is_active()) continue;
      entry.deadline_us = record.deadline_us();
      try {
        waiting.push_back(entry);
      } catch (const std::bad_alloc&) {
        return false;
      }
    }
    std::sort(waiting.begin(), waiting.end(), [](const ExpiryEntry& a, const ExpiryEntry& b) {
      return a.deadline_us < b.deadline_us;
    });
    for (const ExpiryEntry& entry : waiting) {
      if (!shard.queue.EnsureRoom(entry.deadline_us, 1)) return false;
      shard.queue.Push(entry);
    }
    bound_.SetShard(index, waiting.empty() ? ExpiryBound::kNever : waiting.front().deadline_us);
  }
  bound_.Raise();
  return true;
}

SaleEngine::Restored SaleEngine::RestoreRelease(const Event& event) {
  if (event.line >= line_count_) return {.impossible = "a line that the terms do not have"};
  Inventory& stock = LineOf(event.line).stock;
  const Stock before = stock.Read();
  if (event.units > before.limit - before.released)
    return {.impossible = "more released than there is"};
  Event written = event;
  written.seq = events_.TakeNumbers(1);
  stock.ReleaseUpTo(before.released + event.units);
  events_.Write(written);
  return {};
}

SaleEngine::Restored SaleEngine::RestoreRecord(const Event& event, const Party& party) {
  const bool hold = event.type == EventType::kReserved;
  const Command command{.verb = hold ? Verb::kReserve : Verb::kCancel,
                        .line = event.line,
                        .units = event.units,
                        .admission_number = event.admission,
                        .quote = event.quote,
                        .user = event.user,
                        .id = event.id,
                        .keys = event.keys};
  if (event.user.is_nil()) return {.impossible = "a record of nobody"};
  if (event.line >= line_count_) return {.impossible = "a line that the terms do not have"};
  Outcome outcome;
  Job job;
  Prepare(command, outcome, job);
  if (hold && job.forbidden == Field::kLimitKeys) {
    return {.impossible = "a limit key that the terms do not have"};
  }
  ShardLocks locks(shards_);
  AddShards(job, locks);
  locks.Lock();
  UserTable& users = shards_[job.shard].users;
  job.place = party.place == kNoPlace ? users.Find(job.hash, event.user) : party.place;
  job.stray = 0;
  std::uint32_t tombstones = 0;
  std::uint32_t records = 0;
  if (job.place != kNoPlace) {
    const UserLine& line = users.line(job.place);
    records = line.records;
    bool known = line.user != event.user;
    users.ForEachRecord(users.line(job.place), [&](Ordinal, const Record& record) {
      tombstones += record.is_tombstone() ? 1U : 0U;
      known = known || record.id == event.id;
      return true;
    });
    if (known) return {.impossible = "a record that is there already"};
  }
  if (party.record != records || records >= kMaxRecordsPerUser) {
    return {.impossible = "another record than the user's next"};
  }
  job.line = event.line;
  job.units = event.units;
  job.limit = event.user_limit;
  job.deadline_us = Micros(event.deadline);
  job.effect = hold ? Effect::kReserve : Effect::kTombstone;
  const bool all_tombstones = tombstones == records;
  if (all_tombstones) job.stray = hold ? tombstones : 1;
  if (!EnsureRoom(job, 1, hold)) return {.out_of_memory = true};
  if (hold) {
    EnterExpiry(job);
    LineState& line = LineOf(job.line);
    line.CountEntries(1);
    if (event.units == 0 || !line.stock.TryReserve(event.units)) {
      return {.impossible = "more reserved than there is"};
    }
  } else if (job.stray != 0) {
    stray_tombstones_.fetch_add(1, std::memory_order_relaxed);
  }
  // Beyond max_records, too: a store that was opened with fewer keeps what it has.
  if (counts_records_) records_.fetch_add(1, std::memory_order_relaxed);
  Commit(event.at, job, events_.TakeNumbers(1));
  return {.place = job.place == kNoPlace ? users.Find(job.hash, event.user) : job.place};
}

SaleEngine::Restored SaleEngine::RestoreTransition(const Event& event, const Party& party) {
  if (party.place == kNoPlace) return {.impossible = "a change of nobody's"};
  const Command command{.verb = Verb::kConfirm, .user = user_lines_.At(party.place)->user};
  Outcome outcome;
  Job job;
  Prepare(command, outcome, job);
  job.place = party.place;
  Shard& shard = shards_[job.shard];
  LimitKeys keys;
  if (has_keys_) {
    const MutexLock lock(shard.mutex);
    const UserLine& line = shard.users.line(job.place);
    if (party.record >= line.records) return {.impossible = "a change of no record"};
    keys = shard.keys->KeysOf(line.user, shard.users.OrdinalAt(line, party.record));
    SetKeys(keys, job);
  }
  ShardLocks locks(shards_);
  AddShards(job, locks);
  locks.Lock();
  UserLine& line = shard.users.line(job.place);
  if (party.record >= line.records) return {.impossible = "a change of no record"};
  job.ordinal = shard.users.OrdinalAt(line, party.record);
  Record& record = shard.users.record(line, job.ordinal);
  if (record.is_tombstone()) return {.impossible = "a change of a tombstone"};

  const ReservationState state = record.state();
  const auto is = [state](ReservationState expected) { return state == expected; };
  job.line = record.line();
  job.units = event.units;
  job.returned = event.returned;
  bool lawful = false;
  switch (event.type) {
    case EventType::kConfirmed:
      job.effect = Effect::kConfirm;
      lawful = is(ReservationState::kActive) && event.units != 0 &&
               std::uint64_t{event.units} + event.returned == record.units;
      break;
    case EventType::kRevived:
      job.effect = Effect::kRevive;
      lawful = is(ReservationState::kExpired) && event.units != 0 && event.units <= record.units;
      if (lawful && !LineOf(job.line).stock.TryBuy(event.units)) {
        return {.impossible = "more bought than there is"};
      }
      break;
    case EventType::kExtended:
      job.effect = Effect::kExtend;
      job.deadline_us = Micros(event.deadline);
      lawful = is(ReservationState::kActive) && job.deadline_us > record.deadline_us();
      break;
    case EventType::kVoided:
      job.effect = Effect::kVoid;
      lawful = is(ReservationState::kPurchased);
      break;
    case EventType::kExpired:
      lawful = is(ReservationState::kActive) && !IsCancelled();
      break;
    default:
      job.effect = Effect::kCancel;
      lawful = is(ReservationState::kActive);
      break;
  }
  if (!lawful) return {.impossible = "a change that the record's state does not allow"};
  if (event.type == EventType::kExpired) {
    const LapsedHold hold{
        .place = job.place, .line = &line, .record = &record, .ordinal = job.ordinal};
    Expire(event.at, shard, {&hold, 1});
  } else {
    Commit(event.at, job, events_.TakeNumbers(1));
  }
  return {.place = job.place};
}

}  // namespace flashsale::inline v0::engine
