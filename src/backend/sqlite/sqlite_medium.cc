#include "backend/sqlite/sqlite_medium.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "backend/sqlite/journal_table.h"
#include "backend/sqlite/wal_check.h"

namespace flashsale::inline v0::sqlite {
namespace {

constexpr std::uint64_t kPageSize = 4'096;
constexpr int kBusyMilliseconds = 10'000;
constexpr std::uint64_t kSmallestLog = std::uint64_t{64} << 10;
void BindBlob(const Statement& statement, int index, std::span<const std::uint8_t> bytes) {
  // A null pointer would be NULL.
  const void* const data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  sqlite3_bind_blob64(statement.get(), index, data, bytes.size(), SQLITE_STATIC);
}

}  // namespace

Result<std::unique_ptr<SqliteMedium>> SqliteMedium::Open(const SqliteOptions& options) {
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
    std::unique_ptr<SqliteMedium> medium(new SqliteMedium(full, *vfs));
    Status status = medium->CheckFolder();
    if (status.ok()) status = medium->spare_.CheckSize();
    if (status.ok()) status = medium->OpenDatabase();
    if (!status.ok()) return WithPath(options.path, status);
    return medium;
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

SqliteMedium::~SqliteMedium() {
  // A fork has no thread that could be told to end: the rest of it stays in its memory.
  if (!files_.are_mine()) {
    // NOLINTNEXTLINE(bugprone-unused-return-value): that is what it is about.
    static_cast<void>(checkpointer_.release());
    return;
  }
  checkpointer_.reset();
  // What was not written to may have been opened to be refused: it stays as it is.
  if (!has_written_ || has_failed_) return;
  EmptyLog();
}

Status SqliteMedium::CheckFolder() {
  const std::size_t slash = options_.path.rfind('/');
  if (slash != std::string::npos && slash != 0) {
    const std::string folder = options_.path.substr(0, slash);
    int exists = 0;
    if (vfs_.xAccess(&vfs_, folder.c_str(), SQLITE_ACCESS_EXISTS, &exists) == SQLITE_OK &&
        exists == 0) {
      return {StatusCode::kNotFound, fmt::format("there is no directory '{}'", folder)};
    }
  }
  Result<VfsFile> lock = VfsFile::Open(vfs_, Beside("-lock"), VfsFile::Mode::kMakeToLock);
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);
  Status status = lock_.LockExclusively();
  if (!status.ok()) return status;

  Result<VfsFile> wal = VfsFile::Open(vfs_, Beside("-wal"), VfsFile::Mode::kRead);
  if (!wal.ok()) return wal.status().code() == StatusCode::kNotFound ? Status() : wal.status();
  const Result<WalExtent> extent = CheckWal(*wal);
  if (!extent.ok()) return extent.status();
  log_has_rest_ = extent->has_rest;
  return {};
}

Status SqliteMedium::CutLog() {
  if (!log_has_rest_) return {};
  Result<VfsFile> wal = VfsFile::Open(vfs_, Beside("-wal"), VfsFile::Mode::kMake);
  if (!wal.ok()) return wal.status();
  const Result<WalExtent> extent = CheckWal(*wal);
  if (!extent.ok()) return extent.status();
  if (extent->has_rest) {
    Status status = wal->Truncate(extent->size);
    if (status.ok()) status = wal->Sync();
    if (!status.ok()) return status;
  }
  log_has_rest_ = false;
  return {};
}

Status SqliteMedium::OpenDatabase() {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  Result<Database> opened = Database::Open(options_.path, kFlags, vfs_name());
  if (!opened.ok()) return opened.status();
  database_ = *std::move(opened);
  if (sqlite3_db_readonly(database_.handle(), "main") == 1) {
    return {StatusCode::kFailedPrecondition, "the file may be read only"};
  }
  sqlite3_busy_timeout(database_.handle(), kBusyMilliseconds);
  Status status = ReadHead();
  if (status.ok()) status = PrepareSchema();
  if (!status.ok()) return status;
  for (const char* const sql : {
           "PRAGMA synchronous = FULL",       // one sync of the log a commit
           "PRAGMA journal_size_limit = -1",  // a log that has its size is written over
           "PRAGMA cache_spill = OFF",        // a transaction is written when it commits
           "PRAGMA cell_size_check = ON",
       }) {
    status = database_.Run(sql);
    if (!status.ok()) return status;
  }
  if (options_.check_pages) {
    const Result<std::string> found = database_.Text("PRAGMA quick_check(1)");
    if (!found.ok()) return found.status();
    if (*found != "ok") return DamagedPage(*found);
  }
  struct Prepared {
    Statement& statement;
    const char* sql;
  };
  for (const auto& [statement, sql] :
       {Prepared{begin_, "BEGIN IMMEDIATE"}, Prepared{commit_, "COMMIT"},
        Prepared{rollback_, "ROLLBACK"},
        Prepared{insert_, "INSERT INTO journal (number, records, names) VALUES (?1, ?2, ?3)"}}) {
    Result<Statement> prepared = database_.Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    statement = *std::move(prepared);
  }
  spare_.SetAside();

  Database own;
  if (options_.checkpoint_thread) {
    Result<Database> second =
        Database::Open(options_.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs_name());
    if (!second.ok()) return second.status();
    own = *std::move(second);
    sqlite3_busy_timeout(own.handle(), 0);
    // A connection that has read nothing has not opened the log, and brings none of it in.
    const Result<std::int64_t> read = own.Number("PRAGMA user_version");
    if (!read.ok()) return read.status();
  }
  // What the log has is brought in when there is no other room than what is set aside.
  std::uint64_t log_bytes = options_.checkpoint_bytes;
  if (options_.reserved_bytes != 0) {
    log_bytes = std::min(log_bytes, std::max(options_.reserved_bytes / 2, kSmallestLog));
  }
  checkpointer_ = std::make_unique<Checkpointer>(database_, std::move(own), log_bytes / kPageSize);
  status = SyncFolder();
  files_.Note({options_.path, Beside("-wal"), Beside("-lock")});
  return status;
}

Status SqliteMedium::SyncFolder() {
  // A VFS syncs a folder when it removes something from it.
  const std::string name = Beside("-new");
  const Result<VfsFile> file = VfsFile::Open(vfs_, name, VfsFile::Mode::kMake);
  if (!file.ok()) return file.status();
  return Remove(vfs_, name);
}

Status SqliteMedium::PrepareSchema() {
  const Result<std::int64_t> id = database_.Number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  const Result<std::int64_t> tables = database_.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*id == 0 && *tables == 0) {
    if (head_number_ != 0) {
      return {StatusCode::kDataLoss,
              fmt::format("there is no journal, but one with {} commits was kept", head_number_)};
    }
    Status status = CutLog();
    if (!status.ok()) return status;
    for (const std::string& sql :
         {fmt::format("PRAGMA page_size = {}", kPageSize), std::string("PRAGMA journal_mode = WAL"),
          std::string("PRAGMA synchronous = FULL"), std::string("BEGIN IMMEDIATE"),
          std::string(kSchema), fmt::format("PRAGMA application_id = {}", kApplicationId),
          fmt::format("PRAGMA user_version = {}", kSchemaVersion), std::string("COMMIT")}) {
      status = database_.Run(sql.c_str());
      if (!status.ok()) return status;
    }
    return {};
  }
  Status status = CheckTable(database_);
  if (!status.ok()) return status;
  const Result<std::string> mode = database_.Text("PRAGMA journal_mode = WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") {
    return {StatusCode::kUnavailable, fmt::format("no write-ahead log, but mode '{}'", *mode)};
  }
  return {};
}

