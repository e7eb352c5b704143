#include <fmt/format.h>

#include <functional>
#include <new>
#include <set>
#include <utility>

#include "backend/journal/journal_walk.h"
#include "flashsale/backend/journal/journal_tools.h"

namespace flashsale::inline v0 {
namespace {

using journal::ByteWriter;
using journal::CommitHeader;
using journal::LineNumber;
using journal::Record;
using journal::RecordKind;
using journal::RecordWriter;
using journal::SaleNumber;

// What of a journal goes into the copy.
struct Chosen {
  std::set<SaleNumber> sales;
  std::set<LineNumber> lines;
  std::optional<SaleId> only;
  bool is_listed = false;  // the catalogue has, or had, that one

  bool Has(const Record& record) const {
    if (record.is_event()) return sales.count(record.sale) != 0;
    if (record.is_line_event()) return lines.count(record.line) != 0;
    switch (static_cast<RecordKind>(record.kind)) {
      case RecordKind::kSaleCreated:
      case RecordKind::kSaleForgotten:
        return sales.count(record.sale) != 0;
      case RecordKind::kLineOpened:
      case RecordKind::kLineForgotten:
        return lines.count(record.line) != 0;
      case RecordKind::kCataloguePut:
        return !only.has_value() || record.listed->terms.id == *only;
      case RecordKind::kCatalogueRemoved:
        return !only.has_value() || *record.id == *only;
      default:
        return true;
    }
  }
};

// Looks through the journal for what is to be copied.
class Choice final : public journal::JournalWalk {
 public:
  Choice(const JournalCopyOptions& options, Chosen& chosen)
      : without_forgotten_(options.without_forgotten), chosen_(chosen) {
    chosen_.only = options.only;
    if (!options.only.has_value()) return;
    for (std::size_t line = 0; line < kMaxLines; ++line) {
      waitlists_.insert(WaitlistName(*options.only, static_cast<std::uint16_t>(line)));
    }
  }

 private:
  bool Matches(const SaleId& sale) const {
    return !chosen_.only.has_value() || sale == *chosen_.only;
  }
  // A queue goes by the name of its sale, a waitlist by that of its sale's line.
  bool MatchesLine(const SaleId& name) const {
    return Matches(name) || waitlists_.count(name) != 0;
  }
  const char* OnRecord(Record& record) override {
    switch (static_cast<RecordKind>(record.kind)) {
      case RecordKind::kSaleCreated:
        if (Matches(record.listed->terms.id)) chosen_.sales.insert(record.sale);
        break;
      case RecordKind::kSaleForgotten:
        if (without_forgotten_) chosen_.sales.erase(record.sale);
        break;
      case RecordKind::kLineOpened:
        if (MatchesLine(record.queue_terms->sale)) chosen_.lines.insert(record.line);
        break;
      case RecordKind::kLineForgotten:
        if (without_forgotten_) chosen_.lines.erase(record.line);
        break;
      case RecordKind::kCataloguePut:
        if (Matches(record.listed->terms.id)) chosen_.is_listed = true;
        break;
      default:
        break;
    }
    return nullptr;
  }

  const bool without_forgotten_;
  Chosen& chosen_;
  std::set<SaleId> waitlists_;  // of chosen_.only
};

// Writes what was chosen to another medium.
class Copy final : public journal::JournalWalk {
 public:
  Copy(const Chosen& chosen, JournalMedium& to, JournalCopyReport& report)
      : chosen_(chosen), to_(to), report_(report) {}

  // Before the first record.  Throws std::bad_alloc.
  void Begin(const JournalWalk& source) { out_.Copied(source.last().number, source.last_hash()); }
  // After the last commit.  Throws std::bad_alloc.
  Status Finish() {
    if (header_.latest == last().latest && out_.empty()) return {};
    out_.KeptTime();
    return Write();
  }

