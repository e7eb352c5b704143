#include "backend/sqlite/read_only_medium.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "backend/sqlite/journal_table.h"
#include "backend/sqlite/open_files.h"
#include "backend/sqlite/vfs_file.h"
#include "backend/sqlite/wal_check.h"

namespace flashsale::inline v0::sqlite {
namespace {

// A file name as the URI of a file that nobody changes (https://www.sqlite.org/uri.html).
std::string ImmutableUri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool reserved = c == '%' || c == '?' || c == '#';
    uri += reserved ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri + "?immutable=1";
}

}  // namespace

Result<std::unique_ptr<ReadOnlyMedium>> ReadOnlyMedium::Open(const SqliteOptions& options) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (vfs == nullptr) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("vfs: '{}', expected one that SQLite knows", options.vfs));
  }
  try {
    const Result<std::string> name = FullName(*vfs, options.path);
    if (!name.ok()) return WithPath(options.path, name.status());
    SqliteOptions full = options;
    full.path = *name;
    std::unique_ptr<ReadOnlyMedium> medium(new ReadOnlyMedium(full, *vfs));
    Status status = medium->OpenDatabase();
    if (!status.ok()) return WithPath(options.path, status);
    return medium;
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

Status ReadOnlyMedium::OpenDatabase() {
  if (!VfsFile::Open(vfs_, options_.path, VfsFile::Mode::kReadLock).ok()) {
    return {StatusCode::kNotFound, "there is no such file, or it may not be read"};
  }
  const Result<bool> in_use = IsLocked(vfs_, Beside("-lock"));
  if (!in_use.ok()) return in_use.status();
  const Result<VfsFile> log = VfsFile::Open(vfs_, Beside("-wal"), VfsFile::Mode::kRead);
  is_immutable_ = !*in_use && !log.ok();
  Status status = *in_use || is_immutable_ ? Status() : CheckLog();
  if (!status.ok()) return status;

  constexpr int kFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
  const char* const vfs = options_.vfs.empty() ? nullptr : options_.vfs.c_str();
  Result<Database> opened =
      is_immutable_ ? Database::Open(ImmutableUri(options_.path), kFlags | SQLITE_OPEN_URI, vfs)
                    : Database::Open(options_.path, kFlags, vfs);
  if (!opened.ok()) return opened.status();
  database_ = *std::move(opened);
  sqlite3_busy_timeout(database_.handle(), 10'000);
  status = CheckTable(database_);
  if (status.ok()) status = database_.Run("PRAGMA cell_size_check = ON");
  if (!status.ok() || !options_.check_pages) return status;
  const Result<std::string> found = database_.Text("PRAGMA quick_check(1)");
  if (!found.ok()) return found.status();
  return *found == "ok" ? Status() : DamagedPage(*found);
}

Status ReadOnlyMedium::CheckLog() {
  Result<VfsFile> log = VfsFile::Open(vfs_, Beside("-wal"), VfsFile::Mode::kRead);
  if (!log.ok()) return log.status();
  const Result<WalExtent> extent = CheckWal(*log);
  if (extent.ok()) return {};
  // It may be that somebody has begun to write it just now.
  const Result<bool> in_use = IsLocked(vfs_, Beside("-lock"));
  return in_use.ok() && *in_use ? Status() : extent.status();
}

Result<std::uint64_t> ReadOnlyMedium::ReadHead() {
  Result<VfsFile> head = VfsFile::Open(vfs_, Beside("-head"), VfsFile::Mode::kRead);
  if (head.ok()) return HeadIn(*head);
  if (head.status().code() == StatusCode::kNotFound) return std::uint64_t{0};
  return head.status();
}

Status ReadOnlyMedium::Append(const JournalCommit& /*commit*/) {
  return WithPath(options_.path, {StatusCode::kFailedPrecondition, "it was opened read only"});
}

Status ReadOnlyMedium::Read(std::uint64_t after, Reader& reader) {
  const std::lock_guard lock(mutex_);
  // Before the rows are: the one who writes goes on.
  const Result<std::uint64_t> head = ReadHead();
  if (!head.ok()) return WithPath(options_.path, head.status());
  Status status = ReadTable(database_, {.after = after, .head = *head}, reader);
  if (is_immutable_) {
    const Result<bool> in_use = IsLocked(vfs_, Beside("-lock"));
    if (!in_use.ok() || *in_use) {
      return WithPath(options_.path, {StatusCode::kUnavailable,
                                      "it was opened as a storage meanwhile: read it again"});
    }
  }
  return WithPath(options_.path, status);
}

}  // namespace flashsale::inline v0::sqlite
