"""Bugs of what is on sale: stock, holds, limits, records, events and acts.  See bugs.py."""

from seeded import bug

INVENTORY = "include/flashsale/domain/inventory.h"
FLASH_SALE = "src/domain/flash_sale.cc"
ACTS = "src/engine/acts.cc"
BOUND = "src/engine/expiry_bound.cc"
EDGES = "src/engine/edge_fold.h"
ENGINE = "src/engine/sale_engine.cc"
EXPIRY = "src/engine/expiry.cc"
JOB = "src/engine/job.h"
JUDGE = "src/engine/judge.cc"
LINE = "src/engine/line_state.h"
QUEUE = "src/engine/expiry_queue.h"
READ = "src/engine/read.cc"
RING = "src/engine/event_ring.cc"
RING_H = "src/engine/event_ring.h"
TABLE = "src/engine/user_table.cc"
INDEX = "src/engine/user_index.h"
DIRECTORY = "src/base/directory.h"

ENTER_AND_TAKE = """\
      EnterExpiry(job);
      line.CountEntries(1);
      if (line.stock.TryReserve(job.units)) return Take::kTaken;
"""

TAKE_NUMBERS = "  std::uint64_t seq = events_.TakeNumbers(holds.size());\n"
RETURN_STOCK = "  LineOf(holds.front().record->line()).stock.Return(units);\n"

# Stock.
bug("stock is taken although too little is left", "scripts",
    (INVENTORY, "if (AvailableIn(word) < units) return false;",
     "if (AvailableIn(word) == 0) return false;"))
bug("the look at the stock and its taking are two steps", "interleavings",
    (INVENTORY, "while (!word_.compare_exchange_weak(word, word + change, "
                "std::memory_order_acq_rel,\n"
                "                                          std::memory_order_acquire));",
     "while (word_.fetch_add(change, std::memory_order_acq_rel) == ~std::uint64_t{0});"))
bug("a run takes the stock of one of its reserves", "scripts",
    (ENGINE, "taken += job.units;", "taken = job.units;"))
bug("a confirm of a part keeps the rest reserved", "scripts",
    (ENGINE, "stock.Sell(held, job.units);", "stock.Sell(job.units, job.units);"))
bug("a void returns the units asked, not those bought", "scripts",
    (ENGINE, "stock.Refund(held);", "stock.Refund(record.asked);"))
bug("a wave counts from what is released, not in all", "scripts",
    (ACTS, "event.units = command.units - released;", "event.units = command.units;"))

# The order of stock, numbers and marks.
bug("stock is taken for a moment before the limits are judged", "interleavings",
    (JUDGE, "  UserTable& users = shards_[job.shard].users;\n"
            "  UserLine* const line = job.place == kNoPlace",
     "  Inventory& stock = LineOf(command.line).stock;\n"
     "  if (stock.TryReserve(command.units)) stock.Return(command.units);\n"
     "  UserTable& users = shards_[job.shard].users;\n"
     "  UserLine* const line = job.place == kNoPlace"))
bug("a reserve takes its number before its stock", "contention",
    (ENGINE, "}  // namespace\n\nstd::unique_ptr<SaleEngine>",
     "thread_local std::uint64_t early = 0;\n}  // namespace\n\nstd::unique_ptr<SaleEngine>"),
    (ENGINE, ENTER_AND_TAKE,
     "      early = line.stock.available() >= job.units ? events_.TakeNumbers(1) : 0;\n"
     + ENTER_AND_TAKE),
    (ENGINE, "    Commit(now, job, events_.TakeNumbers(1));\n",
     "    const bool numbered = job.effect == Effect::kReserve && early != 0;\n"
     "    Commit(now, job, numbered ? early : events_.TakeNumbers(1));\n"))
bug("a lapse returns its stock before it takes its number", "interleavings",
    (EXPIRY, TAKE_NUMBERS + RETURN_STOCK, RETURN_STOCK + TAKE_NUMBERS))
