"""The bugs that are seeded into the library, each with the suite that must reject it.

An edit is (file, old text, new text); the old text stands in the file exactly once.  A bug is a
library that somebody could have written: it compiles, and answers most calls well.

Not here, because harmless:
  - an expiry that returns the units asked instead of those held: they differ only after a confirm
    of a part, and what was bought does not expire; "a void returns the units asked" stands for it;
  - stock returned before the record changes: both happen under the shard's lock, and nobody reads
    a record without it; what others can see is the number, and that order is here.
Nor what only shows where memory runs out: those suites take longest and are not run here.
"""

import collections

Bug = collections.namedtuple("Bug", "name suite edits")

INVENTORY = "include/flashsale/domain/inventory.h"
FLASH_SALE = "src/domain/flash_sale.cc"
ACTS = "src/engine/acts.cc"
BOUND = "src/engine/expiry_bound.cc"
BOUND_H = "src/engine/expiry_bound.h"
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
ADMISSIONS = "src/backend/memory/admission_table.cc"
PLACES = "src/backend/memory/place_line.cc"
TICKETS = "src/backend/memory/waiting_tickets.cc"
WAITING = "src/backend/memory/waiting_line.cc"
WAITING_H = "src/backend/memory/waiting_line.h"
TICKET_INDEX = "src/backend/memory/ticket_index.cc"
TICKET_INDEX_H = "src/backend/memory/ticket_index.h"
STAGES = "src/backend/memory/waiting_line_stages.cc"
LAPSED = "src/service/lapsed_admissions.cc"
GATES = "src/service/gates.cc"
GATES_H = "src/service/gates.h"
WATCH = "src/service/delivery_watch.cc"
QUEUES = "src/backend/memory/memory_queue_repository.cc"
COMPOSITE = "src/policy/composite_bot_detector.cc"
SHOPPERS = "src/service/shopper_calls.cc"
RESERVE_BATCH = "src/service/reserve_batch.cc"
CHAIN = "src/policy/bot_chain.cc"
REPLAY = "src/policy/replay_memory.cc"
BREAKER = "src/policy/circuit_breaker.cc"
LIMITER = "src/policy/rate_limiter.cc"
KEY_RING = "src/policy/key_ring.cc"
TOKEN_KEY = "src/policy/token_key.cc"
VERIFIER = "src/policy/token_verifier.cc"
JWS = "src/policy/jws.cc"
FLAT_JSON = "src/policy/flat_json.cc"
BASE64URL = "src/policy/base64url.cc"
DRAW = "src/policy/draw.cc"
DRAW_H = "include/flashsale/policy/draw.h"
DRAW_HASHER = "src/policy/draw_hasher.h"
DRAW_RANK = "src/policy/draw_rank.h"
CEREMONY = "src/policy/draw_ceremony.cc"
PROOF = "src/policy/inclusion_proof.cc"
VIRTUAL_QUEUE = "src/service/virtual_queue.cc"
QUEUE_VIEW = "src/service/queue_view.cc"
SERVED_WAITLIST = "src/service/served_waitlist.cc"
WAITLIST_PLACES = "src/service/served_waitlist_places.cc"
WAITLIST_TERMS = "src/service/waitlist_terms.cc"
FOREIGN_TURNS = "src/service/foreign_turns.h"
WAVES = "src/service/wave_schedule.cc"
SERVICE = "src/service/flash_sale_service.cc"
RATES = "src/backend/memory/memory_rate_repository.cc"
LANE = "src/runtime/lane.cc"
LANE_WORKER = "src/runtime/lane_worker.cc"

ENTER_AND_TAKE = """\
      EnterExpiry(job);
      line.CountEntries(1);
      if (line.stock.TryReserve(job.units)) return Take::kTaken;
"""

TAKE_NUMBERS = "  std::uint64_t seq = events_.TakeNumbers(holds.size());\n"
RETURN_STOCK = "  LineOf(holds.front().record->line()).stock.Return(units);\n"

BUGS = []


