#include "examples/flashsale_audit/journal_audit.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "flashsale/service/waitlist.h"

namespace flashsale::audit {

using Kind = JournalEntry::Kind;

JournalAudit::JournalAudit(AuditOptions options)
    : options_(std::move(options)),
      pages_("file", "the database, its log and what lies beside it are whole", "file"),
      chain_("chain",
             "commits are numbered without a gap, each follows on the one before by its hash, and "
             "names have their checksums",
             "commit"),
      records_("records", "every record can be read and follows on those before", "record"),
      times_("times", "no commit is from before the one before, and nothing in it from after it",
             "commit"),
      once_("created once", "no sale, queue or waitlist is made twice without being forgotten",
            "creation"),
      kept_hashes_(
          {"kept hashes",
           "what was kept elsewhere of the hashes of commits is what the journal has", "commit"},
          options_.hashes),
      kept_names_({"kept hashes of names",
                   "what was kept elsewhere of the hashes of names is what the journal has: nobody "
                   "was exchanged, or erased since",
                   "commit"},
                  options_.names_hashes) {
  pages_.Look();
}

SaleSection& JournalAudit::Open(const SaleId& sale) {
  SaleSection*& open = open_[sale];
  if (open == nullptr || open->forgotten()) {
    sections_.push_back(std::make_unique<SaleSection>(sale));
    open = sections_.back().get();
  }
  return *open;
}

void JournalAudit::Learn(const SaleTerms& terms) {
  for (std::size_t line = 0; line < terms.lines.size(); ++line) {
    const auto number = static_cast<std::uint16_t>(line);
    lists_.try_emplace(WaitlistName(terms.id, number), terms.id, number);
  }
}

std::pair<SaleId, std::optional<std::uint16_t>> JournalAudit::OwnerOf(const SaleId& list) const {
  const auto found = lists_.find(list);
  if (found == lists_.end()) return {list, std::nullopt};
  return {found->second.first, found->second.second};
}

void JournalAudit::NoteTime(const JournalEntry& entry, Time at) {
  if (at > latest_in_commit_) {
    latest_in_commit_ = at;
    latest_entry_ = entry_in_commit_;
  }
  if (!figures_.first.has_value() && at != kMinTime) figures_.first = at;
  if (entry.kind == Kind::kEvent) ++figures_.sale_events;
  if (entry.kind == Kind::kQueueEvent) ++figures_.queue_events;
}

Status JournalAudit::OnEntry(const JournalEntry& entry) {
  records_.Look();
  ++entry_in_commit_;
  switch (entry.kind) {
    case Kind::kSession:
      ++figures_.sessions;
      NoteTime(entry, entry.at);
      break;
    case Kind::kCopied:
      figures_.copied_from = entry.number;
      figures_.copied_hash = entry.hash;
      break;
    case Kind::kSaleCreated:
      OnSaleCreated(entry);
      break;
    case Kind::kSaleForgotten:
      if (SaleSection* const section = sales_[entry.number]) section->Forget();
      break;
    case Kind::kEvent:
      OnEvent(entry);
      break;
    case Kind::kListed:
      Learn(entry.listed->terms);
      break;
    case Kind::kUnlisted:
      break;
    case Kind::kQueueOpened:
      OnQueueOpened(entry);
      break;
    case Kind::kQueueForgotten:
      if (SaleSection::Line* const line = lines_[entry.number].line) line->forgotten = true;
      break;
    case Kind::kQueueEvent:
      OnQueueEvent(entry);
      break;
  }
  return {};
}

void JournalAudit::OnSaleCreated(const JournalEntry& entry) {
  once_.Look();
  Learn(*entry.terms);
  if (!Wants(entry.sale)) return;
  SaleSection* section = &Open(entry.sale);
  if (section->has_sale()) {
    once_.Refute(
        fmt::format("commit {}: the sale '{}' is made again", entry.commit, entry.sale.view()));
    section->Forget();
    section = &Open(entry.sale);
  }
  section->Create(*entry.terms);
  sales_[entry.number] = section;
}

void JournalAudit::OnEvent(const JournalEntry& entry) {
  NoteTime(entry, entry.event.at);
  if (entry.event.type == EventType::kReserved) ++figures_.reservations;
  const auto found = sales_.find(entry.number);
  if (found != sales_.end() && found->second != nullptr) {
    found->second->Add(entry.commit, entry.event);
  }
}

void JournalAudit::OnQueueOpened(const JournalEntry& entry) {
  once_.Look();
  NoteTime(entry, entry.at);
  const auto [sale, line] = entry.is_waitlist
                                ? OwnerOf(entry.sale)
                                : std::pair(entry.sale, std::optional<std::uint16_t>());
  if (!Wants(sale)) return;
  for (const auto& [number, other] : lines_) {
    if (other.line == nullptr || other.line->forgotten ||
        other.line->is_waitlist != entry.is_waitlist ||
        other.line->audit.terms().sale != entry.sale) {
      continue;
    }
    once_.Refute(fmt::format("commit {}: a {} of '{}' is made again", entry.commit,
                             entry.is_waitlist ? "waitlist" : "queue", sale.view()));
    open_[sale]->Forget();
    break;
  }
  SaleSection* section = &Open(sale);
  if (!entry.is_waitlist && section->has_queue()) {
    section->Forget();  // that queue was forgotten, and so is the sale about to be
    section = &Open(sale);
  }
  lines_[entry.number] = {.section = section,
                          .line = &section->Open({.terms = *entry.queue_terms,
                                                  .at = entry.at,
                                                  .is_waitlist = entry.is_waitlist,
                                                  .line = line,
                                                  .draws = options_.draws})};
}

void JournalAudit::OnQueueEvent(const JournalEntry& entry) {
  NoteTime(entry, entry.queue_event.at);
  const auto found = lines_.find(entry.number);
  if (found == lines_.end() || found->second.section == nullptr) return;
  found->second.section->Add(entry.commit, *found->second.line, entry.queue_event);
}

Status JournalAudit::OnCommit(const JournalSummary& so_far) {
  chain_.Look();
  times_.Look();
  kept_hashes_.OnCommit(so_far.commits, so_far.hash);
  kept_names_.OnCommit(so_far.commits, so_far.names_hash);
  if (latest_in_commit_ > so_far.latest) {
    times_.Refute(fmt::format("commit {}: its entry {} is {} us later than anything in it may be",
                              so_far.commits, latest_entry_,
                              (latest_in_commit_ - so_far.latest).count()));
  }
  latest_in_commit_ = kMinTime;
  entry_in_commit_ = 0;
  figures_.summary = so_far;
  return {};
}

std::optional<std::string> JournalAudit::UnusedOption() const {
  if (options_.only.has_value() && sections_.empty()) {
    return fmt::format("--sale: '{}', expected a sale that the journal has", options_.only->view());
  }
  for (const DrawRecord& record : options_.draws) {
    const bool compared =
        std::any_of(sections_.begin(), sections_.end(), [&record](const auto& section) {
          return section->sale() == record.draw.sale && section->HasCompared(record.draw.tier);
        });
    if (compared) continue;
    return fmt::format("--draw: of tier {} of '{}', expected one of a queue that was arranged",
                       record.draw.tier, record.draw.sale.view());
  }
  return std::nullopt;
}

AuditReport JournalAudit::Finish(const Status& read) {
  std::string missing;
  if (!read.ok()) {
    const std::string_view why = read.message();
    // What ReadJournal says begins with the commit; all else is about the file.
    Claim& claim = why.find("record at byte") != why.npos       ? records_
                   : why.find("its time runs back") != why.npos ? times_
                   : why.find("commit ") != why.npos            ? chain_
                                                                : pages_;
    claim.Refute(std::string(why));
    missing = fmt::format("the journal was read up to commit {}", figures_.summary.commits);
    for (Claim* const other : {&chain_, &records_, &times_, &once_}) {
      if (!other->refuted()) other->Miss(missing);
    }
  }
  AuditReport report{.journal = figures_, .claims = {pages_, chain_, records_, times_, once_}};
  for (KeptHashCheck* const kept : {&kept_hashes_, &kept_names_}) {
    kept->Finish(figures_.summary.commits, missing);
    if (kept->wanted()) report.claims.push_back(kept->claim());
  }
  for (const auto& section : sections_) report.sales.push_back(section->Finish(options_.with_ids));
  return report;
}

}  // namespace flashsale::audit
