#ifndef FLASHSALE_BACKEND_JOURNAL_H_
#define FLASHSALE_BACKEND_JOURNAL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "flashsale/backend/memory.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

// One commit of a journal, in bytes that only the journal understands: docs/journal.md.
struct JournalCommit {
  // From 1, dense.
  std::uint64_t number = 0;
  // What was committed.  Never changed.
  std::span<const std::uint8_t> records;
  // Whom it names; may be empty.  Not part of the chain that binds the records of all commits.
  std::span<const std::uint8_t> names;
};

// Where a journal lies: keeps commits, one behind the other.
//
// Implementer's duty: one call of Append and IsNearlyFull at a time comes, and meanwhile calls of
// Read may, each from any thread; no exception leaves an implementation.
class FLASHSALE_EXPORT JournalMedium {
 public:
  // Who is shown commits.  Anything but Ok ends the reading, and is what it returns.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual Status OnCommit(const JournalCommit& commit) = 0;
  };

  virtual ~JournalMedium() = default;

  // Keeps a commit: once this has returned Ok, it survives a loss of power, and so does every
  // commit before it.
  //
  // Errors: ResourceExhausted where there is no room: nothing was kept, and the same commit may
  // come again.  After any other it is unknown whether it was kept, and no commit comes any more.
  virtual Status Append(const JournalCommit& commit) = 0;

  // Shows the commits after the number `after`, in order.
  virtual Status Read(std::uint64_t after, Reader& reader) = 0;

  // There is room for what is bought, given back and extended, but nothing should be added to it.
  // Asked after each commit, and when somebody was refused for it.
  virtual bool IsNearlyFull() = 0;

  // Overwrites the names of these commits by others of the same size, all of them or none, so that
  // nothing of those that were there can be read any more.  Their records are not told.  Only
  // EraseFromJournal calls it.  Errors: FailedPrecondition where the medium cannot, as here.
  virtual Status OverwriteNames(std::span<const JournalCommit> commits);
};

struct JournalOptions {
  // Of the engine in front of the journal.
  MemoryOptions memory = {};

  // How long a commit waits for more to come along before it is written; 0 to 1 s.  What comes
  // while another is on its way is gathered anyway.
  Duration commit_window{0};

  // Who changes anything waits while so many bytes wait to be written; 64 KiB to 1 GiB.
  std::size_t max_pending_bytes = std::size_t{16} << 20;
};

// The memory backend with a journal: what was acknowledged survives a loss of power, down to the
// last record, and is there again when the storage is opened anew on the same medium.  Sales,
// reservations, tombstones, tallies, operators' acts, the catalogue, queues and waitlists are kept,
// and the time; rates and prints begin empty.  Of who waits is kept where they stand, not when they
// were heard of: the first call after a restart has heard of all.
//
// Whoever changes something, or is told of what was changed, waits until that is kept; all who wait
// share one commit.  A refusal that tells nothing of a record (SoldOut, …) waits for nothing.  A
// call whose commit fails answers a Status, and so does every call after it, until the storage is
// opened anew: what the medium has is what counts then.
//
// Errors: InvalidArgument (names the option); DataLoss, naming the commit, where what the medium
// has is damaged before its end; FailedPrecondition where a newer version has written it; those of
// the medium.
//
// Thread safety, blocking: as a Storage that may block.  Clock: none but for commit_window.
FLASHSALE_EXPORT Result<std::unique_ptr<Storage>> OpenJournaledStorage(
    std::unique_ptr<JournalMedium> medium, const JournalOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BACKEND_JOURNAL_H_