bug("a pause, close or cancellation takes its number without the locks", "hard cases",
    (ACTS, "    const AllShardsLock all(shards_);\n    seq = MarkUnderAllLocks(now, act);",
     "    seq = MarkUnderAllLocks(now, act);"))
bug("a start or resume takes its number last", "interleavings",
    (ACTS, """\
  const std::uint64_t seq = events_.TakeNumbers(1);
  SaleMarks marks = Marks();
  RecordAct(act, now, marks);
  SetMarks(marks);
""", """\
  SaleMarks marks = Marks();
  RecordAct(act, now, marks);
  SetMarks(marks);
  const std::uint64_t seq = events_.TakeNumbers(1);
"""))
bug("a wave takes its number after its stock was released", "interleavings",
    (ACTS, "  event.seq = events_.TakeNumbers(1);\n  event.at = now;\n"
           "  event.type = EventType::kReleased;", "  event.at = now;\n"
           "  event.type = EventType::kReleased;"),
    (ACTS, "  stock.ReleaseUpTo(command.units);\n",
     "  stock.ReleaseUpTo(command.units);\n  event.seq = events_.TakeNumbers(1);\n"))
bug("a reserve's phase is judged before its locks are held", "hard cases",
    (ENGINE, "    AddShards(job, locks);\n    locks.Lock();\n    PrefetchUnderLock(job);\n",
     "    AddShards(job, locks);\n"
     "    job.effect = static_cast<Effect>(AnswerToNewReserve(PhaseNow(now)));\n"
     "    locks.Lock();\n    PrefetchUnderLock(job);\n"),
    (ENGINE, "  for (const Job& job : jobs) {\n    AddShards(job, locks);",
     "  for (Job& job : jobs) {\n"
     "    job.effect = static_cast<Effect>(AnswerToNewReserve(PhaseNow(now)));\n"
     "    AddShards(job, locks);"),
    (JUDGE, "const Code by_phase = AnswerToNewReserve(PhaseNow(now));",
     "const Code by_phase = static_cast<Code>(job.effect);"))

# Honest SoldOut.
bug("an unlocked refusal does not ask whether anything has lapsed", "scripts",
    (JUDGE, "[&] { return LapseIsDue(now); };", "[] { return false; };"))
bug("a refusal does not look at the count of entries again", "engine",
    (LINE, "return entries.load(std::memory_order_acquire) == before ? Look::kSoldOut : "
           "Look::kChanged;",
     "return before == ~std::uint64_t{0} ? Look::kChanged : Look::kSoldOut;"))
bug("a refusal looks at the stock before it asks what has lapsed", "engine",
    (LINE, "    if (lapse_is_due()) return Look::kLapsed;\n"
           "    if (stock.available() >= units) return Look::kAvailable;\n",
     "    if (stock.available() >= units) return Look::kAvailable;\n"
     "    if (lapse_is_due()) return Look::kLapsed;\n"))
bug("a hold is not counted among the entries", "engine",
    (LINE, "entries.fetch_add(holds, std::memory_order_acq_rel);",
     "entries.fetch_add(holds - holds, std::memory_order_acq_rel);"))
bug("a hold enters expiry after it took its stock", "interleavings",
    (ENGINE, ENTER_AND_TAKE, """\
      if (line.stock.TryReserve(job.units)) {
        EnterExpiry(job);
        line.CountEntries(1);
        return Take::kTaken;
      }
"""))
bug("a shard's bound rises past the hold that is next", "random runs",
    (EXPIRY, "shard.queue.empty() ? ExpiryBound::kNever : shard.queue.front().deadline_us);",
     "shard.queue.empty() ? ExpiryBound::kNever : shard.queue.front().deadline_us + 1);"))
