#ifndef FLASHSALE_SRC_BACKEND_SQLITE_OPEN_FILES_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_OPEN_FILES_H_

#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// The full name of a database, so that whoever opens it by another, through a symbolic link, finds
// the same files beside it.
// Errors: FailedPrecondition where it is something else than a file, or has several names (hard
// links), each of which would have files of its own beside it; Unavailable.
Result<std::string> FullName(sqlite3_vfs& vfs, const std::string& path);

struct FileIdentity {
  std::uint64_t device;
  std::uint64_t number;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// The files of a database that this process has open, as their names stood for them then.  Those
// that only a VFS of its own knows are not looked after.
class OpenFiles {
 public:
  // The files of these names, as many as there are.
  void Note(const std::vector<std::string>& names);

  // Errors: FailedPrecondition where this is a process that was forked from the one that opened
  // them.
  Status CheckProcess() const;
  // Errors: Unavailable, where one was removed or exchanged meanwhile: nobody will find what is
  // written to it.
  Status CheckNames() const;
  // Whether this process made this.
  bool are_mine() const;

 private:
  struct File {
    std::string name;
    FileIdentity identity;
  };
  std::vector<File> files_;
  const pid_t process_ = getpid();
};

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_OPEN_FILES_H_
