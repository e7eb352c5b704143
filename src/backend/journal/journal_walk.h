#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_JOURNAL_WALK_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_JOURNAL_WALK_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "backend/journal/commit.h"
#include "backend/journal/record.h"
#include "base/sha256.h"
#include "flashsale/backend/journal.h"

namespace flashsale::inline v0::journal {

// Goes through a journal from its first commit on: checks that each follows on the one before, and
// reads its records.
//
// Thread safety: as an int.
class JournalWalk : public JournalMedium::Reader {
 public:
  // Errors: DataLoss, naming the commit and the record; FailedPrecondition for what a newer version
  // has written; ResourceExhausted; those of OnCommitEnd.
  Status OnCommit(const JournalCommit& commit) final;

  // The last commit that was gone through.
  const CommitHeader& last() const { return last_; }
  const Sha256Hash& last_hash() const { return last_hash_; }

 protected:
  JournalWalk() = default;
  // The number of the commit that the record is in.
  std::uint64_t commit() const { return last_.number + 1; }

 private:
  // Why the record cannot follow on those before; null: it does.  Throws std::bad_alloc.
  virtual const char* OnRecord(Record& record) = 0;
  // A record that comes soon: asks for the memory that it is going to need.
  virtual void OnAhead(const Record& record) { (void)record; }
  // All records of the commit were gone through, and it is last() now.  Throws std::bad_alloc.
  virtual Status OnCommitEnd() { return {}; }

  // Records that were read, and wait for their turn while their memory is on the way.
  struct Read {
    Record record;
    std::size_t position = 0;
  };
  std::array<Read, 16> ahead_;

  Sha256 hasher_;
  CommitHeader last_;
  Sha256Hash last_hash_{};
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_JOURNAL_WALK_H_