bug("a shard's bound is raised after its lock was given back", "interleavings",
    (EXPIRY, "  bound_.SetShard(index,\n"
             "                  shard.queue.empty() ? ExpiryBound::kNever "
             ": shard.queue.front().deadline_us);",
     "  const std::int64_t next =\n"
     "      shard.queue.empty() ? ExpiryBound::kNever : shard.queue.front().deadline_us;\n"
     "  locks.Unlock();\n"
     "  bound_.SetShard(index, next);"))
bug("raising the minimum passes by a hold that enters meanwhile", "interleavings",
    (BOUND, "while (!earliest_.compare_exchange_strong(mark, lowest, std::memory_order_seq_cst));",
     "while (mark != kRecomputing);\n  earliest_.store(lowest, std::memory_order_seq_cst);"))
bug("a hold that enters leaves the mark of the raiser as it is", "interleavings",
    (BOUND, "const std::int64_t next = seen < 0 ? seen - 1 : deadline_us;",
     "if (seen < 0) return;\n    const std::int64_t next = deadline_us;"))
bug("a hold with limit keys leaves the queue before its lapse is recorded", "interleavings",
    (EXPIRY, "      record_lapsed();\n      locks.Unlock();\n",
     "      record_lapsed();\n      shard.queue.Pop();\n"
     "      bound_.SetShard(index, shard.queue.empty() ? ExpiryBound::kNever\n"
     "                                                 : shard.queue.front().deadline_us);\n"
     "      locks.Unlock();\n"))
bug("a shard's bound rises before its lapsed holds are recorded", "interleavings",
    (EXPIRY, "  record_lapsed();\n  bound_.SetShard(index,\n"
             "                  shard.queue.empty() ? ExpiryBound::kNever "
             ": shard.queue.front().deadline_us);\n",
     "  bound_.SetShard(index,\n"
     "                  shard.queue.empty() ? ExpiryBound::kNever "
     ": shard.queue.front().deadline_us);\n"
     "  bound_.Raise();\n"
     "  record_lapsed();\n"))
bug("holds of two lines lapse as holds of the first", "random runs",
    (EXPIRY, "    if (lapsed_count == kMostAtOnce ||\n"
             "        (lapsed_count != 0 && lapsed[0].record->line() != record.line())) {\n",
     "    if (lapsed_count == kMostAtOnce) {\n"))
bug("of holds that lapse together one returns its stock", "random runs",
    (EXPIRY, "    units += hold.record->units;\n", "    units = hold.record->units;\n"))

# Who is unknown.
bug("an unlocked refusal does not ask whether the user is known", "scripts",
    (JUDGE, "  if (known_.MayContain(job.hash)) return false;\n", ""))
bug("an unlocked refusal asks first whether the user is known", "interleavings",
    (JUDGE, "  const std::uint64_t control = control_.load(std::memory_order_acquire);\n"
            "  Field field",
     "  const bool known = known_.MayContain(job.hash);\n"
     "  const std::uint64_t control = control_.load(std::memory_order_acquire);\n"
     "  Field field"),
    (JUDGE, "  if (known_.MayContain(job.hash)) return false;\n", "  if (known) return false;\n"))
bug("an unlocked refusal does not look at the marks again", "interleavings",
    (JUDGE, "if (keys_known || control_.load(std::memory_order_acquire) != control) return false;",
     "if (keys_known) return false;"))
bug("a user becomes known only after their stock was taken", "interleavings",
    (ENGINE, "  if (job.place == kNoPlace) known_.Insert(job.hash);\n", ""),
    (ENGINE, "  UserLine& line = shard.users.line(place);\n  line.limit = job.limit;\n",
     "  known_.Insert(job.hash);\n"
     "  UserLine& line = shard.users.line(place);\n  line.limit = job.limit;\n"))

# Lapse.
bug("a lapse does not return its stock", "scripts",
    (EXPIRY, RETURN_STOCK, ""))
bug("a lapse returns its stock twice", "scripts",
    (EXPIRY, RETURN_STOCK, RETURN_STOCK + RETURN_STOCK))
bug("two who meet the same lapse both record it", "contention",
    (EXPIRY, "if (!MustBeRecorded(now, record)) return false;  // another call came first",
     "static_cast<void>(0);"))