def bug(name, suite, *edits):
    BUGS.append(Bug(name, suite, edits))


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
bug("a refused reserve keeps its place in the store", "random runs",
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

# The queue in memory.
bug("a window that has passed keeps its slot", "queues",
    (WAITING, "    admissions_.Erase(*admission);\n    ++windows_lapsed_;\n", "    ++windows_lapsed_;\n"))
bug("one more is let in than may be in flight", "queues",
    (WAITING, "pace_.max_in_flight - in_flight));", "pace_.max_in_flight - in_flight + 1));"))
bug("a position counts those who wait in another tier", "queues",
    (WAITING, "answer.ahead = waiting_->Ahead(entry);",
     "answer.ahead =\n"
     "        waiting_->Ahead(entry) + (answer.entry.tier == 0 ? 0 : waiting_->waiting(0));"),
    (WAITING_H, "    answer.ahead = ahead;\n    if (touches)",
     "    answer.ahead = ahead + (answer.entry.tier == 0 ? 0 : waiting_->waiting(0));\n"
     "    if (touches)"))
bug("a newcomer is told how many wait in all tiers", "queues",
    (WAITING_H, "const std::uint64_t ahead = waiting_->waiting(command.tier);",
     "const std::uint64_t ahead = waiting_->waiting();"))
bug("who has been let in joins again by the short way", "queues",
    (WAITING_H, "    if (admissions_.size() != 0 && admissions_.Find(hash, command.user).has_value()) return false;\n",
     ""))
bug("who has fallen silent is told a place by the short way", "queues",
    (WAITING_H, "    if (!waiting_->Is(entry, command.user) || waiting_->IsSilent(entry, at)) return false;\n",
     "    if (!waiting_->Is(entry, command.user)) return false;\n"))
bug("whose tag another has is told the other's place", "backend",
    (WAITING_H, "    if (!waiting_->Is(entry, command.user) || waiting_->IsSilent(entry, at)) return false;\n",
     "    if (waiting_->IsSilent(entry, at)) return false;\n"))
bug("a drawn block is watched for its first person only", "backend",
    (TICKETS, "  built.ForEachBlock([&built](std::uint32_t block) { built.File(block); });\n", ""))
bug("who stands astray stays behind when a table splits", "backend",
    (TICKET_INDEX, "      if ((mark & kAstray) != 0) {\n", "      if (false) {\n"))
bug("a newcomer is not looked for in the line that others went on to", "backend",
    (TICKET_INDEX_H, "if (line.Matching(tag) != 0 || line.WentPast(tag) || free == 0) return false;",
     "if (line.Matching(tag) != 0 || free == 0) return false;"))
bug("who fell silent stands in the way of those behind", "queues",
    (WAITING, "    waiting_->Remove(entry);\n    ++fell_silent_;\n  }\n"
              "  return WaitingTickets::kNone;",
     "    break;\n  }\n  return WaitingTickets::kNone;"))
bug("who was heard of once is never found silent", "queues",
    (TICKETS, "    block.heard[w] = heard;\n", "    block.heard[w] = WaitingBlock::kNobody;\n"))
bug("who leaves is counted still by those in later blocks", "backend",
    (PLACES, "  sums_.Add(block.position, -static_cast<std::int32_t>(count));\n", ""))
bug("who moved to the block ahead is counted by nobody", "backend",
    (PLACES, "  sums_.Add(block.position, next.live);\n", ""))
bug("an admission that ends leaves a gap before those that were put behind it", "backend",
    (ADMISSIONS, "    part.records[hole] = part.records[i];\n    hole = i;\n", "    break;\n"))
bug("the clock of admissions runs on in a pause", "queues",
    (STAGES, "  clock_.Pause(latest_);\n  admissions_.SetClock(clock_);\n",
     "  clock_.Pause(latest_);\n"))
bug("a queue that is opened again with another pace is taken for the same", "queues",
    (QUEUES, "if (existing->terms() == terms) return",
     "if (existing->terms().grant == terms.grant) return"))

# The gates.
bug("a resend that does not say so is not looked up", "service",
    (GATES, "if (parts_.shared && (!resend || !resend_lookups_.Take(now).allowed)) return false;",
     "if (!resend || !resend_lookups_.Take(now).allowed) return false;"))
bug("who may be granted more is not asked for a challenge", "service",
    (GATES, "  if (command.units > limit && command.units <= terms.limit_ceiling.value_or(limit)) {\n"
            "    return Refusal(Code::kLimitChallenge);\n  }\n", ""))
bug("the limit is asked after the admission", "service",
    (SHOPPERS, "  if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*sale, call.command));\n", ""),
    (SHOPPERS, "  if (call.IsGuarded()) call.Refuse(gates.CheckStore(call.command.user",
     "  if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*sale, call.command));\n"
     "  if (call.IsGuarded()) call.Refuse(gates.CheckStore(call.command.user"))
bug("a join that is sent again is refused as if it were new", "service",
    (SHOPPERS, "  return place.has_value() ? *place : made",
     "  return made"))
bug("who lets a hold lapse keeps the slot", "service",
    (LAPSED, "if (event.type != EventType::kExpired) continue;",
     "if (event.type != EventType::kVoided) continue;"))
bug("a lapsed hold ends an admission under which another is held", "service",
    (LAPSED, "admission.number == 0 || tally.open_holds != 0", "admission.number == 0"))
bug("another's admission is used", "backend",
    (ADMISSIONS, "if (found == nullptr || found->number != number || found->used) return;",
     "if (found == nullptr || found->used) return;"))
bug("the circuit breaker does not hear of a reserve", "service",
    (SHOPPERS, "  NoteStore(call.permit, status, now);\n", ""))
bug("the circuit breaker does not hear of a batch", "service",
    (RESERVE_BATCH, "      if (calls_[i].permit) Report(", "      if (calls_[i].permit && after < now_) Report("))
bug("a batch looks for what its own requests have reserved before they have", "service",
    (RESERVE_BATCH, "  if (may_be_known && !Flush())", "  if (may_be_known && waiting_.empty())"))
bug("an admission of another in the batch is marked as used", "service",
    (RESERVE_BATCH, "    if (&place != &probe) place = probe;\n",
     "    if (&place == &probe) place = probe;\n"))
bug("the circuit breaker does not hear of a join", "service",
    (SHOPPERS, "  NoteStore(permit, place.status(), now);\n", ""))
bug("a sink that fails is told of with each delivery", "service",
    (WATCH, "  if (failed && !seen.failing) {", "  if (failed) {"))

# Abuse.
bug("a chain takes two detectors of one name", "policy",
    (COMPOSITE, ".That(index == place, fmt::format(", ".That(true, fmt::format("))
bug("a detector in shadow is listened to", "policy",
    (CHAIN, "i < remote_shadows_; ++i) ask(links_[i]);",
     "i < remote_shadows_; ++i) Add(tally, links_[i], ask(links_[i]));"))
bug("a chain in shadow acts", "policy",
    (CHAIN, ".action = options_.shadow ? BotAction::kAllow : judged,", ".action = judged,"))
bug("a decision is settled although the weight of those to come could change it", "policy",
    (CHAIN, "ActionOf(tally.hundredths + weight_left * kMaxBotScore, tally.passed)",
     "ActionOf(tally.hundredths + weight_left, tally.passed)"))
bug("who ran out of time is let pass whatever the policy", "policy",
    (CHAIN, "const bool closed = link.chained->on_failure == FailurePolicy::kClosed;",
     "const bool closed = link.chained->on_failure == FailurePolicy::kClosed &&\n"
     "                      reason != BotReason::kDetectorTimedOut;"))
bug("a token that is verified twice at once passes twice", "policy",
    (REPLAY, "    if (token.hash == hash && token.issued_at >= kMinTime) return Verdict::kReplayed;\n",
     ""))
bug("a circuit breaker that is half open lets everybody through", "policy",
    (BREAKER, "kHalfOpen && s.probes_out == s.options.probes) {",
     "kHalfOpen && s.probes_out == ~std::uint32_t{0}) {"))
bug("a report from before a transition counts", "policy",
    (BREAKER, "{ return EpochIn(word) == report.epoch; };", "{ return EpochIn(word) != 0; };"))
bug("limits are charged although a later one refuses", "policy",
    (LIMITER, "  Status status = rates_.Take(now, probe.charges(), verdict);\n",
     "  Status status;\n"
     "  for (std::size_t i = 0; i < probe.charges().size() && status.ok(); ++i) {\n"
     "    status = rates_.Take(now, probe.charges().subspan(i, 1), verdict);\n"
     "    verdict.refused_by = i;\n"
     "    if (!verdict.decision.allowed) break;\n  }\n"))
bug("what a look at a rate has found is taken although somebody took it since", "interleavings",
    (RATES, "    if (i < looked_at && RateTable::TakeSeen(seen[i])) continue;\n",
     "    if (i < looked_at) {\n      (void)RateTable::TakeSeen(seen[i]);\n      continue;\n    }\n"))

# Draws.
bug("the beacon is left out of the key", "policy",
    (DRAW, "    if (record.beacon.has_value()) {\n      info.insert(",
     "    if (record.beacon.has_value() && info.empty()) {\n      info.insert("))
bug("leaves of the tree have no prefix", "policy",
    (DRAW_HASHER, "message.begin() + 1);\n    return hash_.Of(message);\n  }\n\n  DrawHash Node",
     "message.begin() + 1);\n    return hash_.Of(entrant.bytes());\n  }\n\n  DrawHash Node"))
bug("the entrants are frozen in the order of arrival", "policy",
    (CEREMONY, "  SortUsers(drawn);\n", ""))
bug("somebody may be drawn twice", "policy",
    (DRAW, "    if (lists.drawn[i - 1] == lists.drawn[i]) return Twice(\"drawn\", lists.drawn[i]);\n",
     "    if (lists.drawn[i - 1] == lists.drawn[i]) continue;\n"))
bug("a seed is not held against its commitment", "policy",
    (DRAW, "    if (commitment != record.commitment) {",
     "    if (commitment == DrawHash{}) {"))
bug("those whose ranks begin alike stand as they came", "policy",
    (DRAW_RANK, "    while (last < fronts.size() && fronts[last].front == fronts[first].front) ++last;\n",
     ""))
bug("more go first than their share", "policy",
    (DRAW_H, "return entrants * fifo_per_mille / 1'000;",
     "return (entrants * fifo_per_mille + 999) / 1'000;"))
bug("the roots of other entrants are taken for those of a draw", "policy",
    (CEREMONY, "if (frozen.draw == draw && frozen.print == print) return frozen;",
     "if (frozen.draw == draw && print != DrawHash{}) return frozen;"))
bug("a witness is told of the freeze each time that the beacon is asked for", "policy",
    (CEREMONY, "  frozen.told = true;\n", ""))
bug("a path may be too short", "policy",
    (PROOF, "  return last == 0;\n", "  return true;\n"))

bug("a hint of one part is taken by another", "service",
    (DIRECTORY, "  return directories.fetch_add(1, std::memory_order_relaxed) << 20 | 1;\n",
     "  return 1;\n"))
bug("a queue that is detached keeps the lock that its turns need", "service",
    (VIRTUAL_QUEUE, "    std::erase(state_->ids, sale);\n  }\n", "    std::erase(state_->ids, sale);\n"),
    (VIRTUAL_QUEUE, "  state_->served.Remove(sale);\n", "  state_->served.Remove(sale);\n  }\n"))
bug("the acts of another service are never seen", "service",
    (SERVICE, "  known->NoteRead(stock->marks, version);\n", ""))

# Tokens.
bug("a token is good for ever", "policy",
    (VERIFIER, "  if (expected.now >= claims.expires_at) return TokenVerdict::kExpired;\n", ""))
bug("a token of one sale is good for any", "policy",
    (VERIFIER, "  if (!claims.sale.valid() || claims.sale != expected.sale) "
               "return TokenVerdict::kOtherSale;\n", ""))
bug("a token is good for whoever has it", "policy",
    (VERIFIER, "  if (claims.user != expected.user) return TokenVerdict::kOtherUser;\n", ""))
bug("a ticket is taken for an admission", "policy",
    (VERIFIER, "  if (parts->kind != kKindOf<Claims>) return TokenVerdict::kOtherKind;\n", ""))
bug("the header of a JWT says whether it must be signed", "policy",
    (JWS, "  if (!Names(header->algorithm, key->algorithm)) return TokenVerdict::kBadAlgorithm;\n",
     "  if (header->algorithm == \"none\") return TokenVerdict::kAccepted;\n"))
bug("a JWT without a key's name is tried with the first", "policy",
    (JWS, "keys.Find(*header->key_id) : keys.Only();",
     "keys.Find(*header->key_id)\n                                : keys.keys.data();"))
bug("what a revoked key has signed is accepted", "policy",
    (KEY_RING, "      key.material.reset();\n", ""))
bug("the front of a signature is enough", "policy",
    (TOKEN_KEY, "CRYPTO_memcmp(mac.data(), given.data(), mac.size()) == 0 && fits;",
     "CRYPTO_memcmp(mac.data(), given.data(), std::min(signature.size(), mac.size())) == 0;"))
bug("of a claim that comes twice the first counts", "policy",
    (FLAT_JSON, "if (!value.has_value() || Find(view) != nullptr) return false;",
     "if (!value.has_value()) return false;"))
bug("a token has several texts", "policy",
    (BASE64URL, "    if ((left == 2 ? second & 15 : third & 3) != 0) return std::nullopt;\n", ""))

# Holds of their own length, waves and waitlists.
bug("a reserve is held as the terms say, whatever it asks for", "scripts",
    (JUDGE, "command.hold == Duration(0) ? terms_.hold : command.hold", "terms_.hold"))
bug("a reserve may be held for longer than the longest hold", "scripts",
    (JUDGE, "return command.hold > *terms_.longest_hold ? Field::kHold : Field::kNone;",
     "return Field::kNone;"))
bug("a paused sale has its waves at once", "service",
    (WAVES, "      case Phase::kScheduled:\n      case Phase::kPaused:\n        break;\n"
            "      case Phase::kOpen:\n",
     "      case Phase::kScheduled:\n        break;\n      case Phase::kPaused:\n"
     "      case Phase::kOpen:\n"))
bug("who leaves while they are let in keeps the unit", "service",
    (SERVED_WAITLIST, "    } else if (IsAt(answers[i].entry, turn.entry)) {", "    } else {"),
    (SERVED_WAITLIST, "    } else {\n      cancels.push_back({.verb = Verb::kCancel, "
                      ".user = turn.entry.user, .id = id});\n    }\n", "    }\n"))
bug("who was let in and got nothing is forgotten", "service",
    (SERVED_WAITLIST, "    if (turn.fate == Fate::kWaits && !is_kept) "
                      "pending_.insert(at, turn.entry);\n", ""))
bug("the list counts on units that are left for those whose turn it is", "service",
    (SERVED_WAITLIST, "  available -= std::min(available, mine + others);\n", ""))
bug("a unit waits for ever for somebody whom a server that crashed has let in", "service",
    (FOREIGN_TURNS, "      given_up_ = std::max(given_up_, fewest_);\n", ""))
bug("an offer has the number of the list's own admission", "service",
    (SERVED_WAITLIST, "  command.admission_number = next;\n",
     "  command.admission_number = entry.admission.number;\n"))
bug("an offer spoils an admission of the queue that is half used", "service",
    (SERVED_WAITLIST, "  if (is_in_use || queued.number == next) {", "  if (queued.number == next) {"))
bug("offers of a list that was lost have the ids of the new one's", "service",
    (WAITLIST_TERMS, "key.epoch.time_since_epoch().count(), key.ticket)", "0, key.ticket)"))
bug("others are asked while people wait for the line's units", "service",
    (GATES_H, "    return Outcome{.code = Code::kSoldOut};\n", "    return std::nullopt;\n"))
bug("the queue lets people in for what the waitlist is going to be offered", "service",
    (QUEUE_VIEW, "unused_.load(kRelaxed) + units_claimed_.load(kRelaxed)", "unused_.load(kRelaxed)"))
bug("an offer goes on beyond the turn, so that its user may have two", "service",
    (SERVED_WAITLIST, "std::min(line_.offer_hold, entry.admission.until - now)", "line_.offer_hold"))
bug("an offer of a sale that was cancelled is shown", "service",
    (WAITLIST_PLACES, "if (is_active && !all_cancelled && ", "if (is_active && "))
bug("an offer is shown although its sale has cut it off", "service",
    (WAITLIST_PLACES, "IsLive(record.deadline, cut, now)", "IsLive(record.deadline, kMaxTime, now)"))
bug("other servers find a sale before its waitlists are made", "service",
    (SERVICE, "  if (!created.ok()) return created.status();\n",
     "  if (!created.ok()) return created.status();\n"
     "  (void)catalogue.Put({.terms = *valid});\n"))
bug("how a turn ended is told by every server", "service",
    (SERVED_WAITLIST, "  if (!status.ok() || answer.code != Code::kDone) return status;\n"
                      "  if (outcome.code == Code::kAlreadyDone) {",
     "  if (!status.ok()) return status;\n  if (outcome.code == Code::kAlreadyDone) {"))

# The lane.
bug("a call is sent to the store at its deadline", "runtime",
    (LANE_WORKER, "    if (slot.call.deadline <= now) {", "    if (slot.call.deadline < now) {"))
bug("a worker that is closed leaves the sales whose turn has not come", "runtime",
    (LANE_WORKER, "return turns_.empty() && inbox_.finished();", "return inbox_.finished();"))
bug("answers that nobody has delivered are lost with the lane", "runtime",
    (LANE, "    worker->Deliver();\n    worker->WaitUntilCompleted();\n", ""))
