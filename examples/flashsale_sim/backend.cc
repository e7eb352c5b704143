#include "examples/flashsale_sim/backend.h"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "flashsale/backend/journal.h"
#ifdef FLASHSALE_SIM_WITH_SQLITE
#include "flashsale/backend/sqlite.h"
#endif

namespace flashsale::sim {
namespace {

#ifdef FLASHSALE_SIM_WITH_SQLITE

// What SqliteOptions::path says of the files beside the database.
constexpr std::array<std::string_view, 6> kSqliteFiles = {"",      "-wal",  "-shm",
                                                          "-lock", "-head", "-reserve"};

SqliteOptions SqliteOptionsOf(const BackendName& name, const MemoryOptions& memory) {
  // A run that finds the disk full has nothing to go on for, so no room is set aside.
  SqliteOptions options{.path = name.path, .reserved_bytes = 0};
  options.journal.memory = memory;
  return options;
}

Status CheckSqliteIsNew(const std::string& path) {
  for (const std::string_view suffix : kSqliteFiles) {
    const std::string file = path + std::string(suffix);
    std::error_code error;  // what cannot be looked at cannot be opened either, which will tell why
    const auto type = std::filesystem::symlink_status(file, error).type();
    if (type == std::filesystem::file_type::not_found || error) continue;
    return {StatusCode::kFailedPrecondition,
            fmt::format("expected the name of a new file; '{}' is there already", file)};
  }
  return {};
}

class CommitCounter final : public JournalMedium::Reader {
 public:
  Status OnCommit(const JournalCommit& commit) override {
    ++counted_.commits;
    counted_.journal_bytes += commit.records.size() + commit.names.size();
    return {};
  }
  const Backend::OnDisk& counted() const { return counted_; }

 private:
  Backend::OnDisk counted_;
};

Result<Backend::OnDisk> LookAtSqlite(const SqliteOptions& options) {
  CommitCounter counter;
  {
    const Result<std::unique_ptr<JournalMedium>> medium = OpenSqliteMedium(options);
    if (!medium.ok()) return medium.status();
    if (Status status = (*medium)->Read(0, counter); !status.ok()) return status;
  }
  Backend::OnDisk found = counter.counted();
  for (const std::string_view suffix : kSqliteFiles) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(options.path + std::string(suffix), error);
    if (!error) found.file_bytes += bytes;
  }
  return found;
}

#endif

Result<std::unique_ptr<Storage>> OpenStorage(const BackendName& name, const MemoryOptions& memory) {
  switch (name.kind) {
    case BackendKind::kMemory:
      return OpenMemoryStorage(memory);
    case BackendKind::kSqlite:
#ifdef FLASHSALE_SIM_WITH_SQLITE
      return OpenSqliteStorage(SqliteOptionsOf(name, memory));
#else
      break;
#endif
  }
  return Backend::CheckIsNew(name);
}

}  // namespace

Status Backend::CheckIsNew(const BackendName& name) {
  if (name.kind == BackendKind::kMemory) return {};
#ifdef FLASHSALE_SIM_WITH_SQLITE
  return CheckSqliteIsNew(name.path);
#else
  return {StatusCode::kFailedPrecondition,
          "this build has no SQLite: expected one with FLASHSALE_WITH_SQLITE=ON, or memory"};
#endif
}

Result<std::unique_ptr<Backend>> Backend::Open(const BackendName& name,
                                               const MemoryOptions& memory) {
  if (Status status = CheckIsNew(name); !status.ok()) return status;
  Result<std::unique_ptr<Storage>> storage = OpenStorage(name, memory);
  if (!storage.ok()) return storage.status();
  std::unique_ptr<Backend> backend(new Backend(name, memory));
  backend->storage_ = *std::move(storage);
  return backend;
}

Result<Backend::OnDisk> Backend::Reopen() {
  storage_.reset();
#ifdef FLASHSALE_SIM_WITH_SQLITE
  Result<OnDisk> found = LookAtSqlite(SqliteOptionsOf(name_, memory_));
#else
  Result<OnDisk> found = CheckIsNew(name_);
#endif
  if (!found.ok()) return found;
  Result<std::unique_ptr<Storage>> storage = OpenStorage(name_, memory_);
  if (!storage.ok()) return storage.status();
  storage_ = *std::move(storage);
  return found;
}

}  // namespace flashsale::sim