bug("a confirm of a lapsed hold is honoured", "scripts",
    (JUDGE, "if (MustBeRecorded(now, *record)) return Verdict::kRecordOwn;",
     "if (job.command->verb != Verb::kConfirm && MustBeRecorded(now, *record)) {\n"
     "    return Verdict::kRecordOwn;\n  }"))
bug("a hold is live at its deadline", "scripts",
    (JUDGE, "!IsLive(record.deadline(), Cut(), now)",
     "!IsLive(SaturatingAdd(record.deadline(), Duration(1)), Cut(), now)"))
bug("a hold outlives the cut", "scripts",
    (JUDGE, "!IsLive(record.deadline(), Cut(), now)", "!IsLive(record.deadline(), kMaxTime, now)"))
bug("a cleaner does not know of the cut", "scripts",
    (EXPIRY, "return now >= Cut() || IsCancelled();", "return IsCancelled();"))
bug("an extended hold lapses at its first deadline", "random runs",
    (EXPIRY, "    if (!MustBeRecorded(now, record)) {\n      // It ended otherwise",
     "    if (!record.is_active()) {\n      // It ended otherwise"))
bug("an extended hold is not queued again", "random runs",
    (EXPIRY, "      shard.queue.Requeue(entry);\n", ""))
bug("a cursor beyond the last event begins anew", "engine",
    (RING, "  if (after >= last) return page;\n", ""))
bug("a hold taken by a clock that is behind is queued last", "random runs",
    (QUEUE, "      PushHeap(entry);\n    } else {", "      Append(entry);\n    } else {"))
bug("a hold that cannot be expired is dropped", "engine",
    (EXPIRY, "        shard.quarantine.push_back(entry);\n",
     "        shard.quarantine.reserve(1);\n"))

# Limits, records, admissions.
bug("lapsed holds count towards the limit", "scripts",
    (JUDGE, "if (sums.live + sums.bought + command.units > job.limit) return",
     "if (sums.held + sums.bought + command.units > job.limit) return"))
bug("what was bought does not count towards the limit", "scripts",
    (JUDGE, "      sums.bought += record.units;\n", ""))
bug("a revival is not judged by the user's limit", "random runs",
    (JUDGE, "if (sums.held + sums.bought + job.units > line.limit) {",
     "if (sums.held + job.units > line.limit) {"))
bug("limit keys are judged without the locks of their shards", "contention",
    (ENGINE, "  ForEachKey(job, [&](std::size_t i) { locks.Add(job.key_shards[i]); });\n", ""))
bug("a lapse is not returned to its limit keys", "scripts",
    (EXPIRY, "    ChargeKeys(hold.line->user, hold.ordinal, "
             "-std::int64_t{hold.record->units}, 0);\n", ""))
bug("a confirm of a part charges the whole to its limit keys", "scripts",
    (ENGINE, "ChargeKeys(line.user, job.ordinal, -std::int64_t{held}, job.units);",
     "ChargeKeys(line.user, job.ordinal, -std::int64_t{held}, held);"))
bug("a new admission goes on with the old count", "scripts",
    (ENGINE, "    if (command.admission_number != line.admission) line.admission_used = 0;\n", ""))
bug("an admission older than the last is accepted", "scripts",
    (JUDGE, "return command.admission_number < line->admission ||\n         line->admission_used",
     "return command.admission_number == line->admission &&\n         line->admission_used"))
bug("a user may have 33 records", "scripts",
    (JUDGE, "if (line->records >= kMaxRecordsPerUser)", "if (line->records > kMaxRecordsPerUser)"))
bug("tombstones count as strays for ever", "scripts",
    (ENGINE, "  if (job.stray != 0) stray_tombstones_.fetch_sub(job.stray, "
             "std::memory_order_relaxed);\n", ""))
