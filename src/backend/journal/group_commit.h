#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_GROUP_COMMIT_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_GROUP_COMMIT_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "backend/journal/commit.h"
#include "backend/journal/record.h"
#include "base/sha256.h"
#include "flashsale/backend/journal.h"
#include "flashsale/base/status.h"

namespace flashsale::inline v0::journal {

// What a journal's writers share.  Records gather in the next commit; whoever waits for it and
// finds nobody at work writes it for all, while the one after it gathers.
//
// Once the medium has failed otherwise than for want of room, or there was no memory for a record,
// nothing is written any more, and every call says why.
//
// Thread safety: any thread.  Blocking: Await and Admit wait for the medium.
class GroupCommit {
 public:
  // A commit, by its number.
  using Ticket = std::uint64_t;

  struct Options {
    Duration window{0};
    std::size_t max_pending_bytes = 0;
  };
  // Goes on behind the last commit that there is; `nearly_full` is going to be what the medium says
  // after each commit.  Throws std::bad_alloc.
  GroupCommit(JournalMedium& medium, std::atomic<bool>& nearly_full, const CommitHeader& last,
              const Sha256Hash& last_hash, const Options& options);

  // Has write(writer) add records to the next commit, and tells which that is; 0 where that failed
  // for want of memory, which ends everything.
  template <typename Write>
  Ticket Append(Write write) noexcept {
    const std::lock_guard lock(gather_mutex_);
    const RecordWriter::Point before = gathering_.Mark();
    try {
      write(gathering_);
      pending_bytes_.store(gathering_.size(), std::memory_order_relaxed);
      return next_number_;
    } catch (const std::bad_alloc&) {
      gathering_.Rollback(before);
      const std::lock_guard lock_commit(commit_mutex_);
      Fail(&no_memory_);
      return 0;
    }
  }
  // The commit that Append adds to.  REQUIRES: called by what Append calls.
  Ticket gathering() const { return next_number_; }
  // No time before was used later than this.
  void NoteTime(Time now) {
    Duration::rep latest = latest_us_.load(std::memory_order_relaxed);
    const Duration::rep us = now.time_since_epoch().count();
    while (us > latest && !latest_us_.compare_exchange_weak(latest, us)) {
    }
  }
  Time latest() const { return Time(Duration(latest_us_.load(std::memory_order_relaxed))); }

  // The latest time that is kept will be no more than a minute before `now`.  Errors: as of Await.
  Status KeepTime(Time now);

  // The commit that has, or is going to have, all that was appended so far.
  Ticket Last() {
    const std::lock_guard lock(gather_mutex_);
    return gathering_.empty() ? next_number_ - 1 : next_number_;
  }
  // Returns when that commit is kept.  Errors: Unknown, where the medium has no room now, or has
  // failed.
  Status Await(Ticket ticket);
  // Returns when more may be appended.  Errors: ResourceExhausted, where the medium has no room
  // now; Fenced, where it has failed.
  Status Admit() {
    if (failed_.load(std::memory_order_acquire)) return WaitFor(0);
    if (pending_bytes_.load(std::memory_order_relaxed) <= options_.max_pending_bytes) return {};
    return WaitFor(Last());
  }
  // Somebody was refused for want of room: asks the medium whether there is some again.
  void LookForRoom();
  bool IsKept(Ticket ticket) const { return kept_.load(std::memory_order_acquire) >= ticket; }

 private:
  // As Await; errors: ResourceExhausted, Fenced.
  Status WaitFor(Ticket ticket);
  // Writes what has gathered.  One at a time.
  Status Commit();
  // Everything has ended.  REQUIRES: commit_mutex_.
  void Fail(const Status* why) {
    if (failure_ == nullptr) failure_ = why;
    failed_.store(true, std::memory_order_release);
  }

  JournalMedium& medium_;
  std::atomic<bool>& nearly_full_;
  const Options options_;
  std::atomic<Duration::rep> latest_us_;
  std::atomic<Duration::rep> latest_kept_us_;
  std::atomic<std::size_t> pending_bytes_{0};

  std::mutex gather_mutex_;
  RecordWriter gathering_;  // under gather_mutex_
  Ticket next_number_;      // of the commit that gathers; under gather_mutex_

  std::mutex commit_mutex_;
  std::condition_variable changed_;
  bool committing_ = false;          // somebody is at work; under commit_mutex_
  const Status* failure_ = nullptr;  // under commit_mutex_
  std::atomic<bool> failed_{false};
  std::atomic<Ticket> kept_;

  // What failure_ may be; the second is whoever's that is at work.
  const Status no_memory_{StatusCode::kFenced, "there was no memory for a record of the journal"};
  Status medium_failure_;

  // Of whoever is at work.
  RecordWriter written_;
  bool is_sealed_ = false;  // there was no room for it
  CommitHeader header_;
  Sha256 hasher_;
  Sha256Hash last_hash_;
  ByteWriter records_;
  ByteWriter names_;
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_GROUP_COMMIT_H_