Status SqliteMedium::ReadHead() {
  Result<VfsFile> head = VfsFile::Open(vfs_, Beside("-head"), VfsFile::Mode::kMake);
  if (!head.ok()) return head.status();
  head_ = *std::move(head);
  const Result<std::uint64_t> number = HeadIn(head_);
  if (!number.ok()) return number.status();
  head_number_ = *number;
  return {};
}

void SqliteMedium::NoteHead(std::uint64_t number) { (void)head_.Write(0, HeadOf(number)); }

void SqliteMedium::EmptyLog() {
  // Not for a reader: what it keeps from being brought in stays in the log.
  sqlite3_busy_timeout(database_.handle(), 0);
  sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  sqlite3_busy_timeout(database_.handle(), kBusyMilliseconds);
}

Status SqliteMedium::Step(const Statement& statement, const char* doing) {
  const int code = sqlite3_step(statement.get());
  Status status = code == SQLITE_DONE ? Status() : database_.Error(code, doing);
  sqlite3_reset(statement.get());
  return status;
}

Status SqliteMedium::Insert(const JournalCommit& commit) {
  Status status = CutLog();
  if (status.ok()) status = Step(begin_, "beginning a commit");
  if (!status.ok()) return status;
  sqlite3_bind_int64(insert_.get(), 1, static_cast<sqlite3_int64>(commit.number));
  BindBlob(insert_, 2, commit.records);
  BindBlob(insert_, 3, commit.names);
  status = Step(insert_, "writing a commit");
  sqlite3_clear_bindings(insert_.get());
  if (status.ok()) status = Step(commit_, "committing");
  if (!status.ok() && sqlite3_get_autocommit(database_.handle()) == 0) {
    (void)Step(rollback_, "taking a commit back");
  }
  if (!status.ok()) log_has_rest_ = true;
  return status;
}

