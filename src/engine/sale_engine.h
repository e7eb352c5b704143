#ifndef FLASHSALE_SRC_ENGINE_SALE_ENGINE_H_
#define FLASHSALE_SRC_ENGINE_SALE_ENGINE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/prefetch.h"
#include "engine/block_pool.h"
#include "engine/event_ring.h"
#include "engine/event_sink.h"
#include "engine/expiry_bound.h"
#include "engine/job.h"
#include "engine/keyed_hash.h"
#include "engine/known_filter.h"
#include "engine/line_state.h"
#include "engine/shard.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::engine {

struct EngineOptions {
  std::uint64_t hash_seed = 0;
  std::size_t events_per_sale = 0;
  std::uint64_t max_records = 0;
  bool prefault = false;
  // While this is true new records answer StorageFull; null: nobody says so.  Outlives the engine.
  const std::atomic<bool>* full = nullptr;
};

// The state machine of one sale: docs/contract.md in memory, for any number of threads.
//
// Users are spread over shards, each under a lock of its own; the stock of a line is one word that
// everybody shares.  A command locks the shards of its user and limit keys in ascending order, is
// judged, and takes stock last; so whoever holds a lock sees a state in which only stock can
// change. Two orders make every prefix of the log lawful and keep every unit in sight:
//   a reserve    enters expiry, takes stock, takes its number, writes record and event;
//   what gives stock back    changes the record, takes its number, returns stock, leaves expiry.
// A refusal of somebody who has nothing here takes no lock and writes nothing.
// docs/architecture.md tells the whole protocol; tests/model proves it.
//
// Thread safety: any thread.  Blocking: only for the short time another call holds the same shard;
// acts that close and Snapshot hold all shards for a moment.  Clock: none.
class SaleEngine {
 public:
  // Null where memory ran out.  REQUIRES: Validate gave the terms.
  static std::unique_ptr<SaleEngine> New(const SaleTerms& terms, const EngineOptions& options);
  ~SaleEngine();
  SaleEngine(const SaleEngine&) = delete;
  SaleEngine& operator=(const SaleEngine&) = delete;

  const SaleTerms& terms() const { return terms_; }

  // REQUIRES of all below: IsValid(now).
  void Apply(Time now, std::span<const Command> commands, std::span<Outcome> outcomes);
  // Asks for the cache lines that the command is going to need.
  void Prefetch(const UserId& user) const { PrefetchUser(hash_(user.bytes())); }
  SaleStock ReadStock(Time now) const;
  Tally ReadTally(const TallyKey& key);
  std::optional<Reservation> Find(const UserId& user, const ReservationId& id);
  ExpireReport ExpireDue(Time now, std::size_t max_holds);
  EventPage ReadEvents(std::uint64_t after, std::span<Event> events) {
    return events_.Read(after, events);
  }
  void Snapshot(SnapshotVisitor& visitor);

  // Shows each event to the sink as it is folded, from the next on; see EventRing.
  void Show(std::unique_ptr<EventSink> sink) {
    events_.Show(sink.get());
    sink_ = std::move(sink);
  }
  // Null where there is none.
  EventSink* sink() const { return sink_.get(); }
  // The last number that was given.  What FoldThrough(it) has folded tells of all that any call
  // may have seen that has returned.
  std::uint64_t last_seq() const { return events_.last_seq(); }
  void FoldThrough(std::uint64_t seq) { events_.FoldThrough(seq); }

  // Where the user's line lies, or kNoPlace; and whose lies there.
  Place PlaceOf(const UserId& user);
  UserId UserAt(Place place) const { return user_lines_.At(place)->user; }
  // Asks for the line's memory.  REQUIRES: PlaceOf or Restore gave the place.
  void PrefetchPlace(Place place) const { AskFor(user_lines_.At(place)); }

  // Adds to an event of the log what the party's record tells: all but time, type, edges, units,
  // returned, deadline and the user's limit.  False where there is no such record.
  bool Complete(Event& event, const Party& party);

