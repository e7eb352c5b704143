#ifndef FLASHSALE_TESTS_JOURNAL_MEMORY_MEDIUM_H_
#define FLASHSALE_TESTS_JOURNAL_MEMORY_MEDIUM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "flashsale/backend/journal.h"

namespace flashsale::journal_test {

// What lies on a medium, whoever has it open.
struct Kept {
  struct Commit {
    std::uint64_t number = 0;
    std::vector<std::uint8_t> records;
    std::vector<std::uint8_t> names;
  };
  std::mutex mutex;
  std::vector<Commit> commits;
  bool nearly_full = false;
  // What the next Append answers, asked before it does anything; null: Ok.
  std::function<Status(const JournalCommit&)> before_append;
};

// A medium whose commits outlive it in a Kept.
class MemoryMedium final : public JournalMedium {
 public:
  explicit MemoryMedium(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

  Status Append(const JournalCommit& commit) override {
    const std::lock_guard lock(kept_->mutex);
    if (kept_->before_append) {
      Status status = kept_->before_append(commit);
      if (!status.ok()) return status;
    }
    kept_->commits.push_back({.number = commit.number,
                              .records = {commit.records.begin(), commit.records.end()},
                              .names = {commit.names.begin(), commit.names.end()}});
    return {};
  }
  Status Read(std::uint64_t after, Reader& reader) override {
    const std::vector<Kept::Commit> commits = [this] {
      const std::lock_guard lock(kept_->mutex);
      return kept_->commits;
    }();
    for (const Kept::Commit& commit : commits) {
      if (commit.number <= after) continue;
      Status status = reader.OnCommit(
          {.number = commit.number, .records = commit.records, .names = commit.names});
      if (!status.ok()) return status;
    }
    return {};
  }
  bool IsNearlyFull() override { return kept_->nearly_full; }
  Status OverwriteNames(std::span<const JournalCommit> commits) override {
    const std::lock_guard lock(kept_->mutex);
    for (const JournalCommit& commit : commits) {
      kept_->commits[commit.number - 1].names.assign(commit.names.begin(), commit.names.end());
    }
    return {};
  }

 private:
  const std::shared_ptr<Kept> kept_;
};

}  // namespace flashsale::journal_test

#endif  // FLASHSALE_TESTS_JOURNAL_MEMORY_MEDIUM_H_
