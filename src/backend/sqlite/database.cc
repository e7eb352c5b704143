#include "backend/sqlite/database.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace flashsale::inline v0::sqlite {
namespace {

StatusCode CodeOf(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
      return StatusCode::kDataLoss;
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return StatusCode::kFailedPrecondition;
    default:
      return StatusCode::kUnavailable;
  }
}

// Of the last call that failed for one of a database's files; 0 where it is not known.
int LastSystemError(sqlite3* database, int which_file) {
  sqlite3_file* file = nullptr;
  int error = 0;
  if (sqlite3_file_control(database, "main", which_file, static_cast<void*>(&file)) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr ||
      file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK) {
    return 0;
  }
  return error;
}

}  // namespace

Result<Database> Database::Open(const std::string& path, int flags, const char* vfs) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs);
  Database database;
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return database.Error(code, "opening it");
  sqlite3_extended_result_codes(handle, 1);
  // Whoever closes changes nothing: what was refused for its damage stays as it is.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

Status Database::Error(int code, const char* doing) const {
  const char* const said = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle());
  // To SQLite only a disk can be full.
  if (code == SQLITE_IOERR_WRITE) {
    for (const int control : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
      const int error = LastSystemError(handle(), control);
      if (error != EFBIG && error != EDQUOT) continue;
      return {StatusCode::kResourceExhausted,
              fmt::format("{}: {}", doing, std::generic_category().message(error))};
    }
  }
  return {CodeOf(code), fmt::format("{}: {} (SQLite {})", doing, said, code)};
}

Status Database::Run(const char* sql) {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : Error(code, sql);
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code, sql);
  return Statement(statement);
}

Result<std::int64_t> Database::Number(const char* sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const int code = sqlite3_step(statement->get());
  if (code == SQLITE_DONE) return std::int64_t{0};
  if (code != SQLITE_ROW) return Error(code, sql);
  return std::int64_t{sqlite3_column_int64(statement->get(), 0)};
}

Result<std::string> Database::Text(const char* sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const int code = sqlite3_step(statement->get());
  if (code == SQLITE_DONE) return std::string();
  if (code != SQLITE_ROW) return Error(code, sql);
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement->get(), 0));
  return std::string(text == nullptr ? "" : text);
}

std::span<const std::uint8_t> BlobAt(sqlite3_stmt* statement, int column) {
  const auto* const bytes =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace flashsale::inline v0::sqlite
