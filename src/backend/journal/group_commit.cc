#include "backend/journal/group_commit.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

namespace flashsale::inline v0::journal {

GroupCommit::GroupCommit(JournalMedium& medium, std::atomic<bool>& nearly_full,
                         const CommitHeader& last, const Sha256Hash& last_hash,
                         const Options& options)
    : medium_(medium),
      nearly_full_(nearly_full),
      options_(options),
      latest_us_(last.latest.time_since_epoch().count()),
      latest_kept_us_(latest_us_.load()),
      next_number_(last.number + 1),
      kept_(last.number),
      last_hash_(last_hash) {}

Status GroupCommit::KeepTime(Time now) {
  constexpr Duration kBehind = std::chrono::minutes{1};
  NoteTime(now);
  if (now - Time(Duration(latest_kept_us_.load(std::memory_order_relaxed))) < kBehind) return {};
  return Await(Append([](RecordWriter& writer) { writer.KeptTime(); }));
}

Status GroupCommit::Await(Ticket ticket) {
  Status status = WaitFor(ticket);
  if (status.ok()) return status;
  return {StatusCode::kUnknown, status.message()};
}

Status GroupCommit::WaitFor(Ticket ticket) {
  if (IsKept(ticket) && !failed_.load(std::memory_order_acquire)) return {};
  std::unique_lock lock(commit_mutex_);
  for (;;) {
    if (failure_ != nullptr) return *failure_;
    if (IsKept(ticket)) return {};
    if (committing_) {
      changed_.wait(lock);
      continue;
    }
    committing_ = true;
    lock.unlock();
    Status status = Commit();
    lock.lock();
    committing_ = false;
    changed_.notify_all();
    if (status.ok()) continue;
    if (status.code() == StatusCode::kResourceExhausted) return status;
    medium_failure_ = {StatusCode::kFenced,
                       fmt::format("the journal has failed: {}", status.ToString())};
    Fail(&medium_failure_);
  }
}

void GroupCommit::LookForRoom() {
  std::unique_lock lock(commit_mutex_);
  // Whoever is at work asks, too.
  if (committing_ || failure_ != nullptr) return;
  committing_ = true;
  lock.unlock();
  nearly_full_.store(medium_.IsNearlyFull(), std::memory_order_relaxed);
  lock.lock();
  committing_ = false;
  changed_.notify_all();
}

Status GroupCommit::Commit() {
  // What has no room waits for it; what has gathered behind it waits, too.
  if (!is_sealed_) {
    if (options_.window > Duration(0)) std::this_thread::sleep_for(options_.window);
    {
      const std::lock_guard lock(gather_mutex_);
      if (gathering_.empty()) return {};
      written_.Swap(gathering_);
      header_.number = next_number_++;
      pending_bytes_.store(0, std::memory_order_relaxed);
    }
    try {
      header_.latest = latest();
      header_.previous = last_hash_;
      const Sha256Hash hash = SealCommit(header_, written_.records(), hasher_, records_);
      SealNames(written_.names(), hasher_, names_);
      last_hash_ = hash;
    } catch (const std::bad_alloc&) {
      return {StatusCode::kInternal, "there was no memory for a commit of the journal"};
    }
    is_sealed_ = true;
  }
  Status status = medium_.Append(
      {.number = header_.number, .records = records_.bytes(), .names = names_.bytes()});
  nearly_full_.store(medium_.IsNearlyFull(), std::memory_order_relaxed);
  if (!status.ok()) return status;
  is_sealed_ = false;
  written_.Clear();
  latest_kept_us_.store(header_.latest.time_since_epoch().count(), std::memory_order_relaxed);
  kept_.store(header_.number, std::memory_order_release);
  return {};
}

}  // namespace flashsale::inline v0::journal