  struct Restored {
    // Of the user; kNoPlace for an act.
    Place place = kNoPlace;
    // Why the event cannot follow from those before it; null: it did.
    const char* impossible = nullptr;
    bool out_of_memory = false;
  };
  // Carries out the next event of a log: the state becomes what it was, and the ring has the event.
  // `party.place`: of the user in this engine; for an act, and for a new record of somebody whose
  // place is not known, kNoPlace.  Of a change of a record, only what the record does not tell is
  // looked at: time, type, units, returned, deadline, user_limit.
  // Where it is impossible the engine is of no more use.
  // REQUIRES: no other call is under way, and none but Restore came before; IsValid(event.at).
  Restored Restore(const Event& event, const Party& party);
  // After the last of them: holds that have ended are not waited for any more.  False where memory
  // ran out; then the engine is of no more use.
  bool FinishRestore();

  // kDone where the sale may be forgotten.
  Code JudgeForget(Time now) const;

  // For tests: holds of this user cannot be expired while it is set.
  void PoisonUser(const UserId& user) { poisoned_ = user; }

 private:
  enum class Verdict : std::uint8_t {
    kAnswered,   // the outcome is written; nothing changes
    kEffect,     // job.effect is to be carried out
    kRecordOwn,  // first the lapse of this user's record job.ordinal must be recorded
    kReclaim,    // first what has lapsed must be reclaimed
    kLockKeys,   // first the shards of the record's limit keys must be locked, too
  };

  // The sums over a user's records.
  struct UserSums {
    std::uint64_t held = 0;
    std::uint64_t live = 0;
    std::uint64_t bought = 0;
    std::uint32_t open_holds = 0;
    std::uint32_t live_holds = 0;
    std::uint32_t tombstones = 0;
    Ordinal lapsed = kNoRecord;  // one of the lapsed holds
  };

  struct LapseKey {
    ShardIndex shard;
    Place place;
    Ordinal ordinal;
  };

  // A lapsed hold under its shard's lock.
  struct LapsedHold {
    Place place;
    UserLine* line;
    Record* record;
    Ordinal ordinal;
  };

  struct SliceReport {
    std::uint64_t expired = 0;
    bool more = false;
  };

  SaleEngine(const SaleTerms& terms, const EngineOptions& options);
  bool ok() const;
  // Takes the memory that the sale is going to need once every unit has found a buyer of its own,
  // with limit keys of their own.  False where there is not enough.
  bool Prefault();

  // --- sale_engine.cc: the way of a batch
  void Prepare(const Command& command, Outcome& outcome, Job& job) const;
  void PrefetchUser(std::uint64_t hash) const {
    const Shard& shard = shards_[ShardOf(hash)];
    shard.Prefetch();
    shard.users.Prefetch(hash);
    known_.Prefetch(hash);
  }
  // Asks for what the job is going to write.  REQUIRES: its shard's lock.
  void PrefetchUnderLock(const Job& job) const;
  void ApplyWindow(Time now, std::span<Job> jobs);
  void ApplySingle(Time now, Job& job) {
    if (!RefuseUnlocked(now, job)) ApplyOne(now, job);
  }
  // The jobs from the front that name distinct users and keys.
  std::size_t LengthOfRun(std::span<const Job> jobs) const;
  // False, and nothing changed, where the jobs must be carried out one by one.
  bool ApplyRun(Time now, std::span<Job> jobs);
  void ApplyOne(Time now, Job& job);
  enum class Take : std::uint8_t { kTaken, kAnswered, kAgain, kReclaim };
  // Takes the stock that a judged job needs, or finds that there is none.
  Take TakeStock(Time now, Job& job);
  Take CountTombstone(Job& job);
  bool StorageIsFull() const {
    return (counts_records_ && records_.load(std::memory_order_relaxed) >= max_records_) ||
           (full_ != nullptr && full_->load(std::memory_order_relaxed));
  }
  // False where the store may keep no more records.
  bool CountRecord();
  void UncountRecord();
  void SetKeys(const LimitKeys& keys, Job& job) const;
  void AddShards(const Job& job, ShardLocks& locks) const;
  void EnterExpiry(const Job& job);
  void Commit(Time now, const Job& job, std::uint64_t seq);
  struct NewRecord {
    Place place;
    Ordinal ordinal;
  };
  // A record for the job's user, who becomes one here if they are not yet; its members undefined.
  NewRecord AddRecord(const Job& job);
  void CommitReserve(Time now, const Job& job, std::uint64_t seq);
  void CommitTombstone(Time now, const Job& job, std::uint64_t seq);
  void CommitToRecord(Time now, const Job& job, std::uint64_t seq);
  void ChargeKeys(const UserId& user, Ordinal ordinal, std::int64_t held, std::int64_t bought);

