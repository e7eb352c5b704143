#ifndef FLASHSALE_SRC_BACKEND_SQLITE_DATABASE_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// A connection to a database.  Thread safety: as an int.
class Database {
 public:
  Database() = default;

  // `vfs`: a name, or null for the default one.  Errors: as those of every call, by what SQLite
  // says: ResourceExhausted where there is no room or no memory, DataLoss where the file is
  // damaged, FailedPrecondition where it is no database or may not be written, else Unavailable.
  static Result<Database> Open(const std::string& path, int flags, const char* vfs);

  sqlite3* handle() const { return handle_.get(); }
  // What SQLite said last, and what was being done.
  Status Error(int code, const char* doing) const;

  Status Run(const char* sql);
  Result<Statement> Prepare(const char* sql);
  // The first column of the first row, as a number; 0 where there is no row.
  Result<std::int64_t> Number(const char* sql);
  // The same as text.
  Result<std::string> Text(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// A column of the row that a statement stands on; valid until it moves.
std::span<const std::uint8_t> BlobAt(sqlite3_stmt* statement, int column);

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_DATABASE_H_