 private:
  const char* OnRecord(Record& record) override {
    const auto kind = static_cast<RecordKind>(record.kind);
    if (kind == RecordKind::kSession) {
      session_at_ = record.at;
      return nullptr;
    }
    if (kind == RecordKind::kTime || !chosen_.Has(record)) return nullptr;
    if (session_at_.has_value()) out_.Session(*std::exchange(session_at_, std::nullopt));
    if (record.is_event()) {
      if (record.introduces) record.event.user = record.user;
      out_.Write({.sale = record.sale,
                  .event = record.event,
                  .party = record.party,
                  .introduces = record.introduces});
      return nullptr;
    }
    if (record.is_line_event()) {
      out_.Write(record.line, *record.line_event);
      return nullptr;
    }
    switch (kind) {
      case RecordKind::kCopied:
        out_.Copied(record.copied_commit, record.copied_hash);
        return nullptr;
      case RecordKind::kSaleCreated:
        out_.SaleCreated(record.sale, record.listed->terms);
        ++report_.sales;
        return nullptr;
      case RecordKind::kSaleForgotten:
        out_.SaleForgotten(record.sale);
        return nullptr;
      case RecordKind::kCataloguePut:
        out_.CataloguePut(*record.listed);
        return nullptr;
      case RecordKind::kCatalogueRemoved:
        out_.CatalogueRemoved(*record.id);
        return nullptr;
      case RecordKind::kLineOpened:
        out_.LineOpened(record.line, record.use, record.at, *record.queue_terms);
        return nullptr;
      case RecordKind::kLineForgotten:
        out_.LineForgotten(record.line);
        return nullptr;
      default:
        return "a record of an unknown kind";
    }
  }
  Status OnCommitEnd() override { return out_.empty() ? Status() : Write(); }

  Status Write() {
    ++header_.number;
    header_.latest = last().latest;
    header_.previous = journal::SealCommit(header_, out_.records(), hasher_, records_);
    journal::SealNames(out_.names(), hasher_, names_);
    out_.Clear();
    ++report_.commits_written;
    report_.bytes_written += records_.size() + names_.size();
    return to_.Append(
        {.number = header_.number, .records = records_.bytes(), .names = names_.bytes()});
  }

  const Chosen& chosen_;
  JournalMedium& to_;
  JournalCopyReport& report_;
  RecordWriter out_;
  std::optional<Time> session_at_;  // of a session that has no record yet
  // Of the last commit that was written; its `previous` is that one's own hash.
  CommitHeader header_;
  Sha256 hasher_;
  ByteWriter records_;
  ByteWriter names_;
};

class Watcher final : public JournalMedium::Reader {
 public:
  explicit Watcher(std::function<Status(const JournalCommit&)> watch) : watch_(std::move(watch)) {}
  Status OnCommit(const JournalCommit& commit) override { return watch_(commit); }

 private:
  const std::function<Status(const JournalCommit&)> watch_;
};

}  // namespace

Result<JournalCopyReport> CopyJournal(JournalMedium& from, JournalMedium& to,
                                      const JournalCopyOptions& options) {
  try {
    Watcher is_empty([](const JournalCommit&) {
      return Status(StatusCode::kFailedPrecondition, "to: it has commits already, expected none");
    });
    Status status = to.Read(0, is_empty);
    if (!status.ok()) return status;
    Chosen chosen;
    Choice choice(options, chosen);
    status = from.Read(0, choice);
    if (!status.ok()) return status;
    if (options.only.has_value() && chosen.sales.empty() && chosen.lines.empty() &&
        !chosen.is_listed) {
      return Status(
          StatusCode::kNotFound,
          fmt::format("only: '{}', expected a sale that the journal has", options.only->view()));
    }
    JournalCopyReport report;
    Copy copy(chosen, to, report);
    copy.Begin(choice);
    Watcher measured([&](const JournalCommit& commit) {
      // What has come since is no part of the copy.
      if (commit.number > choice.last().number) return Status(StatusCode::kConflict, "enough");
      ++report.commits_read;
      report.bytes_read += commit.records.size() + commit.names.size();
      return copy.OnCommit(commit);
    });
    status = from.Read(0, measured);
    // Whatever ended the reading, all was read that there was.
    if (copy.last().number == choice.last().number) status = copy.Finish();
    if (!status.ok()) return status;
    return report;
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