  // --- judge.cc: the contract
  Verdict Judge(Time now, Job& job, std::uint32_t jobs_in_shard);
  Verdict JudgeReserve(Time now, Job& job, std::uint32_t jobs_in_shard);
  Verdict JudgeConfirm(Time now, Job& job, const Record& record);
  Verdict JudgeRevive(Time now, Job& job, const Record& record);
  Verdict JudgeCancelUnseen(Job& job, std::uint32_t jobs_in_shard);
  Verdict JudgeExtend(Time now, Job& job, Record& record);
  // Answers a new reserve that is refused for what everybody can see, if its user and keys have
  // nothing here.  Takes no lock and writes nothing shared.
  bool RefuseUnlocked(Time now, const Job& job) const;
  Field FindTermsError(const Command& command) const;
  bool NotAdmitted(const Command& command, const UserLine* line) const;
  UserSums SumsOf(Time now, UserTable& users, UserLine& line) const;
  bool FindRecord(Job& job, Record*& record);
  // Whether a record's lapse, or the cancellation of its sale, is still to be recorded.
  bool MustBeRecorded(Time now, const Record& record) const;
  // Whether the room that a job needs is there.
  bool EnsureRoom(const Job& job, std::uint32_t jobs_in_shard, bool hold);
  Verdict JudgeKeyLimits(Time now, Job& job, const LimitKeys& keys, Units units);
  static void Answer(const Job& job, Code code, Field field = Field::kNone) {
    *job.outcome = Outcome{.code = code, .field = field};
  }
  static void Answer(const Job& job, Code code, const Record& record);

  // --- expiry.cc: what lapses
  bool LapseIsDue(Time now) const;
  bool ShardIsDue(Time now, std::size_t shard) const;
  bool AllHoldsAreDue(Time now) const;
  // Records the lapse of one hold, taking the locks that this needs.  False where another call did.
  bool RecordLapse(Time now, const LapseKey& key);
  // Whether the stock has what this hold is to return, beside `waiting` units of other holds.
  bool CanExpire(const UserId& user, const Record& record, std::uint64_t waiting) const;
  // Records the lapse of holds of one line.  REQUIRES: the shard's lock, and those of their limit
  // keys; they are due and can be expired; at least one.
  void Expire(Time now, Shard& shard, std::span<const LapsedHold> holds);
  // Expires up to `most` holds of one shard.
  std::uint64_t ExpireShard(Time now, ShardIndex index, std::size_t most);
  SliceReport ExpireSlice(Time now, std::size_t most);
  void Reclaim(Time now);
  std::uint64_t RetryQuarantined(Time now, std::size_t most);
  void RecordClock(Time now);

