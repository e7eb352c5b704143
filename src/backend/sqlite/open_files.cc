#include "backend/sqlite/open_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

namespace flashsale::inline v0::sqlite {
namespace {

// Which file a name stands for; nothing where there is none.
std::optional<FileIdentity> IdentityOf(const std::string& name) {
#if defined(__linux__)
  // Not stat: who asks for times has every write from then on note its own, which the next sync has
  // to write as well (https://docs.kernel.org/filesystems/multigrain-ts.html).
  struct statx found{};
  if (statx(AT_FDCWD, name.c_str(), 0, STATX_INO, &found) != 0) return std::nullopt;
  return FileIdentity{std::uint64_t{found.stx_dev_major} << 32 | found.stx_dev_minor,
                      found.stx_ino};
#else
  struct stat found{};
  if (stat(name.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(found.st_dev), found.st_ino};
#endif
}

}  // namespace

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
    const std::optional<FileIdentity> identity = IdentityOf(name);
    if (identity.has_value()) files_.push_back({name, *identity});
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
    const std::optional<FileIdentity> found = IdentityOf(file.name);
    if (found == file.identity) continue;
    return {StatusCode::kUnavailable, fmt::format("'{}' was {} while it was open", file.name,
                                                  found.has_value() ? "exchanged" : "removed")};
  }
  return {};
}

}  // namespace flashsale::inline v0::sqlite
