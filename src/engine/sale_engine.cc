#include "engine/sale_engine.h"

#include <algorithm>
#include <bit>
#include <new>

namespace flashsale::inline v0::engine {
namespace {

// Few users a shard make waiting rare, few shards make a small sale small.
constexpr std::uint64_t kUsersPerShard = 256;
constexpr std::uint64_t kFewestShards = 16;

std::uint64_t UnitsOf(const SaleTerms& terms) {
  std::uint64_t units = 0;
  for (const SaleLine& line : terms.lines) units += line.units;
  return units;
}

std::uint64_t ShardsFor(std::uint64_t units) {
  return std::clamp(std::bit_ceil(units / kUsersPerShard), kFewestShards,
                    std::uint64_t{kMaxShards});
}

// How many of the users, if every unit finds a buyer of its own, fall into one shard: the mean and
// four standard deviations.
std::uint64_t ExpectedUsersOfShard(std::uint64_t units) {
  const std::uint64_t mean = units / ShardsFor(units) + 1;
  std::uint64_t deviation = 1;
  while (deviation * deviation < mean) ++deviation;
  return mean + 4 * deviation;
}

// Indices that are full to the load aimed at when every unit has found a buyer of its own.
IndexGeometry GeometryFor(std::uint64_t units) {
  constexpr std::uint64_t kSmallestTable = 32;
  std::uint64_t buckets = ExpectedUsersOfShard(units) / UserIndex::kKeysPerBucket + 1;
  IndexGeometry geometry;
  while (buckets >= kSmallestTable) {
    buckets = (buckets + 1) / 2;
    ++geometry.expected_order;
  }
  geometry.base = static_cast<std::uint32_t>(buckets);
  return geometry;
}

// A quarter of all indices at a time: large enough for huge pages, small enough not to waste.
std::size_t IndexChunkBytes(const IndexGeometry& geometry, std::uint64_t shards) {
  constexpr std::size_t kLargestChunk = std::size_t{64} << 20;
  const std::size_t index = geometry.unit_bytes() << geometry.expected_order;
  return std::min(kLargestChunk, index * std::max<std::uint64_t>(4, shards / 4));
}

// What a batch's jobs in one shard add up to.
class ShardCounts {
 public:
  void Add(ShardIndex shard) { ++counts_[shard]; }
  std::uint32_t Of(ShardIndex shard) const { return counts_[shard]; }

 private:
  std::array<std::uint8_t, kMaxShards> counts_{};
};

// A set of the hashes of one run.
class SeenHashes {
 public:
  // REQUIRES: at most kMaxRun * (1 + kMaxLimitKeys) hashes.
  explicit SeenHashes(std::size_t hashes) : mask_(std::bit_ceil(2 * hashes) - 1) {
    std::fill_n(places_.begin(), mask_ + 1, 0);
  }

  // False where the hash is there already.
  bool Insert(std::uint64_t hash) {
    hash |= 1;  // zero marks a free place
    for (std::size_t i = hash >> 32;; ++i) {
      std::uint64_t& place = places_[i & mask_];
      if (place == hash) return false;
      if (place == 0) {
        place = hash;
        return true;
      }
    }
  }

