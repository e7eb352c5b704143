#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_AUDIT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "examples/flashsale_audit/claim.h"
#include "examples/flashsale_audit/figures.h"
#include "examples/flashsale_audit/kept_hash.h"
#include "examples/flashsale_audit/sale_section.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/draw_record.h"

namespace flashsale::audit {

struct AuditOptions {
  // This sale alone; all others are passed over.
  std::optional<SaleId> only = {};
  // What is published of draws.
  std::vector<DrawRecord> draws = {};
  // What was kept elsewhere of JournalSummary::hash, and of names_hash.
  std::vector<KeptHash> hashes = {};
  std::vector<KeptHash> names_hashes = {};
  // Tell the ids of people and of limit keys.
  bool with_ids = false;
};

// Judges a journal and counts what it tells, entry by entry, as it is read.
// Thread safety: as an int.
class JournalAudit final : public JournalVisitor {
 public:
  explicit JournalAudit(AuditOptions options);

  Status OnEntry(const JournalEntry& entry) override;
  Status OnCommit(const JournalSummary& so_far) override;

  // Names an option that the journal had nothing for, and what was expected.  REQUIRES: before
  // Finish, when all was read.
  std::optional<std::string> UnusedOption() const;
  // The journal has ended, or could be read no further: `read` says which.  REQUIRES: once.
  AuditReport Finish(const Status& read);

 private:
  // A queue or a waitlist by its number.
  struct Line {
    SaleSection* section = nullptr;  // null: of a sale that is passed over
    SaleSection::Line* line = nullptr;
  };

  bool Wants(const SaleId& sale) const { return !options_.only || *options_.only == sale; }
  SaleSection& Open(const SaleId& sale);
  // The sale and the line that a waitlist is of, where they are known.
  std::pair<SaleId, std::optional<std::uint16_t>> OwnerOf(const SaleId& list) const;
  void Learn(const SaleTerms& terms);
  void OnSaleCreated(const JournalEntry& entry);
  void OnEvent(const JournalEntry& entry);
  void OnQueueOpened(const JournalEntry& entry);
  void OnQueueEvent(const JournalEntry& entry);
  void NoteTime(const JournalEntry& entry, Time at);

  const AuditOptions options_;
  JournalFigures figures_;
  std::vector<std::unique_ptr<SaleSection>> sections_;
  std::map<SaleId, SaleSection*> open_;                       // the last of each name
  std::unordered_map<std::uint64_t, SaleSection*> sales_;     // by number
  std::unordered_map<std::uint64_t, Line> lines_;             // by number
  std::map<SaleId, std::pair<SaleId, std::uint16_t>> lists_;  // by the names of waitlists

  // The latest time in the commit that is being read, and where.
  Time latest_in_commit_ = kMinTime;
  std::uint64_t entry_in_commit_ = 0;
  std::uint64_t latest_entry_ = 0;

  Claim pages_;
  Claim chain_;
  Claim records_;
  Claim times_;
  Claim once_;
  KeptHashCheck kept_hashes_;
  KeptHashCheck kept_names_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_AUDIT_H_
