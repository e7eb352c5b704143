#include "backend/sqlite/vfs_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace flashsale::inline v0::sqlite {
namespace {

StatusCode CodeOf(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return StatusCode::kResourceExhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return StatusCode::kFailedPrecondition;
    default:
      return StatusCode::kUnavailable;
  }
}

}  // namespace

VfsFile& VfsFile::operator=(VfsFile&& other) noexcept {
  if (this == &other) return *this;
  Close();
  name_ = std::move(other.name_);
  memory_ = std::move(other.memory_);
  file_ = std::exchange(other.file_, nullptr);
  return *this;
}

Result<VfsFile> VfsFile::Open(sqlite3_vfs& vfs, const std::string& path, Mode mode) {
  if (mode == Mode::kRead) {
    int exists = 0;
    if (vfs.xAccess(&vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK ||
        exists == 0) {
      return Status(StatusCode::kNotFound, fmt::format("no file '{}'", path));
    }
  }
  VfsFile file;
  file.name_.reset(const_cast<char*>(sqlite3_create_filename(path.c_str(), "", "", 0, nullptr)));
  if (file.name_ == nullptr) return Status(StatusCode::kResourceExhausted, "out of memory");
  const auto size = static_cast<std::size_t>(vfs.szOsFile);
  file.memory_ = std::make_unique<std::uint64_t[]>((size + 7) / 8);
  auto* const opened = reinterpret_cast<sqlite3_file*>(file.memory_.get());
  // SQLite's own VFSs lock databases and nothing else.
  const bool locks = mode == Mode::kMakeToLock || mode == Mode::kReadLock;
  const bool reads = mode == Mode::kRead || mode == Mode::kReadLock;
  const int flags = (locks ? SQLITE_OPEN_MAIN_DB : SQLITE_OPEN_SUPER_JOURNAL) |
                    (reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  int got = 0;
  const int code = vfs.xOpen(&vfs, file.name_.get(), opened, flags, &got);
  if (code != SQLITE_OK) {
    if (opened->pMethods != nullptr) opened->pMethods->xClose(opened);
    // A file without anything in it does not exist to xAccess.
    if (mode == Mode::kReadLock && code == SQLITE_CANTOPEN) {
      return Status(StatusCode::kNotFound, fmt::format("no file '{}'", path));
    }
    const StatusCode status = CodeOf(code);
    if (status == StatusCode::kFailedPrecondition) {
      return Status(status, fmt::format("'{}' may not be written to, or be made", path));
    }
    return Status(status, fmt::format("'{}' cannot be opened: {}", path, sqlite3_errstr(code)));
  }
  file.file_ = opened;
  // What may not be written to is opened to be read, and says so.
  if (!reads && (got & SQLITE_OPEN_READONLY) != 0) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("'{}' may be read only", path));
  }
  return file;
}

void VfsFile::Close() {
  if (file_ != nullptr && file_->pMethods != nullptr) file_->pMethods->xClose(file_);
  file_ = nullptr;
}

Status VfsFile::Error(int code, const char* what) const {
  return {CodeOf(code),
          fmt::format("'{}' cannot be {}: {}", name_.get(), what, sqlite3_errstr(code))};
}

Result<std::uint64_t> VfsFile::Size() {
  sqlite3_int64 size = 0;
  const int code = file_->pMethods->xFileSize(file_, &size);
  if (code != SQLITE_OK) return Error(code, "measured");
  return static_cast<std::uint64_t>(size);
}

Result<std::size_t> VfsFile::Read(std::uint64_t offset, std::span<std::uint8_t> bytes) {
  const Result<std::uint64_t> size = Size();
  if (!size.ok()) return size.status();
  if (offset >= *size) return std::size_t{0};
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), *size - offset);
  const int code = file_->pMethods->xRead(file_, bytes.data(), static_cast<int>(count),
                                          static_cast<sqlite3_int64>(offset));
  if (code != SQLITE_OK) return Error(code, "read");
  return count;
}

Status VfsFile::Write(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  const int code = file_->pMethods->xWrite(file_, bytes.data(), static_cast<int>(bytes.size()),
                                           static_cast<sqlite3_int64>(offset));
  return code == SQLITE_OK ? Status() : Error(code, "written");
}

Status VfsFile::Truncate(std::uint64_t size) {
  const int code = file_->pMethods->xTruncate(file_, static_cast<sqlite3_int64>(size));
  return code == SQLITE_OK ? Status() : Error(code, "cut");
}

Status VfsFile::Sync() {
  const int code = file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL);
  return code == SQLITE_OK ? Status() : Error(code, "synced");
}

Status VfsFile::LockExclusively() {
  // The way there is by a shared one.
  for (const int level : {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED, SQLITE_LOCK_EXCLUSIVE}) {
    const int code = file_->pMethods->xLock(file_, level);
    if (code == SQLITE_BUSY) {
      return {StatusCode::kFailedPrecondition,
              fmt::format("'{}' is locked: the storage is open already", name_.get())};
    }
    if (code != SQLITE_OK) return Error(code, "locked");
  }
  return {};
}

Result<bool> VfsFile::IsLocked() {
  int locked = 0;
  const int code = file_->pMethods->xCheckReservedLock(file_, &locked);
  if (code != SQLITE_OK) return Error(code, "looked at");
  return locked != 0;
}

Result<bool> IsLocked(sqlite3_vfs& vfs, const std::string& path) {
  Result<VfsFile> file = VfsFile::Open(vfs, path, VfsFile::Mode::kReadLock);
  if (file.ok()) return file->IsLocked();
  if (file.status().code() == StatusCode::kNotFound) return false;
  return file.status();
}

Status Remove(sqlite3_vfs& vfs, const std::string& path) {
  const int code = vfs.xDelete(&vfs, path.c_str(), 1);
  if (code == SQLITE_OK || code == SQLITE_IOERR_DELETE_NOENT) return {};
  return {CodeOf(code), fmt::format("'{}' cannot be removed: {}", path, sqlite3_errstr(code))};
}

}  // namespace flashsale::inline v0::sqlite