 private:
  const std::size_t mask_;
  std::array<std::uint64_t, 512> places_;  // as many of them as are needed
  static_assert(512 >= 2 * kMaxRun * (1 + kMaxLimitKeys));
};

}  // namespace

std::unique_ptr<SaleEngine> SaleEngine::New(const SaleTerms& terms, const EngineOptions& options) {
  try {
    std::unique_ptr<SaleEngine> engine(new SaleEngine(terms, options));
    if (!engine->ok() || (options.prefault && !engine->Prefault())) return nullptr;
    return engine;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

SaleEngine::SaleEngine(const SaleTerms& terms, const EngineOptions& options)
    : terms_(terms),
      line_count_(terms.lines.size()),
      key_count_(terms.key_limits.size()),
      has_keys_(!terms.key_limits.empty()),
      max_records_(options.max_records),
      counts_records_(options.max_records < std::uint64_t{1} << 32),
      full_(options.full),
      hash_(options.hash_seed),
      most_units_(std::min(*terms.max_units_per_order, *terms.limit_ceiling)),
      geometry_(GeometryFor(UnitsOf(terms))),
      shard_shift_(64 - std::countr_zero(ShardsFor(UnitsOf(terms)))),
      lines_([&terms] {
        std::vector<std::unique_ptr<LineState>> lines;
        lines.reserve(terms.lines.size());
        for (const SaleLine& line : terms.lines) {
          lines.push_back(
              std::make_unique<LineState>(line.units, line.released_at_first.value_or(line.units)));
        }
        return lines;
      }()),
      known_(UnitsOf(terms) * (1 + terms.key_limits.size()), ShardsFor(UnitsOf(terms))),
      user_lines_(UnitsOf(terms)),
      index_pool_(geometry_.unit_bytes(), IndexChunkBytes(geometry_, ShardsFor(UnitsOf(terms)))),
      expiry_blocks_(UnitsOf(terms)),
      shards_(ShardsFor(UnitsOf(terms)), user_lines_, index_pool_, geometry_, expiry_blocks_,
              has_keys_),
      bound_(ShardsFor(UnitsOf(terms))),
      events_(terms_, options.events_per_sale, lines_.front()->next_seq),
      closed_at_us_(Micros(kMaxTime)),
      cut_us_(Micros(CutOf({}, terms.end_policy, terms.end))),
      next_time_edge_us_(Micros(terms.start)) {}

SaleEngine::~SaleEngine() = default;

bool SaleEngine::ok() const { return known_.ok() && events_.ok() && user_lines_.ok(); }

bool SaleEngine::Prefault() {
  known_.Prefault();
  events_.Prefault();
  const std::uint64_t units = UnitsOf(terms_);
  const std::uint64_t users_of_shard = ExpectedUsersOfShard(units);
  const bool enough = std::all_of(shards_.begin(), shards_.end(), [&](Shard& shard) {
    const MutexLock lock(shard.mutex);
    return shard.users.EnsureIndex(hash_, users_of_shard) &&
           shard.queue.Prefault(users_of_shard + kMaxRun) &&
           (!has_keys_ || shard.keys->EnsureRoom(users_of_shard * key_count_ + kMaxRun,
                                                 users_of_shard + kMaxRun));
  });
  if (!enough) return false;
  index_pool_.Prefault();
  // Each shard has a block of lines that is not full, and its queue begins and ends within a block.
  return user_lines_.Prefault(units + shards_.size() * user_lines_.lines_per_block()) &&
         expiry_blocks_.Prefault(units + shards_.size() * 2 * ExpiryBlock::kEntries);
}

void SaleEngine::Apply(Time now, std::span<const Command> commands, std::span<Outcome> outcomes) {
  std::array<Job, kMaxRun> jobs;  // as many as there are commands are ever touched
  if (commands.size() == 1 && !IsOperatorAct(commands[0].verb)) {
    const Field wrong = FindShapeError(commands[0]);
    if (wrong != Field::kNone) {
      outcomes[0] = Outcome{.code = Code::kInvalid, .field = wrong};
      return;
    }
    Prepare(commands[0], outcomes[0], jobs[0]);
    ApplySingle(now, jobs[0]);
    return;
  }
  std::size_t gathered = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Command& command = commands[i];
    const Field wrong = FindShapeError(command);
    if (wrong != Field::kNone) {
      outcomes[i] = Outcome{.code = Code::kInvalid, .field = wrong};
    } else if (IsOperatorAct(command.verb)) {
      ApplyWindow(now, {jobs.data(), gathered});
      gathered = 0;
      ApplyAct(now, command, outcomes[i]);
    } else {
      Prepare(command, outcomes[i], jobs[gathered++]);
    }
    if (gathered == kMaxRun) {
      ApplyWindow(now, jobs);
      gathered = 0;
    }
  }
  ApplyWindow(now, {jobs.data(), gathered});
}

void SaleEngine::Prepare(const Command& command, Outcome& outcome, Job& job) const {
  job.command = &command;
  job.outcome = &outcome;
  job.hash = hash_(command.user.bytes());
  job.shard = ShardOf(job.hash);
  job.keys = nullptr;
  if (command.verb == Verb::kReserve) {
    job.forbidden = FindTermsError(command);
    job.carried_limit = command.user_limit == 0 ? terms_.limit_per_user : command.user_limit;
    if (has_keys_) SetKeys(command.keys, job);
  }
  // The misses of a whole batch overlap; those of a single command do among themselves.
  PrefetchUser(job.hash);
}

void SaleEngine::PrefetchUnderLock(const Job& job) const {
  const Shard& shard = shards_[job.shard];
  shard.queue.PrefetchTail();
}

void SaleEngine::SetKeys(const LimitKeys& keys, Job& job) const {
  job.keys = &keys;
  ForEachKey(job, [&](std::size_t i) {
    job.key_hashes[i] = hash_(keys[i].bytes(), i + 1);
    job.key_shards[i] = ShardOf(job.key_hashes[i]);
  });
}

void SaleEngine::ApplyWindow(Time now, std::span<Job> jobs) {
  while (!jobs.empty()) {
    // A refusal may be given without locks only while nothing before it waits to be carried out.
    if (RefuseUnlocked(now, jobs.front())) {
      jobs = jobs.subspan(1);
      continue;
    }
    const std::size_t run = LengthOfRun(jobs);
    if (run == 1) {
      ApplyOne(now, jobs.front());
    } else if (!ApplyRun(now, jobs.first(run))) {
      for (Job& job : jobs.first(run)) ApplySingle(now, job);
    }
    jobs = jobs.subspan(run);
  }
}

std::size_t SaleEngine::LengthOfRun(std::span<const Job> jobs) const {
  if (jobs.size() == 1) return 1;
  SeenHashes seen(jobs.size() * (has_keys_ ? 1 + kMaxLimitKeys : 1));
  std::size_t length = 0;
  bool gives = false;
  for (const Job& job : jobs) {
    // A run takes its stock at once, and so before it gives any back: that would show others less
    // than there is at any point of its order.
    const Verb verb = job.command->verb;
    if (gives && verb == Verb::kReserve) break;
    gives = gives || verb == Verb::kCancel || verb == Verb::kVoid;
    bool distinct = seen.Insert(job.hash);
    ForEachKey(job, [&](std::size_t i) { distinct = seen.Insert(job.key_hashes[i]) && distinct; });
    if (!distinct) break;
    ++length;
  }
  return std::max<std::size_t>(length, 1);
}

bool SaleEngine::ApplyRun(Time now, std::span<Job> jobs) {
  if (counts_records_) return false;  // room for records is counted one by one
  ShardLocks locks(shards_);
  ShardCounts counts;
  for (const Job& job : jobs) {
    AddShards(job, locks);
    counts.Add(job.shard);
  }
  locks.Lock();
  for (const Job& job : jobs) PrefetchUnderLock(job);

  // No two jobs have a user or a key in common, so none is judged differently because of another;
  // only the stock is shared, and that is taken for all at once.
  std::array<Job*, kMaxRun> effects;
  std::size_t effect_count = 0;
  std::uint64_t taken = 0;
  std::uint64_t holds = 0;
  const Job* taker = nullptr;
  bool gives = false;
  for (Job& job : jobs) {
    switch (Judge(now, job, counts.Of(job.shard))) {
      case Verdict::kAnswered:
        continue;
      case Verdict::kRecordOwn:
      case Verdict::kReclaim:
      case Verdict::kLockKeys:
        return false;
      case Verdict::kEffect:
        break;
    }
    effects[effect_count++] = &job;
    if (job.effect == Effect::kRevive || job.effect == Effect::kTombstone) return false;
    // A confirm of a part gives the rest back: see LengthOfRun.
    gives = gives || (job.effect == Effect::kConfirm && job.returned > 0);
    if (job.effect != Effect::kReserve) continue;
    if (gives) return false;
    if (taker != nullptr && taker->line != job.line) return false;
    taker = &job;
    taken += job.units;
    ++holds;
  }
  if (effect_count == 0) return true;

  if (taker != nullptr) {
    if (taken > kMaxUnits || LineOf(taker->line).stock.available() < taken) return false;
    for (std::size_t i = 0; i < effect_count; ++i) {
      if (effects[i]->effect == Effect::kReserve) EnterExpiry(*effects[i]);
    }
    LineState& line = LineOf(taker->line);
    line.CountEntries(holds);
    if (!line.stock.TryReserve(static_cast<Units>(taken))) return false;
  }
  std::uint64_t seq = events_.TakeNumbers(effect_count);
  for (std::size_t i = 0; i < effect_count; ++i) Commit(now, *effects[i], seq++);
  return true;
}

void SaleEngine::ApplyOne(Time now, Job& job) {
  LimitKeys keys_of_record;
  for (;;) {
    ShardLocks locks(shards_);
    AddShards(job, locks);
    locks.Lock();
    PrefetchUnderLock(job);
    switch (Judge(now, job, 1)) {
      case Verdict::kAnswered:
        return;
      case Verdict::kRecordOwn:
        locks.Unlock();
        RecordLapse(now, {.shard = job.shard, .place = job.place, .ordinal = job.ordinal});
        continue;
      case Verdict::kReclaim:
        locks.Unlock();
        Reclaim(now);
        continue;
      case Verdict::kLockKeys:
        keys_of_record = shards_[job.shard].keys->KeysOf(job.command->user, job.ordinal);
        SetKeys(keys_of_record, job);
        continue;
      case Verdict::kEffect:
        break;
    }
    switch (TakeStock(now, job)) {
      case Take::kAnswered:
        return;
      case Take::kAgain:
        continue;
      case Take::kReclaim:
        locks.Unlock();
        Reclaim(now);
        continue;
      case Take::kTaken:
        break;
    }
    Commit(now, job, events_.TakeNumbers(1));
    return;
  }
}

bool SaleEngine::CountRecord() {
  if (!counts_records_) return true;
  if (records_.fetch_add(1, std::memory_order_relaxed) < max_records_) return true;
  records_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void SaleEngine::UncountRecord() {
  if (counts_records_) records_.fetch_sub(1, std::memory_order_relaxed);
}

SaleEngine::Take SaleEngine::CountTombstone(Job& job) {
  if (!CountRecord()) {
    Answer(job, Code::kStorageFull);
    return Take::kAnswered;
  }
  if (job.stray == 0 ||
      stray_tombstones_.fetch_add(1, std::memory_order_relaxed) < terms_.max_stray_tombstones) {
    return Take::kTaken;
  }
  stray_tombstones_.fetch_sub(1, std::memory_order_relaxed);
  UncountRecord();
  Answer(job, Code::kTooManyAttempts);
  return Take::kAnswered;
}

SaleEngine::Take SaleEngine::TakeStock(Time now, Job& job) {
  LineState& line = LineOf(job.effect == Effect::kTombstone ? 0 : job.line);
  switch (job.effect) {
    case Effect::kReserve:
      // A crowd that comes too late writes nothing that others read: not even that it was there.
      if (line.stock.available() < job.units) break;
      if (!CountRecord()) {
        Answer(job, Code::kStorageFull);
        return Take::kAnswered;
      }
      EnterExpiry(job);
      line.CountEntries(1);
      if (line.stock.TryReserve(job.units)) return Take::kTaken;
      UncountRecord();
      break;
    case Effect::kRevive:
      if (line.stock.TryBuy(job.units)) return Take::kTaken;
      break;
    case Effect::kTombstone:
      return CountTombstone(job);
    case Effect::kConfirm:
    case Effect::kCancel:
    case Effect::kExtend:
    case Effect::kVoid:
      return Take::kTaken;
  }

  switch (line.LookFor(job.units, [&] { return LapseIsDue(now); })) {
    case LineState::Look::kLapsed:
      return Take::kReclaim;
    case LineState::Look::kAvailable:
    case LineState::Look::kChanged:
      return Take::kAgain;
    case LineState::Look::kSoldOut:
      break;
  }
  if (job.effect == Effect::kReserve) {
    Answer(job, Code::kSoldOut);
  } else {
    Record* record = nullptr;
    FindRecord(job, record);
    Answer(job, Code::kExpired, *record);
  }
  return Take::kAnswered;
}

void SaleEngine::AddShards(const Job& job, ShardLocks& locks) const {
  locks.Add(job.shard);
  ForEachKey(job, [&](std::size_t i) { locks.Add(job.key_shards[i]); });
}

void SaleEngine::EnterExpiry(const Job& job) {
  bound_.Enter(job.shard, job.deadline_us);
  if (job.place == kNoPlace) known_.Insert(job.hash);
  ForEachKey(job, [&](std::size_t i) { known_.Insert(job.key_hashes[i]); });
}

void SaleEngine::Commit(Time now, const Job& job, std::uint64_t seq) {
  switch (job.effect) {
    case Effect::kReserve:
      CommitReserve(now, job, seq);
      break;
    case Effect::kTombstone:
      CommitTombstone(now, job, seq);
      break;
    default:
      CommitToRecord(now, job, seq);
      break;
  }
}

void SaleEngine::CommitToRecord(Time now, const Job& job, std::uint64_t seq) {
  Shard& shard = shards_[job.shard];
  UserLine& line = shard.users.line(job.place);
  Record& record = shard.users.record(line, job.ordinal);
  const Units held = record.units;
  switch (job.effect) {
    case Effect::kConfirm:
      record.set_state(ReservationState::kPurchased);
      record.units = job.units;
      ChargeKeys(line.user, job.ordinal, -std::int64_t{held}, job.units);
      break;
    case Effect::kRevive:
      record.set_state(ReservationState::kPurchased);
      record.units = job.units;
      ChargeKeys(line.user, job.ordinal, 0, job.units);
      break;
    case Effect::kCancel:
      record.set_state(ReservationState::kCancelled);
      ChargeKeys(line.user, job.ordinal, -std::int64_t{held}, 0);
      break;
    case Effect::kVoid:
      record.set_state(ReservationState::kCancelled);
      ChargeKeys(line.user, job.ordinal, 0, -std::int64_t{held});
      break;
    case Effect::kExtend:
      record.set_deadline_us(job.deadline_us);
      break;
    case Effect::kReserve:
    case Effect::kTombstone:
      break;
  }
  Event event = EventOf(shard, line.user, job.ordinal, record);
  event.seq = seq;
  event.at = now;
  // The number is taken, the record changed: now the stock may be seen by others.
  Inventory& stock = LineOf(record.line()).stock;
  Code code = Code::kDone;
  switch (job.effect) {
    case Effect::kConfirm:
      event.type = EventType::kConfirmed;
      event.returned = job.returned;
      stock.Sell(held, job.units);
      break;
    case Effect::kRevive:
      event.type = EventType::kRevived;
      event.user_limit = line.limit;
      code = Code::kRevived;
      break;
    case Effect::kCancel:
      event.type = EventType::kCancelled;
      stock.Return(held);
      break;
    case Effect::kVoid:
      event.type = EventType::kVoided;
      stock.Refund(held);
      break;
    case Effect::kExtend:
      event.type = EventType::kExtended;
      break;
    case Effect::kReserve:
    case Effect::kTombstone:
      break;
  }
  Answer(job, code, record);
  events_.Write(event, {.place = job.place, .record = shard.users.IndexOf(line, job.ordinal)});
}

SaleEngine::NewRecord SaleEngine::AddRecord(const Job& job) {
  UserTable& users = shards_[job.shard].users;
  if (job.place == kNoPlace) {
    return {.place = users.Insert(job.hash, job.command->user), .ordinal = kFirst};
  }
  return {.place = job.place, .ordinal = users.AddRecord(users.line(job.place))};
}

void SaleEngine::CommitReserve(Time now, const Job& job, std::uint64_t seq) {
  const Command& command = *job.command;
  Shard& shard = shards_[job.shard];
  const auto [place, ordinal] = AddRecord(job);
  UserLine& line = shard.users.line(place);
  line.limit = job.limit;
  if (command.admission_number != 0) {
    if (command.admission_number != line.admission) line.admission_used = 0;
    line.admission = command.admission_number;
    ++line.admission_used;
  }
  if (job.stray != 0) stray_tombstones_.fetch_sub(job.stray, std::memory_order_relaxed);
  Record& record = shard.users.record(line, ordinal);
  record.BecomeHold(command, now, job.deadline_us);
  shard.queue.Push({.deadline_us = job.deadline_us, .place = place, .ordinal = ordinal});
  if (job.keys != nullptr) {
    shard.keys->SetKeysOf(command.user, ordinal, command.keys);
    ChargeKeys(command.user, ordinal, command.units, 0);
  }
  *job.outcome = Outcome{.code = Code::kDone,
                         .state = ReservationState::kActive,
                         .units = command.units,
                         .when_us = job.deadline_us};
  events_.Write(Event{.seq = seq,
                      .at = now,
                      .type = EventType::kReserved,
                      .edges = {},
                      .line = command.line,
                      .units = command.units,
                      .returned = 0,
                      .user = command.user,
                      .id = command.id,
                      .deadline = Time(Duration(job.deadline_us)),
                      .quote = command.quote,
                      .admission = command.admission_number,
                      .user_limit = job.limit,
                      .keys = command.keys},
                {.place = place, .record = static_cast<std::uint8_t>(line.records - 1)});
}

void SaleEngine::CommitTombstone(Time now, const Job& job, std::uint64_t seq) {
  const Command& command = *job.command;
  known_.Insert(job.hash);
  UserTable& users = shards_[job.shard].users;
  const auto [place, ordinal] = AddRecord(job);
  UserLine& line = users.line(place);
  Record& record = users.record(line, ordinal);
  record.BecomeTombstone(command.id);
  Answer(job, Code::kDone, record);
  Event event;
  event.seq = seq;
  event.at = now;
  event.type = EventType::kTombstoned;
  event.user = command.user;
  event.id = command.id;
  events_.Write(event, {.place = place, .record = static_cast<std::uint8_t>(line.records - 1)});
}

void SaleEngine::ChargeKeys(const UserId& user, Ordinal ordinal, std::int64_t held,
                            std::int64_t bought) {
  if (!has_keys_) return;
  const LimitKeys keys = shards_[ShardOf(hash_(user.bytes()))].keys->KeysOf(user, ordinal);
  for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
    if (keys[i].is_nil()) continue;
    const ShardIndex shard = ShardOf(hash_(keys[i].bytes(), i + 1));
    KeyLedger::Charge& charge = shards_[shard].keys->At(TallyKey::Of(i, keys[i]));
    charge.held = static_cast<Units>(charge.held + held);
    charge.bought = static_cast<Units>(charge.bought + bought);
  }
}

}  // namespace flashsale::inline v0::engine
