#ifndef FLASHSALE_BACKEND_JOURNAL_JOURNAL_READER_H_
#define FLASHSALE_BACKEND_JOURNAL_JOURNAL_READER_H_

#include <array>
#include <cstdint>

#include "flashsale/backend/journal.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_event.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// A SHA-256.
using JournalHash = std::array<std::uint8_t, 32>;

// One thing that a journal tells.
struct JournalEntry {
  enum class Kind : std::uint8_t {
    kSession = 1,      // the journal was opened; at
    kCopied = 2,       // it goes on where another ended that this is a copy of; number, hash
    kSaleCreated = 3,  // sale, number, terms
    kSaleForgotten = 4,
    kEvent = 5,        // sale, number, event
    kListed = 6,       // sale, listed: it was put into the catalogue
    kUnlisted = 7,     // sale
    kQueueOpened = 8,  // sale, number, is_waitlist, queue_terms, at
    kQueueForgotten = 9,
    kQueueEvent = 10,  // sale, number, is_waitlist, queue_event
  };

  Kind kind = Kind::kSession;
  // The commit that it is in.
  std::uint64_t commit = 0;
  SaleId sale;
  // Of the sale, from 1: no other in the journal has it, not even one of the same name.  Queues and
  // waitlists have numbers of their own.  kCopied: of the last commit of that journal.
  std::uint64_t number = 0;
  bool is_waitlist = false;
  Time at = kMinTime;
  // Complete, as InventoryRepository::ReadEvents tells it.
  Event event = {};
  QueueEvent queue_event = {};
  // Valid within the call; null where there is none.
  const SaleTerms* terms = nullptr;
  const FlashSale* listed = nullptr;
  const QueueTerms* queue_terms = nullptr;
  JournalHash hash = {};
};

// What a journal is as a whole.
struct JournalSummary {
  std::uint64_t commits = 0;
  std::uint64_t entries = 0;
  // In bytes.
  std::uint64_t records_size = 0;
  std::uint64_t names_size = 0;
  // No time that was used is later.
  Time latest = kMinTime;
  // Of the last commit: who keeps it elsewhere can tell later whether anything in the records of
  // this commit and all before was changed.  Names are not in it.
  JournalHash hash = {};
  // Of the names of all commits, in order: N(i) = SHA-256(N(i - 1) || names of commit i, as they
  // lie), N(0) zeros.  Who keeps it elsewhere can tell whether somebody was exchanged for another.
  // It is another after somebody was erased (EraseFromJournal), and only then.
  JournalHash names_hash = {};
};

// Whom ReadJournal shows a journal.  Anything but Ok ends the reading, and is what it returns.
class FLASHSALE_EXPORT JournalVisitor {
 public:
  virtual ~JournalVisitor() = default;
  virtual Status OnEntry(const JournalEntry& entry) = 0;
  // A commit was shown whole; what the journal is with it.  No time in it is later than `latest`.
  // Here: Ok.
  virtual Status OnCommit(const JournalSummary& so_far);
};

// Shows all that a journal tells, in order, and checks that each commit follows on the one before,
// that everything can be read, and that whoever is named is known.  Whether what happened was
// lawful is not looked at: testing/event_fold.h judges that, apart from the code that wrote it.
//
// Errors: DataLoss, naming the commit and the record; FailedPrecondition for what a newer version
// has written; ResourceExhausted; those of the medium; those of the visitor.
// Thread safety: the medium's Read.  Memory: some 60 bytes a reservation.
FLASHSALE_EXPORT Result<JournalSummary> ReadJournal(JournalMedium& medium, JournalVisitor& visitor);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BACKEND_JOURNAL_JOURNAL_READER_H_
