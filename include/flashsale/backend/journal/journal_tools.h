#ifndef FLASHSALE_BACKEND_JOURNAL_JOURNAL_TOOLS_H_
#define FLASHSALE_BACKEND_JOURNAL_JOURNAL_TOOLS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "flashsale/backend/journal.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What is done to journals, beside what a storage does.

// What of a journal goes into a copy of it.
struct JournalCopyOptions {
  // The sale of this name alone, with its queue, its waitlist and what the catalogue has of it.
  std::optional<SaleId> only = {};
  // Leave out sales, queues and waitlists that were forgotten.
  bool without_forgotten = true;
};

struct JournalCopyReport {
  std::uint64_t commits_read = 0;
  std::uint64_t commits_written = 0;
  // Records and names, in bytes.
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t sales = 0;  // in the copy
};

// Writes a journal anew: to give back the room of sales that were forgotten (then the copy takes
// the place of the journal), or to take one sale out of it, to be kept or to be audited elsewhere.
// What goes into the copy goes whole and in order, so a storage opened on it has what one opened on
// the journal has of that.  The chain of commits begins anew; the copy's first commit tells the
// number and the hash of the journal's last.
//
// What is there when a copy is broken off, as by a crash, is a journal of fewer commits, which
// opens and reads as if it were whole.  So write it to a name of its own, and give it the one that
// it is to have once this has returned Ok and the medium is closed.
//
// Errors: FailedPrecondition where `to` has commits already, or the journal is a newer version's;
// NotFound where there is no sale of that name; DataLoss, naming the commit, where the journal is
// damaged: then the copy is not to be used; ResourceExhausted; those of the media.
// REQUIRES: nobody writes to `to` meanwhile.  Where somebody writes to the journal, through another
// medium, the copy is of what there was at the beginning.
FLASHSALE_EXPORT Result<JournalCopyReport> CopyJournal(JournalMedium& from, JournalMedium& to,
                                                       const JournalCopyOptions& options = {});

// Whom a journal is to forget.
struct JournalErasure {
  std::span<const UserId> users = {};
  std::span<const LimitKey> keys = {};
};

struct JournalErasureReport {
  std::uint64_t names = 0;    // that were overwritten
  std::uint64_t commits = 0;  // that they were in
};

// Overwrites people's ids, wherever a journal names them, by random ones: one for each, so that
// what they have bought, held and waited for is still somebody's, and every count is as before.
// The chain of commits is not touched; who they were cannot be told any more from the journal.
// What was answered to them under their old ids is not known under them any more.  May be done
// again, and after an interruption must be.
//
// Errors: InvalidArgument for a nil id; DataLoss where the journal is damaged; FailedPrecondition
// where the medium cannot overwrite names; ResourceExhausted; those of the medium.
// REQUIRES: the medium is not used otherwise meanwhile.
FLASHSALE_EXPORT Result<JournalErasureReport> EraseFromJournal(JournalMedium& medium,
                                                               const JournalErasure& erasure);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BACKEND_JOURNAL_JOURNAL_TOOLS_H_