bug("a refused reserve keeps its place in the store", "interleavings",
    (ENGINE, "return Take::kTaken;\n      UncountRecord();\n      break;",
     "return Take::kTaken;\n      break;"))

# Runs of a batch, tables, locks.
bug("a run holds the same user twice", "scripts",
    (ENGINE, "    if (!distinct) break;\n", ""))
bug("a run makes room for one user of each shard", "engine",
    (ENGINE, "    switch (Judge(now, job, counts.Of(job.shard))) {",
     "    switch (Judge(now, job, counts.Of(job.shard) == 0 ? 0 : 1)) {"))
bug("an index that grows forgets its latest user", "random runs",
    (TABLE, "  for (std::uint32_t i = 0; i < size_; ++i) {", "  for (std::uint32_t i = 0; i + 1 < size_; ++i) {"))
bug("a search ends at the first line of the index", "engine",
    (INDEX, "      if (bucket.tags[IndexBucket::kPlaces - 1] == IndexBucket::kFree) return kNoPlace;",
     "      return kNoPlace;"))
bug("shards are locked in the order in which they are named", "engine",
    (JOB, "    for (std::ptrdiff_t i = 0; i < count_; ++i) {\n"
          "      set[Wanted(i) / 64U] |= std::uint64_t{1} << (Wanted(i) % 64U);\n"
          "    }\n"
          "    count_ = 0;\n",
     "    const std::ptrdiff_t named = std::exchange(count_, 0);\n"
     "    for (std::ptrdiff_t i = 0; i < named; ++i) {\n"
     "      const ShardIndex shard = Wanted(i);\n"
     "      const std::uint64_t bit = std::uint64_t{1} << (shard % 64U);\n"
     "      if ((set[shard / 64U] & bit) == 0) Add(shard);\n"
     "      set[shard / 64U] |= bit;\n"
     "    }\n"
     "    set = {};\n"))
bug("a snapshot is taken while shoppers are at work", "interleavings",
    (READ, "  const MutexLock lock(operator_mutex_);\n  const AllShardsLock all(shards_);\n",
     "  const MutexLock lock(operator_mutex_);\n"))

# Events.
bug("the start is marked again on every event", "scripts",
    (EDGES, "    started_ = true;\n", ""))
bug("a ring that is full is written over", "engine",
    (RING_H, "    if (event.seq > folded_.load(std::memory_order_acquire) + mask_) "
             "WaitForRoom(event.seq);\n", ""))
bug("a slot of the ring is published before it is written", "interleavings",
    (RING_H, "    slot[kSeq].store(0, std::memory_order_relaxed);\n",
     "    slot[kSeq].store(event.seq, std::memory_order_release);\n"))

# Acts and lifetime.
bug("a sale is settled although holds live", "scripts",
    (ACTS, "    if (!held) {\n", "    if (!held || !LapseIsDue(now)) {\n"))
bug("a sale is settled by a look without the locks", "engine",
    (ACTS, "    const AllShardsLock all(shards_);\n    const bool held",
     "    const bool held"))
bug("a sale that was cancelled may be closed", "scripts",
    (FLASH_SALE, "return phase == Phase::kCancelled ? Code::kSaleCancelled : ",
     "return "))
bug("a hint reaches the sale that was made in its place", "backend",
    (DIRECTORY, "    return slot->generation.load(std::memory_order_seq_cst) == hint >> 32 ? value : nullptr;",
     "    return value;"))
bug("a sale is forgotten without waiting for those inside", "hard cases",
    (DIRECTORY, "    gate_.Synchronize();\n", ""))
bug("a crowd that comes too late fills the filter of those who are known", "engine",
    (ENGINE, "      if (line.stock.available() < job.units) break;\n", ""))
bug("a batch takes stock before it gives back what comes first in it", "interleavings",
    (ENGINE, "    if (gives && verb == Verb::kReserve) break;\n", ""))
bug("a batch takes stock before a confirm of a part gives the rest back", "interleavings",
    (ENGINE, "    if (gives) return false;\n", ""))
