#include "flashsale/backend/journal/journal_reader.h"

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "backend/journal/journal_walk.h"
#include "backend/journal/ticket_users.h"
#include "base/sha256.h"

namespace flashsale::inline v0 {
namespace {

using journal::LineNumber;
using journal::LineUse;
using journal::Record;
using journal::RecordKind;
using journal::SaleNumber;
using Kind = JournalEntry::Kind;

struct HashOfUser {
  std::size_t operator()(const UserId& user) const { return absl::HashOf(user.bytes()); }
};

// Who takes part in one sale, and what their reservations are about: what the events of a journal
// say no second time.
class Parties {
 public:
  // Parties are numbered anew.
  void BeginSession() { numbers_.clear(); }

  // Adds what the event's record tells.  Null, or why there is no such record.
  const char* Complete(Record& record) {
    Event& event = record.event;
    const engine::Party party = record.party;
    if (party.place == engine::kNoPlace) return nullptr;
    if (record.introduces) {
      const char* const wrong = Introduce(party.place, record.user);
      if (wrong != nullptr) return wrong;
    }
    if (party.place >= numbers_.size() || numbers_[party.place] == kNobody) {
      return "a party that was not introduced";
    }
    User& user = users_[numbers_[party.place]];
    event.user = user.id;
    if (event.type == EventType::kReserved || event.type == EventType::kTombstoned) {
      if (party.record != user.records.size()) return "another record than the user's next";
      user.records.push_back({.id = event.id,
                              .quote = event.quote,
                              .admission = event.admission,
                              .keys = KeepKeys(event.keys),
                              .line = event.line});
      return nullptr;
    }
    if (party.record >= user.records.size()) return "a change of no record";
    const Told& told = user.records[party.record];
    event.id = told.id;
    event.line = told.line;
    event.quote = told.quote;
    event.admission = told.admission;
    if (told.keys != kNobody) event.keys = keys_[told.keys];
    return nullptr;
  }

 private:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  // What a reservation is about.
  struct Told {
    ReservationId id;
    std::uint64_t quote;
    std::uint64_t admission;
    std::uint32_t keys;  // where they are; kNobody: it has none
    std::uint16_t line;
  };
  struct User {
    UserId id;
    std::vector<Told> records;
  };

  const char* Introduce(std::uint32_t number, const UserId& user) {
    constexpr std::size_t kMostAhead = std::size_t{1} << 24;  // numbers come nearly in order
    if (user.is_nil()) return "a party that is nobody";
    if (number >= numbers_.size()) {
      if (number - numbers_.size() > kMostAhead) return "a party's number is beyond all others";
      numbers_.resize(std::max<std::size_t>(number + std::size_t{1}, 2 * numbers_.size()), kNobody);
    }
    if (numbers_[number] != kNobody) return "a party is introduced twice";
    const auto [found, is_new] =
        index_.try_emplace(user, static_cast<std::uint32_t>(users_.size()));
    if (is_new) users_.push_back({.id = user, .records = {}});
    numbers_[number] = found->second;
    return nullptr;
  }
  std::uint32_t KeepKeys(const LimitKeys& keys) {
    if (std::all_of(keys.begin(), keys.end(), [](const LimitKey& key) { return key.is_nil(); })) {
      return kNobody;
    }
    keys_.push_back(keys);
    return static_cast<std::uint32_t>(keys_.size() - 1);
  }

  std::vector<std::uint32_t> numbers_;  // of this session: where a party is in users_
  absl::flat_hash_map<UserId, std::uint32_t, HashOfUser> index_;
  std::vector<User> users_;
  std::vector<LimitKeys> keys_;
};

class EntryWalk final : public journal::JournalWalk {
 public:
  EntryWalk(JournalVisitor& visitor, JournalSummary& summary)
      : visitor_(visitor), summary_(summary) {}

  // Why the visitor wanted no more.
  const Status& stopped() const { return stopped_; }

 private:
  struct Sale {
    SaleId id;
    std::uint64_t seq = 0;
    Parties parties;
  };
  struct Line {
    SaleId sale;
    bool is_waitlist = false;
    journal::TicketUsers users;
  };

  const char* OnRecord(Record& record) override {
    JournalEntry entry;
    entry.commit = commit();
    const char* const wrong = record.is_event()        ? TakeEvent(record, entry)
                              : record.is_line_event() ? TakeLineEvent(record, entry)
                                                       : TakeOther(record, entry);
    if (wrong != nullptr || static_cast<RecordKind>(record.kind) == RecordKind::kTime) return wrong;
    ++summary_.entries;
    stopped_ = visitor_.OnEntry(entry);
    return stopped_.ok() ? nullptr : "";
  }
  Status OnCommitEnd() override {
    summary_.commits = last().number;
    summary_.latest = last().latest;
    summary_.hash = last_hash();
    stopped_ = visitor_.OnCommit(summary_);
    return stopped_;
  }

