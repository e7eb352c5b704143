#ifndef FLASHSALE_SRC_BACKEND_SQLITE_VFS_FILE_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_VFS_FILE_H_

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// A file beside a database, through the same VFS, so that whatever stands in for the system there
// does here.
//
// Thread safety: as an int.  Ownership: of the open file.
class VfsFile {
 public:
  VfsFile() = default;
  ~VfsFile() { Close(); }
  VfsFile(VfsFile&& other) noexcept { *this = std::move(other); }
  VfsFile& operator=(VfsFile&& other) noexcept;

  enum class Mode : std::uint8_t { kRead, kReadLock, kMake, kMakeToLock };
  // kRead, kReadLock: NotFound where there is none, or (kRead) nothing in it.  kMake: it is made
  // where there is none.  kMakeToLock: and LockExclusively may be called.
  // Errors: FailedPrecondition where it may not be written to; Unavailable.
  static Result<VfsFile> Open(sqlite3_vfs& vfs, const std::string& path, Mode mode);

  bool is_open() const { return file_ != nullptr; }
  void Close();

  // Errors of all: Unavailable; ResourceExhausted where there is no room.
  Result<std::uint64_t> Size();
  // How many bytes were there to read.
  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> bytes);
  Status Write(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  Status Truncate(std::uint64_t size);
  Status Sync();
  // Nobody else may have it so at a time, in this process or another.  FailedPrecondition where
  // somebody has.  REQUIRES: kMakeToLock.
  Status LockExclusively();
  // Whether somebody has.  REQUIRES: kReadLock or kMakeToLock.
  Result<bool> IsLocked();

 private:
  struct FreeFilename {
    void operator()(char* name) const { sqlite3_free_filename(name); }
  };

  Status Error(int code, const char* what) const;

  std::unique_ptr<char, FreeFilename> name_;
  std::unique_ptr<std::uint64_t[]> memory_;
  sqlite3_file* file_ = nullptr;  // in memory_
};

// Whether somebody, in this process or another, has a file locked by LockExclusively.  False where
// there is none.  Errors: Unavailable.
Result<bool> IsLocked(sqlite3_vfs& vfs, const std::string& path);

// Removes a file, and makes sure that it is gone.  Ok where there is none.
Status Remove(sqlite3_vfs& vfs, const std::string& path);

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_VFS_FILE_H_
