#ifndef FLASHSALE_SRC_BACKEND_SQLITE_JOURNAL_TABLE_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_JOURNAL_TABLE_H_

#include <array>
#include <cstdint>
#include <string>

#include "backend/sqlite/database.h"
#include "backend/sqlite/vfs_file.h"
#include "flashsale/backend/journal.h"
#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// What everybody who opens a journal's file has to know of it; docs/journal.md has the rest.

// "FSJ1", where SQLite keeps what an application calls its files.
inline constexpr std::int64_t kApplicationId = 0x4653'4A31;
inline constexpr std::int64_t kSchemaVersion = 1;

// What the file has, to the letter, and nothing beside it.
inline constexpr const char* kSchema =
    "CREATE TABLE journal (\n"
    "  number  INTEGER PRIMARY KEY,  -- of the commit, from 1, dense\n"
    "  records BLOB NOT NULL,        -- what was committed\n"
    "  names   BLOB NOT NULL         -- whom it names\n"
    ") STRICT";

// OK where the database has a journal that this version reads.  Errors: FailedPrecondition for
// another application's and for a newer version's; DataLoss for an unknown one, and where the
// schema was changed.
Status CheckTable(Database& database);

struct TableRead {
  std::uint64_t after = 0;
  std::uint64_t head = 0;  // a commit that is known to be kept; 0: none is
};
// Shows the commits after a number.  Errors: DataLoss where the journal ends before `head`; those
// of the database and of the reader.
Status ReadTable(Database& database, const TableRead& read, JournalMedium::Reader& reader);

// What a head file holds: a number and its complement, each with the lowest byte first.
using HeadBytes = std::array<std::uint8_t, 16>;
HeadBytes HeadOf(std::uint64_t number);
// 0 where there is none: one that was written in part tells nothing.  Errors: those of the file.
Result<std::uint64_t> HeadIn(VfsFile& file);

// What SQLite's quick_check has found.
Status DamagedPage(const std::string& found);

// The same, in front of its message the file that it is about.
Status WithPath(const std::string& path, const Status& status);

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_JOURNAL_TABLE_H_
