#ifndef FLASHSALE_BACKEND_SQLITE_H_
#define FLASHSALE_BACKEND_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "flashsale/backend/journal.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

struct SqliteOptions {
  // The database file.  It is made where it is not there, in a directory that is.  Beside it lie
  // files of the same name with -wal, -shm, -lock, -head and -reserve behind it, and, while it is
  // opened, -new; of a symbolic link they lie where it leads.
  std::string path;

  // Room that is set aside beside the database, so that what was promised can still be bought and
  // given back when the disk, or a quota, is full: then new reserves answer StorageFull until there
  // is room again.  It is enough for 2,048 holds a mebibyte, each confirmed or cancelled by a call
  // of its own.  Where the disk has not so much free nothing is set aside, and all is as if it were
  // full.  0: none is wanted; up to 2^40.
  std::uint64_t reserved_bytes = std::uint64_t{64} << 20;

  // The write-ahead log is brought into the database when it has grown beyond this, or beyond half
  // of reserved_bytes; 64 KiB to 2^40.  It is emptied when the storage is closed.
  std::uint64_t checkpoint_bytes = std::uint64_t{64} << 20;
  // Whether a thread of the storage's own does that.  Otherwise whoever commits does, and all who
  // wait for it wait longer.
  bool checkpoint_thread = true;

  // Whether opening looks through every page for damage (SQLite's quick_check), beside the records,
  // which it always looks through.
  bool check_pages = true;

  // Only to be read, by OpenSqliteMedium alone: the database, its log and the files beside it stay
  // as they are, byte by byte, and what was committed so far is shown as of the beginning of each
  // Read.  Somebody may have it open as a storage meanwhile, and goes on; their log is not brought
  // in beyond that point until the Read is over.  Where there is a log that is not empty and no
  // -shm, SQLite makes that beside it, in a folder that must then be writable.
  bool read_only = false;

  // The name of an SQLite VFS; empty: the default one.
  std::string vfs = {};

  // Of a storage; a medium alone has no use for it.
  JournalOptions journal = {};
};

// The journaled backend in one SQLite file, for one process: see OpenJournaledStorage for what it
// promises, and docs/journal.md for what lies in the file.
//
// It belongs to the process that opened it: in a fork every call that changes something fails, and
// what has the storage there may only be destroyed.  A file that is removed or exchanged while it
// is open is noticed at the next commit, which fails, as does all that follows.
//
// Errors, beside those: InvalidArgument (names the option, as reserved_bytes where the disk is
// smaller); FailedPrecondition where the file is open already, is read only, has another name (a
// hard link), is no file or no journal of this library, or was written by a newer version; NotFound
// where the directory is not there; DataLoss where the file is damaged before its end, and then
// nothing in it is changed; Unavailable for what the system says otherwise.
FLASHSALE_EXPORT Result<std::unique_ptr<Storage>> OpenSqliteStorage(const SqliteOptions& options);

// The medium alone.  Errors, beside those: NotFound where it is to be read only and is not there;
// Unavailable, of a Read, where a file that had no log was opened as a storage meanwhile.  One that
// is read only answers FailedPrecondition to whoever wants to write.
FLASHSALE_EXPORT Result<std::unique_ptr<JournalMedium>> OpenSqliteMedium(
    const SqliteOptions& options);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BACKEND_SQLITE_H_
