#include "examples/flashsale_audit/copy_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_audit/output_check.h"
#include "examples/flashsale_sim/output.h"
#include "flashsale/backend/sqlite.h"

namespace flashsale::audit {
namespace {

namespace fs = std::filesystem;

Status Unavailable(const std::string& path, const std::string& why) {
  return {StatusCode::kUnavailable, fmt::format("'{}': {}", path, why)};
}

// Ok where nothing lies by that name, nor beside it; links are not followed.
Status CheckFree(const std::string& to, const std::string& base, std::string_view what) {
  const auto check = [&](const std::string& path) {
    std::error_code error;
    const fs::file_status found = fs::symlink_status(path, error);
    if (found.type() == fs::file_type::not_found) return Status();
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("--to '{}': expected a name that is free, but '{}' is there{}", to,
                              path, what));
  };
  Status status = check(base);
  for (const std::string_view suffix : kBesideJournal) {
    if (status.ok()) status = check(base + std::string(suffix));
  }
  return status;
}

void RemoveAll(const std::string& base) {
  std::error_code ignored;
  fs::remove(base, ignored);
  for (const std::string_view suffix : kBesideJournal) {
    fs::remove(base + std::string(suffix), ignored);
  }
}

// Sees to it that a file, or what a folder lists, is on the disk.
Status Sync(const std::string& path) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg,hicpp-vararg): open(2) is one.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Unavailable(path, sim::LastSystemError());
  const bool synced = ::fsync(file) == 0;
  Status status = synced ? Status() : Unavailable(path, sim::LastSystemError());
  ::close(file);
  return status;
}

// Gives a journal that is closed its name.  The database comes last: once it is there, all is.
Status Rename(const std::string& part, const std::string& to) {
  std::error_code error;
  for (const char* const suffix : {"-shm", "-lock"}) fs::remove(part + suffix, error);
  for (const char* const suffix : {"-wal", "-head", ""}) {
    if (!fs::exists(part + suffix, error)) continue;
    if (Status status = Sync(part + suffix); !status.ok()) return status;
    fs::rename(part + suffix, to + suffix, error);
    if (error) return Unavailable(to + suffix, error.message());
  }
  const fs::path folder = fs::path(to).parent_path();
  return Sync(folder.empty() ? "." : folder.string());
}

Result<JournalCopyReport> WritePart(JournalMedium& from, const std::string& part,
                                    const JournalCopyOptions& options) {
  const auto medium =
      OpenSqliteMedium({.path = part, .reserved_bytes = 0, .checkpoint_thread = false});
  if (!medium.ok()) return medium.status();
  return CopyJournal(from, **medium, options);
}

}  // namespace

Result<JournalCopyReport> CopyToFile(JournalMedium& from, const std::string& to,
                                     const JournalCopyOptions& options) {
  if (to.empty()) return Status(StatusCode::kInvalidArgument, "--to '': expected a name");
  const std::string part = to + "-part";
  Status status = CheckFree(to, to, "");
  if (status.ok()) {
    status = CheckFree(
        to, part,
        ", of a copy that is being made, or was broken off: then remove all by that name");
  }
  if (!status.ok()) return status;
  Result<JournalCopyReport> report = WritePart(from, part, options);
  if (!report.ok()) {
    RemoveAll(part);
    return report;
  }
  status = Rename(part, to);
  if (status.ok()) return report;
  RemoveAll(part);
  RemoveAll(to);
  return status;
}

}  // namespace flashsale::audit
