// What lapses: holds past their deadlines, and all holds of a sale that was cut off or cancelled.

#include <algorithm>
#include <array>

#include "engine/sale_engine.h"

namespace flashsale::inline v0::engine {
namespace {

// How many holds are expired under one lock of their shard.
constexpr std::size_t kMostUnderOneLock = 64;
// How many of them take their numbers and return their stock in one step each.
constexpr std::size_t kMostAtOnce = 16;
// How far ahead the lines of the next holds are fetched.
constexpr std::size_t kPrefetchDistance = 8;
// How many holds a shopper who needs stock expires before looking whether it is enough.
constexpr std::size_t kReclaimSlice = 64;

}  // namespace

bool SaleEngine::AllHoldsAreDue(Time now) const { return now >= Cut() || IsCancelled(); }

bool SaleEngine::LapseIsDue(Time now) const {
  const std::int64_t earliest = bound_.earliest();
  if (earliest == ExpiryBound::kNever) return false;
  return earliest <= Micros(now) || AllHoldsAreDue(now);  // negative: being recomputed, so perhaps
}

bool SaleEngine::ShardIsDue(Time now, std::size_t shard) const {
  const std::int64_t earliest = bound_.of_shard(shard);
  if (earliest == ExpiryBound::kNever) return false;
  return earliest <= Micros(now) || AllHoldsAreDue(now);
}

bool SaleEngine::RecordLapse(Time now, const LapseKey& key) {
  Shard& shard = shards_[key.shard];
  ShardLocks locks(shards_);
  locks.Add(key.shard);
  if (has_keys_) {
    LimitKeys keys;
    {
      const MutexLock lock(shard.mutex);
      keys = shard.keys->KeysOf(shard.users.line(key.place).user, key.ordinal);
    }
    for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
      if (!keys[i].is_nil()) locks.Add(ShardOf(hash_(keys[i].bytes(), i + 1)));
    }
  }
  locks.Lock();
  UserLine& line = shard.users.line(key.place);
  Record& record = shard.users.record(line, key.ordinal);
  if (!MustBeRecorded(now, record)) return false;  // another call came first
  LapsedHold hold{.place = key.place, .line = &line, .record = &record, .ordinal = key.ordinal};
  Expire(now, shard, {&hold, 1});
  return true;
}

bool SaleEngine::CanExpire(const UserId& user, const Record& record, std::uint64_t waiting) const {
  return user != poisoned_ && LineOf(record.line()).stock.Read().reserved >= waiting + record.units;
}

void SaleEngine::Expire(Time now, Shard& shard, std::span<const LapsedHold> holds) {
  const bool cancelled = IsCancelled();
  Units units = 0;
  for (const LapsedHold& hold : holds) {
    hold.record->set_state(cancelled ? ReservationState::kCancelled : ReservationState::kExpired);
    ChargeKeys(hold.line->user, hold.ordinal, -std::int64_t{hold.record->units}, 0);
    units += hold.record->units;
  }
  std::uint64_t seq = events_.TakeNumbers(holds.size());
  LineOf(holds.front().record->line()).stock.Return(units);
  for (const LapsedHold& hold : holds) {
    Event event = EventOf(shard, hold.line->user, hold.ordinal, *hold.record);
    event.type = cancelled ? EventType::kCancelled : EventType::kExpired;
    event.at = now;
    event.seq = seq++;
    events_.Write(event,
                  {.place = hold.place, .record = shard.users.IndexOf(*hold.line, hold.ordinal)});
  }
}

std::uint64_t SaleEngine::ExpireShard(Time now, ShardIndex index, std::size_t most) {
  Shard& shard = shards_[index];
  const bool all = AllHoldsAreDue(now);
  const auto is_due = [&] {
    return !shard.queue.empty() && (all || shard.queue.front().deadline_us <= Micros(now));
  };
  // Holds of one line that left the queue and are still to be recorded.  The shard's bound, which
  // is what others see of the queue, stays as it is until they are.
  std::array<LapsedHold, kMostAtOnce> lapsed;
  std::size_t lapsed_count = 0;
  std::uint64_t lapsed_units = 0;
  std::uint64_t expired = 0;
  const auto record_lapsed = [&] {
    if (lapsed_count == 0) return;
    Expire(now, shard, std::span(lapsed).first(lapsed_count));
    expired += lapsed_count;
    lapsed_count = 0;
    lapsed_units = 0;
  };

  ShardLocks locks(shards_);
  locks.Add(index);
  locks.Lock();
  for (std::size_t looked_at = 0;
       looked_at < kMostUnderOneLock && expired + lapsed_count < most && is_due(); ++looked_at) {
    const ExpiryEntry* const ahead = shard.queue.Ahead(kPrefetchDistance);
    if (ahead != nullptr) shard.users.PrefetchPlace(ahead->place);
    ExpiryEntry entry = shard.queue.front();
    UserLine& line = shard.users.line(entry.place);
    Record& record = shard.users.record(line, entry.ordinal);
    if (!MustBeRecorded(now, record)) {
      // It ended otherwise, or was extended and lapses later.
      shard.queue.Pop();
      if (!record.is_active()) continue;
      entry.deadline_us = record.deadline_us();
      shard.queue.Requeue(entry);
      continue;
    }
    if (lapsed_count == kMostAtOnce ||
        (lapsed_count != 0 && lapsed[0].record->line() != record.line())) {
      record_lapsed();
    }
    if (!CanExpire(line.user, record, lapsed_units)) {
      try {
        shard.quarantine.push_back(entry);
      } catch (const std::bad_alloc&) {
        break;  // it stays at the front, to be met again
      }
      quarantined_.fetch_add(1, std::memory_order_relaxed);
      shard.queue.Pop();
      continue;
    }
    if (has_keys_ && shard.keys->KeysOf(line.user, entry.ordinal) != LimitKeys{}) {
      // Its keys may lie in other shards.  It stays in the queue until its lapse is recorded, so
      // that nobody who looks for lapsed stock is sent away meanwhile.
      record_lapsed();
      locks.Unlock();
      const bool ours =
          RecordLapse(now, {.shard = index, .place = entry.place, .ordinal = entry.ordinal});
      if (ours) ++expired;
      locks.Lock();
      continue;
    }
    shard.queue.Pop();
    lapsed[lapsed_count++] = {
        .place = entry.place, .line = &line, .record = &record, .ordinal = entry.ordinal};
    lapsed_units += record.units;
  }
  record_lapsed();
  bound_.SetShard(index,
                  shard.queue.empty() ? ExpiryBound::kNever : shard.queue.front().deadline_us);
  return expired;
}

