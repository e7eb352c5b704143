#include "backend/journal/sale_history.h"

#include <fmt/format.h>

#include <algorithm>

#include "backend/journal/commit.h"

namespace flashsale::inline v0::journal {
namespace {

// From how many events one is noted: a reader passes over fewer than that for nothing.
constexpr std::uint64_t kBetweenMarks = 1'024;

// Ends a reading that has all it wants.
Status Enough() { return {StatusCode::kConflict, "enough"}; }

}  // namespace

void SaleHistory::Note(std::uint64_t seq, CommitNumber commit) {
  const std::lock_guard lock(mutex_);
  if (!marks_.empty() &&
      (seq < marks_.back().seq + kBetweenMarks || commit == marks_.back().commit)) {
    return;
  }
  marks_.push_back({.seq = seq, .commit = commit});
}

void SaleHistory::BeginSession(CommitNumber commit, std::vector<engine::Place> places) {
  const std::lock_guard lock(mutex_);
  sessions_.push_back(
      {.first = session_,
       .places = std::make_shared<const std::vector<engine::Place>>(std::move(places))});
  session_ = commit;
}

std::shared_ptr<const std::vector<engine::Place>> SaleHistory::PlacesOf(CommitNumber commit) const {
  const std::lock_guard lock(mutex_);
  if (commit >= session_) return nullptr;
  auto after = std::upper_bound(
      sessions_.begin(), sessions_.end(), commit,
      [](CommitNumber number, const Session& session) { return number < session.first; });
  // A sale's first session begins no later than its first event.
  return std::prev(after)->places;
}

// Takes the events of one sale out of the commits that it is shown.
class SaleHistory::Collector final : public JournalMedium::Reader {
 public:
  Collector(const SaleHistory& history, SaleNumber sale, engine::SaleEngine& engine,
            std::uint64_t after, std::span<Event> events)
      : history_(history), sale_(sale), engine_(engine), next_(after + 1), events_(events) {}

  Status OnCommit(const JournalCommit& commit) override {
    if (commit.records.size() < CommitHeader::kSize + sizeof(Sha256Hash) ||
        commit.names.size() < (commit.names.empty() ? 0 : kNamesCheckSize)) {
      return Damaged(commit.number);
    }
    const auto places = history_.PlacesOf(commit.number);
    RecordReader reader(
        commit.records.subspan(CommitHeader::kSize,
                               commit.records.size() - CommitHeader::kSize - sizeof(Sha256Hash)),
        commit.names.empty() ? commit.names : commit.names.subspan(kNamesCheckSize));
    Record record;
    while (reader.Next(record)) {
      if (!record.is_event() || record.sale != sale_ || record.event.seq < next_) continue;
      // Earlier ones are not there any more.
      if (record.event.seq != next_) return Enough();
      if (count_ == events_.size()) return Enough();
      if (record.party.place != engine::kNoPlace) {
        engine::Party party = record.party;
        if (places != nullptr) {
          if (party.place >= places->size()) return Damaged(commit.number);
          party.place = (*places)[party.place];
        }
        if (!engine_.Complete(record.event, party)) return Damaged(commit.number);
      }
      events_[count_++] = record.event;
      ++next_;
    }
    return reader.ok() ? Status() : Damaged(commit.number);
  }
  std::size_t count() const { return count_; }

 private:
  static Status Damaged(std::uint64_t commit) {
    return {StatusCode::kDataLoss, fmt::format("commit {}: it was changed", commit)};
  }

  const SaleHistory& history_;
  const SaleNumber sale_;
  engine::SaleEngine& engine_;
  std::uint64_t next_;
  const std::span<Event> events_;
  std::size_t count_ = 0;
};

Result<std::size_t> SaleHistory::Read(JournalMedium& medium, SaleNumber sale,
                                      engine::SaleEngine& engine, std::uint64_t after,
                                      std::span<Event> events) const {
  CommitNumber from = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto beyond =
        std::upper_bound(marks_.begin(), marks_.end(), after + 1,
                         [](std::uint64_t seq, const Mark& mark) { return seq < mark.seq; });
    if (beyond == marks_.begin()) return std::size_t{0};
    from = std::prev(beyond)->commit;
  }
  Collector collector(*this, sale, engine, after, events);
  Status status = medium.Read(from - 1, collector);
  if (!status.ok() && status.code() != StatusCode::kConflict) return status;
  return collector.count();
}

}  // namespace flashsale::inline v0::journal
