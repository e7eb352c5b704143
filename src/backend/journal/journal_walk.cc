#include "backend/journal/journal_walk.h"

#include <fmt/format.h>

#include <new>
#include <string_view>

namespace flashsale::inline v0::journal {
namespace {

Status Damaged(std::uint64_t commit, std::string_view what) {
  return {StatusCode::kDataLoss, fmt::format("commit {}: {}", commit, what)};
}

}  // namespace

Status JournalWalk::OnCommit(const JournalCommit& commit) {
  try {
    const std::uint64_t number = last_.number + 1;
    if (commit.number != number) {
      return Damaged(number, fmt::format("it is missing, {} comes next", commit.number));
    }
    OpenedCommit opened = OpenCommit(commit.records, number, last_hash_, hasher_);
    if (!opened.damage.empty()) {
      Status damage = Damaged(number, opened.damage);
      if (!opened.is_newer) return damage;
      return {StatusCode::kFailedPrecondition, damage.message()};
    }
    Bytes names;
    if (!OpenNames(commit.names, hasher_, names)) return Damaged(number, "its names are damaged");
    RecordReader reader(opened.records, names);
    std::size_t read = 0;
    std::size_t done = 0;
    for (bool more = true; more || done != read;) {
      if (more && read - done < ahead_.size()) {
        Read& slot = ahead_[read % ahead_.size()];
        more = reader.Next(slot.record);
        if (!more) continue;
        slot.position = reader.position();
        OnAhead(slot.record);
        ++read;
        continue;
      }
      Read& next = ahead_[done++ % ahead_.size()];
      const char* const wrong = OnRecord(next.record);
      if (wrong == nullptr) continue;
      return Damaged(number, fmt::format("record at byte {}: {}", next.position, wrong));
    }
    if (!reader.ok()) {
      return Damaged(number,
                     fmt::format("record at byte {}: it cannot be read", reader.position()));
    }
    if (!reader.UsedAllNames()) return Damaged(number, "it has names that no record mentions");
    if (opened.header.latest < last_.latest) return Damaged(number, "its time runs back");
    last_ = opened.header;
    last_hash_ = opened.hash;
    return OnCommitEnd();
  } catch (const std::bad_alloc&) {
    return {StatusCode::kResourceExhausted, "out of memory"};
  }
}

}  // namespace flashsale::inline v0::journal
