#ifndef FLASHSALE_SRC_BACKEND_SQLITE_READ_ONLY_MEDIUM_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_READ_ONLY_MEDIUM_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "backend/sqlite/database.h"
#include "flashsale/backend/journal.h"
#include "flashsale/backend/sqlite.h"

namespace flashsale::inline v0::sqlite {

// A journal of which nothing is changed, whoever has it open.  Contract: JournalMedium, of which
// Append and OverwriteNames are FailedPrecondition.
//
// Three ways to be: in use by a storage, and then read through SQLite's locks as by any second
// connection; left with a log, which is looked through first; or left without one, and then read as
// what cannot change, without a lock and without a file that SQLite would make.
class ReadOnlyMedium final : public JournalMedium {
 public:
  static Result<std::unique_ptr<ReadOnlyMedium>> Open(const SqliteOptions& options);

  Status Append(const JournalCommit& commit) override;
  Status Read(std::uint64_t after, Reader& reader) override;
  bool IsNearlyFull() override { return false; }

 private:
  ReadOnlyMedium(const SqliteOptions& options, sqlite3_vfs& vfs) : options_(options), vfs_(vfs) {}

  std::string Beside(const char* suffix) const { return options_.path + suffix; }
  Status OpenDatabase();
  // OK where the log that was left is whole.
  Status CheckLog();
  Result<std::uint64_t> ReadHead();

  const SqliteOptions options_;
  sqlite3_vfs& vfs_;
  bool is_immutable_ = false;
  std::mutex mutex_;
  Database database_;  // under mutex_
};

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_READ_ONLY_MEDIUM_H_