  // --- acts.cc: operators
  void ApplyAct(Time now, const Command& command, Outcome& outcome);
  Code ApplyRelease(Time now, const Command& command, Outcome& outcome);
  Code ApplySettle(Time now);
  void ApplyClosing(Time now, Verb act);
  void ApplyOpening(Time now, Verb act);
  // Records an act and takes its number.  REQUIRES: all shards are locked.
  std::uint64_t MarkUnderAllLocks(Time now, Verb act);
  void SetMarks(const SaleMarks& marks);
  void WriteAct(Time now, EventType type, std::uint64_t seq);
  SaleMarks Marks() const { return MarksOf(control_.load(std::memory_order_acquire)); }
  SaleMarks MarksOf(std::uint64_t control) const {
    return {.started_early = (control & kStartedEarly) != 0,
            .paused = (control & kPaused) != 0,
            .closed = (control & kClosed) != 0,
            .cancelled = (control & kCancelled) != 0,
            .settled = (control & kSettled) != 0,
            .closed_at = Time(Duration(closed_at_us_.load(std::memory_order_relaxed)))};
  }
  bool IsCancelled() const { return (control_.load(std::memory_order_acquire) & kCancelled) != 0; }
  Phase PhaseNow(Time now) const { return PhaseAt(Marks(), terms_.start, terms_.end, now); }
  Time Cut() const {
    return FromMicros(static_cast<std::uint64_t>(cut_us_.load(std::memory_order_acquire)));
  }

  // --- restore.cc
  Restored RestoreRecord(const Event& event, const Party& party);
  Restored RestoreTransition(const Event& event, const Party& party);
  Restored RestoreRelease(const Event& event);

  // --- read.cc
  Reservation Unpack(const Shard& shard, const UserId& user, Ordinal ordinal,
                     const Record& record) const;
  Event EventOf(const Shard& shard, const UserId& user, Ordinal ordinal,
                const Record& record) const;
  Tally TallyOf(UserTable& users, UserLine& line) const;
  Tally TallyOf(const TallyKey& key, const KeyLedger::Charge& charge) const;

  ShardIndex ShardOf(std::uint64_t hash) const {
    return static_cast<ShardIndex>(hash >> shard_shift_);
  }
  LineState& LineOf(std::uint16_t line) { return *lines_[line]; }
  const LineState& LineOf(std::uint16_t line) const { return *lines_[line]; }

  const SaleTerms terms_;
  const std::size_t line_count_;
  const std::size_t key_count_;
  const bool has_keys_;
  const std::uint64_t max_records_;
  const bool counts_records_;
  const std::atomic<bool>* const full_;
  const KeyedHash hash_;
  const Units most_units_;  // of a reserve, by the terms
  const IndexGeometry geometry_;
  const int shard_shift_;

  std::vector<std::unique_ptr<LineState>> lines_;
  KnownFilter known_;
  UserLineArena user_lines_;
  BlockPool index_pool_;
  ExpiryBlockArena expiry_blocks_;
  ShardArray shards_;
  ExpiryBound bound_;
  EventRing events_;

  // Bits of control_; the count of acts begins above them.
  static constexpr std::uint64_t kStartedEarly = 1 << 0;
  static constexpr std::uint64_t kPaused = 1 << 1;
  static constexpr std::uint64_t kClosed = 1 << 2;
  static constexpr std::uint64_t kCancelled = 1 << 3;
  static constexpr std::uint64_t kSettled = 1 << 4;
  static constexpr std::uint64_t kOneAct = 1 << 5;

  // The marks in the lowest bits, above them a count of acts: one look tells both the phase and
  // whether anything happened since the last.  Written under operator_mutex_; what closes, under
  // all shard locks too.
  alignas(64) std::atomic<std::uint64_t> control_{0};
  // Microseconds; written before control_.
  std::atomic<std::int64_t> closed_at_us_;
  std::atomic<std::int64_t> cut_us_;

  alignas(64) Mutex operator_mutex_;
  // When ExpireDue looks for an edge that time alone has passed.
  std::atomic<std::int64_t> next_time_edge_us_;

  alignas(64) std::atomic<std::uint64_t> records_{0};  // only if counts_records_
  std::atomic<std::uint64_t> stray_tombstones_{0};
  std::atomic<std::uint64_t> quarantined_{0};
  std::atomic<std::uint32_t> next_shard_{0};  // where the next slice begins
  std::unique_ptr<EventSink> sink_;
  UserId poisoned_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_SALE_ENGINE_H_
