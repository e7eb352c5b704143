#include "backend/sqlite/open_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace flashsale::inline v0::sqlite {

Result<std::string> FullName(sqlite3_vfs& vfs, const std::string& path) {
  std::string name(static_cast<std::size_t>(vfs.mxPathname) + 1, '\0');
  const int code =
      vfs.xFullPathname(&vfs, path.c_str(), static_cast<int>(name.size()), name.data());
  if ((code & 0xFF) != SQLITE_OK) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("its full name cannot be told: {}", sqlite3_errstr(code)));
  }
  name.resize(name.find('\0'));
  struct stat found{};
  if (stat(name.c_str(), &found) != 0) return name;
  if (!S_ISREG(found.st_mode)) {
    return Status(StatusCode::kFailedPrecondition, "it is there and is no file");
  }
  if (found.st_nlink > 1) {
    return Status(
        StatusCode::kFailedPrecondition,
        fmt::format("the file has {} names (hard links), expected one: the files beside it "
                    "go by its name",
                    found.st_nlink));
  }
  return name;
}

void OpenFiles::Note(const std::vector<std::string>& names) {
  files_.clear();
  for (const std::string& name : names) {
    struct stat found{};
    if (stat(name.c_str(), &found) == 0) files_.push_back({name, found.st_dev, found.st_ino});
  }
}

bool OpenFiles::are_mine() const { return getpid() == process_; }

Status OpenFiles::CheckProcess() const {
  if (are_mine()) return {};
  return {StatusCode::kFailedPrecondition,
          fmt::format("it was opened by process {}, of which this one, {}, is a fork: a storage "
                      "belongs to one process",
                      process_, getpid())};
}

Status OpenFiles::CheckNames() const {
  for (const File& file : files_) {
    struct stat found{};
    const bool is_there = stat(file.name.c_str(), &found) == 0;
    if (is_there && found.st_dev == file.device && found.st_ino == file.inode) continue;
    return {StatusCode::kUnavailable, fmt::format("'{}' was {} while it was open", file.name,
                                                  is_there ? "exchanged" : "removed")};
  }
  return {};
}

}  // namespace flashsale::inline v0::sqlite
