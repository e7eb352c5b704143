#ifndef FLASHSALE_SRC_BACKEND_SQLITE_SQLITE_MEDIUM_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_SQLITE_MEDIUM_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "backend/sqlite/checkpointer.h"
#include "backend/sqlite/database.h"
#include "backend/sqlite/open_files.h"
#include "backend/sqlite/spare_room.h"
#include "backend/sqlite/vfs_file.h"
#include "flashsale/backend/journal.h"
#include "flashsale/backend/sqlite.h"

namespace flashsale::inline v0::sqlite {

// A journal in one table of an SQLite database, a row a commit.  Contract: JournalMedium.
class SqliteMedium final : public JournalMedium {
 public:
  static Result<std::unique_ptr<SqliteMedium>> Open(const SqliteOptions& options);
  ~SqliteMedium() override;

  Status Append(const JournalCommit& commit) override;
  Status Read(std::uint64_t after, Reader& reader) override;
  bool IsNearlyFull() override;
  Status OverwriteNames(std::span<const JournalCommit> commits) override;

 private:
  // `options.path`: the full name.
  SqliteMedium(const SqliteOptions& options, sqlite3_vfs& vfs)
      : options_(options), vfs_(vfs), spare_(vfs, Beside("-reserve"), options.reserved_bytes) {}

  std::string Beside(const char* suffix) const { return options_.path + suffix; }
  const char* vfs_name() const { return options_.vfs.empty() ? nullptr : options_.vfs.c_str(); }

  Status CheckFolder();
  // Cuts off what was written of a transaction that was never finished.
  Status CutLog();
  Status OpenDatabase();
  // Makes the tables of a new file, or finds those of one that was made.
  Status PrepareSchema();
  // Whatever was made in the folder is found again after a loss of power.
  Status SyncFolder();
  Status ReadHead();
  // Carries out a prepared statement that has no rows.
  Status Step(const Statement& statement, const char* doing);
  // One attempt to write a commit.
  Status Insert(const JournalCommit& commit);
  // The commit is kept, and a journal that ends before it has been damaged.  What it does not write
  // is not missed: it only tells more damage.
  void NoteHead(std::uint64_t number);
  // Brings the log into the database, all of it, and gives back its room.
  void EmptyLog();

  const SqliteOptions options_;
  sqlite3_vfs& vfs_;
  VfsFile lock_;
  VfsFile head_;
  bool log_has_rest_ = false;      // or may have
  std::uint64_t head_number_ = 0;  // a commit that was known to be kept when this was opened
  OpenFiles files_;
  SpareRoom spare_;
  bool has_written_ = false;
  bool has_failed_ = false;
  std::mutex reading_mutex_;
  Database reading_;  // a connection for Read, under reading_mutex_
  Database database_;
  Statement insert_;
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  std::unique_ptr<Checkpointer> checkpointer_;
};

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_SQLITE_MEDIUM_H_