SaleEngine::SliceReport SaleEngine::ExpireSlice(Time now, std::size_t most) {
  SliceReport report;
  if (!LapseIsDue(now)) return report;
  const std::size_t shards = shards_.size();
  // Several cleaners begin at different shards.
  const std::size_t start = std::size_t{next_shard_.fetch_add(1, std::memory_order_relaxed)} * 7919;
  for (std::size_t i = 0; i < shards; ++i) {
    const auto index = static_cast<ShardIndex>((start + i) % shards);
    while (ShardIsDue(now, index)) {
      if (report.expired >= most) {
        report.more = true;
        return report;
      }
      const std::uint64_t expired = ExpireShard(now, index, most - report.expired);
      report.expired += expired;
      if (expired == 0 && ShardIsDue(now, index)) {
        report.more = true;  // it met only holds that ended otherwise; there are more
        break;
      }
    }
  }
  bound_.Raise();
  return report;
}

void SaleEngine::Reclaim(Time now) { ExpireSlice(now, kReclaimSlice); }

std::uint64_t SaleEngine::RetryQuarantined(Time now, std::size_t most) {
  if (quarantined_.load(std::memory_order_relaxed) == 0) return 0;
  std::uint64_t expired = 0;
  for (std::size_t index = 0; index < shards_.size() && expired < most; ++index) {
    Shard& shard = shards_[index];
    std::vector<LapseKey> again;
    {
      const MutexLock lock(shard.mutex);
      again.reserve(shard.quarantine.size());  // what can fail comes first
      std::erase_if(shard.quarantine, [&](const ExpiryEntry& entry) {
        UserLine& line = shard.users.line(entry.place);
        const Record& record = shard.users.record(line, entry.ordinal);
        const bool due = MustBeRecorded(now, record);
        if (record.is_active() && (!due || !CanExpire(line.user, record, 0))) return false;
        if (due) {
          again.push_back({.shard = static_cast<ShardIndex>(index),
                           .place = entry.place,
                           .ordinal = entry.ordinal});
        }
        quarantined_.fetch_sub(1, std::memory_order_relaxed);
        return true;
      });
    }
    for (const LapseKey& key : again) expired += RecordLapse(now, key) ? 1U : 0U;
  }
  return expired;
}

void SaleEngine::RecordClock(Time now) {
  if (Micros(now) < next_time_edge_us_.load(std::memory_order_relaxed)) return;
  const MutexLock lock(operator_mutex_);
  if (Micros(now) < next_time_edge_us_.load(std::memory_order_relaxed)) return;
  std::uint64_t seq = 0;
  {
    // Nobody is between a number and its event, so none that carries the edge is still to come.
    const AllShardsLock all(shards_);
    if (events_.TimeEdgeIsDue(now)) seq = events_.TakeNumbers(1);
  }
  if (seq != 0) WriteAct(now, EventType::kClock, seq);
  next_time_edge_us_.store(now < terms_.end ? Micros(terms_.end) : ExpiryBound::kNever,
                           std::memory_order_relaxed);
}

ExpireReport SaleEngine::ExpireDue(Time now, std::size_t max_holds) {
  ExpireReport report;
  report.expired = RetryQuarantined(now, max_holds);
  if (report.expired < max_holds) {
    const SliceReport slice =
        ExpireSlice(now, max_holds - static_cast<std::size_t>(report.expired));
    report.expired += slice.expired;
    report.more = slice.more;
  } else {
    report.more = LapseIsDue(now);
  }
  RecordClock(now);  // last: what lapsed may have carried the edge
  report.quarantined = quarantined_.load(std::memory_order_relaxed);
  const std::int64_t earliest = std::max<std::int64_t>(bound_.earliest(), 0);
  if (earliest != ExpiryBound::kNever) report.next_due = std::min(Time(Duration(earliest)), Cut());
  return report;
}

}  // namespace flashsale::inline v0::engine
