#include "backend/sqlite/journal_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace flashsale::inline v0::sqlite {

Status CheckTable(Database& database) {
  const Result<std::int64_t> id = database.Number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  if (*id != kApplicationId) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("a database of another application, with the id {}, expected {}", *id,
                        kApplicationId)};
  }
  const Result<std::int64_t> version = database.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version > kSchemaVersion) {
    return {
        StatusCode::kFailedPrecondition,
        fmt::format("its schema has version {}, newer than {}, the last that this version reads",
                    *version, kSchemaVersion)};
  }
  if (*version < kSchemaVersion) {
    return {StatusCode::kDataLoss, fmt::format("its schema has the unknown version {}", *version)};
  }
  const Result<std::int64_t> entries = database.Number("SELECT count(*) FROM sqlite_schema");
  if (!entries.ok()) return entries.status();
  const Result<std::string> table =
      database.Text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'journal'");
  if (!table.ok()) return table.status();
  if (*entries == 1 && *table == kSchema) return {};
  return {StatusCode::kDataLoss,
          fmt::format("its schema was changed: it has {} entries, and '{}', expected one, and '{}'",
                      *entries, *table, kSchema)};
}

Status ReadTable(Database& database, const TableRead& read, JournalMedium::Reader& reader) {
  if (read.after == 0) {
    const Result<std::int64_t> before =
        database.Number("SELECT count(*) FROM (SELECT 1 FROM journal WHERE number < 1 LIMIT 1)");
    if (!before.ok()) return before.status();
    if (*before != 0) {
      return {StatusCode::kDataLoss, "a commit was put in before the first, which is number 1"};
    }
  }
  Result<Statement> select = database.Prepare(
      "SELECT number, records, names FROM journal WHERE number > ?1 ORDER BY number");
  if (!select.ok()) return select.status();
  sqlite3_stmt* const row = select->get();
  sqlite3_bind_int64(row, 1, static_cast<sqlite3_int64>(read.after));
  std::uint64_t last = read.after;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(row)) == SQLITE_ROW) {
    last = static_cast<std::uint64_t>(sqlite3_column_int64(row, 0));
    Status status =
        reader.OnCommit({.number = last, .records = BlobAt(row, 1), .names = BlobAt(row, 2)});
    if (!status.ok()) return status;
  }
  if (code != SQLITE_DONE) return database.Error(code, "reading the journal");
  if (last >= read.head) return {};
  return {StatusCode::kDataLoss,
          fmt::format("the journal ends with commit {}, but {} was kept", last, read.head)};
}

HeadBytes HeadOf(std::uint64_t number) {
  HeadBytes bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(~number >> (8 * i));
  }
  return bytes;
}

Result<std::uint64_t> HeadIn(VfsFile& file) {
  HeadBytes bytes{};
  const Result<std::size_t> read = file.Read(0, bytes);
  if (!read.ok()) return read.status();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number |= std::uint64_t{bytes[i]} << (8 * i);
  if (*read != bytes.size() || bytes != HeadOf(number)) return std::uint64_t{0};
  return number;
}

Status DamagedPage(const std::string& found) {
  // Below a heading that names the database come the pages, one a line.
  std::string told;
  for (std::size_t at = 0; at < found.size();) {
    const std::size_t end = std::min(found.find('\n', at), found.size());
    const std::string_view line = std::string_view(found).substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.starts_with("***")) continue;
    if (!told.empty()) told += "; ";
    told += line;
  }
  return {StatusCode::kDataLoss, "a page is damaged: " + (told.empty() ? found : told)};
}

Status WithPath(const std::string& path, const Status& status) {
  if (status.ok()) return status;
  return {status.code(), fmt::format("'{}': {}", path, status.message())};
}

}  // namespace flashsale::inline v0::sqlite