Status SqliteMedium::Append(const JournalCommit& commit) {
  Status status = files_.CheckProcess();
  if (!status.ok()) return WithPath(options_.path, status);
  has_written_ = true;
  status = Insert(commit);
  if (status.code() == StatusCode::kResourceExhausted) {
    // What was promised before needs the room now, and that of the log.
    spare_.GiveUp();
    checkpointer_->set_saves_room(true);
    EmptyLog();
    status = Insert(commit);
  }
  // What is written to a file that nobody can find is not kept.
  if (status.ok()) status = files_.CheckNames();
  if (!status.ok()) {
    has_failed_ = status.code() != StatusCode::kResourceExhausted;
    return WithPath(options_.path, status);
  }
  NoteHead(commit.number);
  if (checkpointer_->WantsRoom()) EmptyLog();
  checkpointer_->OnCommit();
  return {};
}

Status SqliteMedium::Read(std::uint64_t after, Reader& reader) {
  const std::lock_guard lock(reading_mutex_);
  if (reading_.handle() == nullptr) {
    Result<Database> opened =
        Database::Open(options_.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs_name());
    if (!opened.ok()) return WithPath(options_.path, opened.status());
    reading_ = *std::move(opened);
  }
  return WithPath(options_.path,
                  ReadTable(reading_, {.after = after, .head = head_number_}, reader));
}

Status SqliteMedium::OverwriteNames(std::span<const JournalCommit> commits) {
  has_written_ = true;
  Status status = CutLog();
  // Pages that are given up are overwritten, too.
  if (status.ok()) status = database_.Run("PRAGMA secure_delete = ON");
  if (!status.ok()) return WithPath(options_.path, status);
  Result<Statement> update = database_.Prepare("UPDATE journal SET names = ?2 WHERE number = ?1");
  if (!update.ok()) return WithPath(options_.path, update.status());
  status = Step(begin_, "beginning to overwrite names");
  for (const JournalCommit& commit : commits) {
    if (!status.ok()) break;
    sqlite3_bind_int64(update->get(), 1, static_cast<sqlite3_int64>(commit.number));
    BindBlob(*update, 2, commit.names);
    status = Step(*update, "overwriting names");
    sqlite3_clear_bindings(update->get());
  }
  if (status.ok()) status = Step(commit_, "committing");
  if (!status.ok() && sqlite3_get_autocommit(database_.handle()) == 0) {
    (void)Step(rollback_, "taking it back");
  }
  if (!status.ok()) log_has_rest_ = true;
  // What the log has of the pages as they were goes with it.
  if (status.ok()) {
    const int code = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr,
                                               SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code != SQLITE_OK) status = database_.Error(code, "emptying the log");
  }
  if (status.ok()) return {};
  has_failed_ = true;
  return WithPath(options_.path, status);
}

bool SqliteMedium::IsNearlyFull() {
  const bool has_room = spare_.LookAgain();
  checkpointer_->set_saves_room(!has_room);
  return !has_room;
}

}  // namespace flashsale::inline v0::sqlite