  const char* TakeEvent(Record& record, JournalEntry& entry) {
    const auto sale = sales_.find(record.sale);
    if (sale == sales_.end()) return "an event of a sale that there is not";
    if (record.event.seq != ++sale->second.seq) return "another event than the next";
    const char* const wrong = sale->second.parties.Complete(record);
    entry.kind = Kind::kEvent;
    entry.sale = sale->second.id;
    entry.number = record.sale;
    entry.event = record.event;
    return wrong;
  }

  const char* TakeLineEvent(Record& record, JournalEntry& entry) {
    const auto found = lines_.find(record.line);
    if (found == lines_.end()) return "an event of a queue that there is not";
    Line& line = found->second;
    entry.kind = Kind::kQueueEvent;
    entry.sale = line.sale;
    entry.number = record.line;
    entry.is_waitlist = line.is_waitlist;
    entry.queue_event = *record.line_event;
    return line.users.Complete(entry.queue_event);
  }

  const char* TakeOther(Record& record, JournalEntry& entry) {
    switch (static_cast<RecordKind>(record.kind)) {
      case RecordKind::kSession:
        for (auto& [number, sale] : sales_) sale.parties.BeginSession();
        entry.kind = Kind::kSession;
        entry.at = record.at;
        return nullptr;
      case RecordKind::kCopied:
        entry.kind = Kind::kCopied;
        entry.number = record.copied_commit;
        entry.hash = record.copied_hash;
        return nullptr;
      case RecordKind::kSaleCreated: {
        if (record.sale <= last_sale_) return "a sale's number is given twice";
        last_sale_ = record.sale;
        entry.kind = Kind::kSaleCreated;
        entry.sale = sales_[record.sale].id = record.listed->terms.id;
        entry.number = record.sale;
        entry.terms = &record.listed->terms;
        return nullptr;
      }
      case RecordKind::kSaleForgotten: {
        const auto sale = sales_.find(record.sale);
        if (sale == sales_.end()) return "a sale is forgotten that there is not";
        entry.kind = Kind::kSaleForgotten;
        entry.sale = sale->second.id;
        entry.number = record.sale;
        sales_.erase(sale);
        return nullptr;
      }
      case RecordKind::kCataloguePut:
        entry.kind = Kind::kListed;
        entry.sale = record.listed->terms.id;
        entry.listed = &*record.listed;
        return nullptr;
      case RecordKind::kCatalogueRemoved:
        entry.kind = Kind::kUnlisted;
        entry.sale = *record.id;
        return nullptr;
      case RecordKind::kLineOpened: {
        if (record.line <= last_line_) return "a queue's number is given twice";
        last_line_ = record.line;
        Line& line = lines_[record.line];
        entry.kind = Kind::kQueueOpened;
        entry.sale = line.sale = record.queue_terms->sale;
        entry.number = record.line;
        entry.is_waitlist = line.is_waitlist = record.use == LineUse::kWaitlist;
        entry.queue_terms = &*record.queue_terms;
        entry.at = record.at;
        return nullptr;
      }
      case RecordKind::kLineForgotten: {
        const auto line = lines_.find(record.line);
        if (line == lines_.end()) return "a queue is forgotten that there is not";
        entry.kind = Kind::kQueueForgotten;
        entry.sale = line->second.sale;
        entry.number = record.line;
        entry.is_waitlist = line->second.is_waitlist;
        lines_.erase(line);
        return nullptr;
      }
      case RecordKind::kTime:
        return nullptr;
      default:
        return "a record of an unknown kind";
    }
  }

  JournalVisitor& visitor_;
  JournalSummary& summary_;
  Status stopped_;
  std::map<SaleNumber, Sale> sales_;
  SaleNumber last_sale_ = 0;
  std::map<LineNumber, Line> lines_;
  LineNumber last_line_ = 0;
};

// Measures what another reader is shown, and chains its names.
class Measured final : public JournalMedium::Reader {
 public:
  Measured(JournalMedium::Reader& reader, JournalSummary& summary)
      : reader_(reader), summary_(summary) {}

  Status OnCommit(const JournalCommit& commit) override {
    summary_.records_size += commit.records.size();
    summary_.names_size += commit.names.size();
    try {
      hasher_.Add(summary_.names_hash);
      hasher_.Add(commit.names);
      summary_.names_hash = hasher_.Finish();
    } catch (const std::bad_alloc&) {
      return {StatusCode::kResourceExhausted, "out of memory"};
    }
    return reader_.OnCommit(commit);
  }

 private:
  JournalMedium::Reader& reader_;
  JournalSummary& summary_;
  Sha256 hasher_;
};

}  // namespace

Status JournalVisitor::OnCommit(const JournalSummary& /*so_far*/) { return {}; }

Result<JournalSummary> ReadJournal(JournalMedium& medium, JournalVisitor& visitor) {
  try {
    JournalSummary summary;
    EntryWalk walk(visitor, summary);
    Measured measured(walk, summary);
    Status status = medium.Read(0, measured);
    if (!walk.stopped().ok()) return walk.stopped();
    if (!status.ok()) return status;
    return summary;
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
