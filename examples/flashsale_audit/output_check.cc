#include "examples/flashsale_audit/output_check.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "examples/flashsale_sim/output.h"

namespace flashsale::audit {
namespace {

namespace fs = std::filesystem;

Status Refused(const NamedFile& file, const std::string& why) {
  return {StatusCode::kInvalidArgument, fmt::format("{} '{}': {}", file.option, file.path, why)};
}

// The path without links and detours, as far as it is there.
fs::path Resolved(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  if (!error && !fs::is_symlink(fs::symlink_status(whole, error))) return whole;
  // A link to what is not there.
  const fs::path target = fs::read_symlink(path, error);
  if (error) return path.lexically_normal();
  return fs::weakly_canonical(fs::absolute(path.parent_path() / target, error), error);
}

bool AreOne(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error) && !error) return true;
  return Resolved(a) == Resolved(b);
}

// The journal and what lies beside it, or would.  SQLite follows a link and puts its own files
// beside what that leads to.
std::vector<fs::path> FilesOf(const std::string& journal) {
  std::vector<fs::path> files;
  for (const std::string& base : {journal, Resolved(journal).string()}) {
    files.emplace_back(base);
    for (const std::string_view suffix : kBesideJournal) {
      files.emplace_back(base + std::string(suffix));
    }
  }
  return files;
}

// Whether it could be opened to be written, as far as that can be told without opening it.
Status CheckWritable(const NamedFile& file) {
  const auto refused = [&file](const std::string& why) {
    return Refused(file, "expected a file that can be written: " + why);
  };
  std::error_code error;
  if (fs::is_directory(file.path, error)) {
    return refused(std::make_error_code(std::errc::is_a_directory).message());
  }
  if (::access(file.path.c_str(), W_OK) == 0) return {};
  if (errno != ENOENT) return refused(sim::LastSystemError());
  const fs::path folder = Resolved(file.path).parent_path();
  if (!folder.empty() && ::access(folder.c_str(), W_OK) != 0) {
    return refused(sim::LastSystemError());
  }
  return {};
}

}  // namespace

Status CheckOutputs(const OutputCheck& check) {
  const std::vector<fs::path> journal = FilesOf(check.journal);
  std::vector<NamedFile> taken = check.inputs;
  for (const NamedFile& output : check.outputs) {
    if (output.path.empty()) continue;
    for (const fs::path& file : journal) {
      if (!AreOne(output.path, file)) continue;
      return Refused(
          output, fmt::format("expected another file than the journal's own, '{}'", file.string()));
    }
    for (const NamedFile& other : taken) {
      if (!AreOne(output.path, other.path)) continue;
      return Refused(output, fmt::format("expected another file than that of {}", other.option));
    }
    if (Status status = CheckWritable(output); !status.ok()) return status;
    taken.push_back(output);
  }
  return {};
}

}  // namespace flashsale::audit
