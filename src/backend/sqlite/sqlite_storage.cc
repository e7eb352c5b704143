#include <memory>
#include <utility>

#include "backend/sqlite/read_only_medium.h"
#include "backend/sqlite/sqlite_medium.h"
#include "base/field_check.h"
#include "flashsale/backend/sqlite.h"

namespace flashsale::inline v0 {
namespace {

Status Validate(const SqliteOptions& options) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  FieldCheck check;
  check
      .That(!options.path.empty() && options.path.find('\0') == std::string::npos &&
                options.path != ":memory:",
            "path", Printable(options.path), "the name of a file")
      .InRange<std::uint64_t>("reserved_bytes", options.reserved_bytes, 0, kMost)
      .InRange<std::uint64_t>("checkpoint_bytes", options.checkpoint_bytes, std::uint64_t{64} << 10,
                              kMost);
  return check.status();
}

}  // namespace

Result<std::unique_ptr<JournalMedium>> OpenSqliteMedium(const SqliteOptions& options) {
  Status status = Validate(options);
  if (!status.ok()) return status;
  if (options.read_only) {
    auto medium = sqlite::ReadOnlyMedium::Open(options);
    if (!medium.ok()) return medium.status();
    return std::unique_ptr<JournalMedium>(*std::move(medium));
  }
  auto medium = sqlite::SqliteMedium::Open(options);
  if (!medium.ok()) return medium.status();
  return std::unique_ptr<JournalMedium>(*std::move(medium));
}

Result<std::unique_ptr<Storage>> OpenSqliteStorage(const SqliteOptions& options) {
  if (options.read_only) {
    return Status(StatusCode::kInvalidArgument,
                  "read_only: true, expected false of a storage, which notes that it was opened");
  }
  auto medium = OpenSqliteMedium(options);
  if (!medium.ok()) return medium.status();
  return OpenJournaledStorage(*std::move(medium), options.journal);
}

}  // namespace flashsale::inline v0
