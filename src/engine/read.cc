// Reads: they change nothing, and say what was true at an instant within the call.

#include <algorithm>

#include "engine/sale_engine.h"
#include "flashsale/domain/flash_sale.h"

namespace flashsale::inline v0::engine {

SaleStock SaleEngine::ReadStock(Time now) const {
  SaleStock read;
  read.marks = Marks();
  read.phase = PhaseAt(read.marks, terms_.start, terms_.end, now);
  read.seq = events_.last_seq();
  read.lines.reserve(lines_.size());
  for (const auto& line : lines_) read.lines.push_back(line->stock.Read());
  read.state = StateOf(read.phase, std::any_of(read.lines.begin(), read.lines.end(),
                                               [](const Stock& s) { return s.available() != 0; }));
  read.sold_out_for_good = std::all_of(read.lines.begin(), read.lines.end(),
                                       [](const Stock& s) { return s.final_sold_out(); });
  return read;
}

Tally SaleEngine::ReadTally(const TallyKey& key) {
  if (key.kind == 0) {
    const UserId user = UserId::FromBytes(key.bytes);
    const std::uint64_t hash = hash_(user.bytes());
    Shard& shard = shards_[ShardOf(hash)];
    const MutexLock lock(shard.mutex);
    const Place place = shard.users.Find(hash, user);
    return place == kNoPlace ? Tally{} : TallyOf(shard.users, shard.users.line(place));
  }
  if (key.kind > terms_.key_limits.size()) return Tally{};
  Shard& shard = shards_[ShardOf(hash_(key.bytes, key.kind))];
  const MutexLock lock(shard.mutex);
  const KeyLedger::Charge charge = shard.keys->Read(key);
  return TallyOf(key, charge);
}

std::optional<Reservation> SaleEngine::Find(const UserId& user, const ReservationId& id) {
  const std::uint64_t hash = hash_(user.bytes());
  Shard& shard = shards_[ShardOf(hash)];
  const MutexLock lock(shard.mutex);
  const Place place = shard.users.Find(hash, user);
  if (place == kNoPlace) return std::nullopt;
  std::optional<Reservation> found;
  shard.users.ForEachRecord(shard.users.line(place), [&](Ordinal ordinal, const Record& record) {
    if (record.id == id) found = Unpack(shard, user, ordinal, record);
    return !found.has_value();
  });
  return found;
}

void SaleEngine::Snapshot(SnapshotVisitor& visitor) {
  const MutexLock lock(operator_mutex_);
  const AllShardsLock all(shards_);
  std::vector<Stock> stock;
  stock.reserve(lines_.size());
  for (const auto& line : lines_) stock.push_back(line->stock.Read());
  visitor.OnSale({.terms = terms_, .marks = Marks(), .seq = events_.last_seq(), .lines = stock});
  std::vector<Reservation> records;
  for (Shard& shard : shards_) {
    UserTable& users = shard.users;
    users.ForEachUser([&](UserLine& line) {
      records.clear();
      users.ForEachRecord(line, [&](Ordinal ordinal, const Record& record) {
        records.push_back(Unpack(shard, line.user, ordinal, record));
        return true;
      });
      visitor.OnUser(line.user, TallyOf(users, line), records);
    });
    if (has_keys_)
      shard.keys->ForEachCharge([&](const TallyKey& key, const KeyLedger::Charge& charge) {
        if (charge.held == 0 && charge.bought == 0) return;
        visitor.OnKey(key, TallyOf(key, charge));
      });
  }
}

Reservation SaleEngine::Unpack(const Shard& shard, const UserId& user, Ordinal ordinal,
                               const Record& record) const {
  return Reservation{.user = user,
                     .id = record.id,
                     .state = record.state(),
                     .line = record.line(),
                     .asked = record.asked,
                     .units = record.units,
                     .reserved_at = record.reserved_at(),
                     .deadline = record.deadline(),
                     .quote = record.quote,
                     .admission = record.admission,
                     .keys = has_keys_ ? shard.keys->KeysOf(user, ordinal) : LimitKeys{}};
}

Event SaleEngine::EventOf(const Shard& shard, const UserId& user, Ordinal ordinal,
                          const Record& record) const {
  Event event;
  event.line = record.line();
  event.units = record.units;
  event.user = user;
  event.id = record.id;
  event.deadline = record.deadline();
  event.quote = record.quote;
  event.admission = record.admission;
  if (has_keys_) event.keys = shard.keys->KeysOf(user, ordinal);
  return event;
}

Tally SaleEngine::TallyOf(UserTable& users, UserLine& line) const {
  Tally tally;
  tally.limit = line.limit;
  tally.records = line.records;
  tally.admission = line.admission;
  tally.admission_used = line.admission_used;
  users.ForEachRecord(line, [&tally](Ordinal, const Record& record) {
    if (record.is_active()) {
      tally.held += record.units;
      ++tally.open_holds;
    } else if (record.state() == ReservationState::kPurchased) {
      tally.bought += record.units;
    }
    return true;
  });
  return tally;
}

Tally SaleEngine::TallyOf(const TallyKey& key, const KeyLedger::Charge& charge) const {
  Tally tally;
  tally.limit = terms_.key_limits[key.kind - 1U].limit;
  tally.held = charge.held;
  tally.bought = charge.bought;
  return tally;
}

}  // namespace flashsale::inline v0::engine
