// What others do to the files of a journal, and what a process may not do with them.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/testing/digest.h"
#include "tests/hard_cases/crowd.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sqlite_test {
namespace {

SqliteOptions OptionsFor(const std::string& path) { return {.path = path, .reserved_bytes = 0}; }

std::unique_ptr<Storage> MustOpen(const SqliteOptions& options) {
  auto storage = OpenSqliteStorage(options);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  return *std::move(storage);
}

Status Buy(Storage& storage, std::uint64_t user) {
  const Command command = Reserve(User(user), Id(user));
  Outcome outcome;
  Status status = storage.inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1});
  if (status.ok()) CHECK(outcome.code == Code::kDone);
  return status;
}

std::unique_ptr<Storage> Sell(const SqliteOptions& options, std::uint64_t people) {
  auto storage = MustOpen(options);
  REQUIRE(storage->inventory().Create(SmallSale(1U << 20)).ok());
  for (std::uint64_t i = 1; i <= people; ++i) REQUIRE(Buy(*storage, i).ok());
  return storage;
}

std::string DigestOf(Storage& storage) {
  DigestVisitor visitor(kStart);
  REQUIRE(storage.inventory().Snapshot("drop", visitor).ok());
  return visitor.Finish();
}

class Nobody final : public JournalVisitor {
 public:
  Status OnEntry(const JournalEntry& /*entry*/) override { return {}; }
};

bool Says(const Status& status, const std::string& what) {
  CAPTURE(status.message());
  return status.message().find(what) != std::string::npos;
}

TEST_CASE("a symbolic link leads to the same journal, with the files beside it") {
  const Folder folder;
  std::filesystem::create_symlink("drop.db", folder / "link.db");
  auto storage = Sell(OptionsFor(folder / "drop.db"), 3);
  const auto second = OpenSqliteStorage(OptionsFor(folder / "link.db"));
  CHECK(second.status().code() == StatusCode::kFailedPrecondition);
  CHECK(Says(second.status(), "is locked"));
  const std::string digest = DigestOf(*storage);
  storage = nullptr;
  CHECK(DigestOf(*MustOpen(OptionsFor(folder / "link.db"))) == digest);
  CHECK_FALSE(std::filesystem::exists(folder / "link.db-head"));
}

TEST_CASE("a journal of two names is refused under both, also to who reads") {
  const Folder folder;
  Sell(OptionsFor(folder / "drop.db"), 3).reset();
  std::filesystem::create_hard_link(folder / "drop.db", folder / "twin.db");
  for (const char* const name : {"drop.db", "twin.db"}) {
    for (const bool reads : {false, true}) {
      SqliteOptions options = OptionsFor(folder / name);
      options.read_only = reads;
      const Status status = OpenSqliteMedium(options).status();
      CHECK(status.code() == StatusCode::kFailedPrecondition);
      CHECK(Says(status, "the file has 2 names (hard links), expected one"));
    }
  }
  std::filesystem::remove(folder / "twin.db");
  CHECK(OpenSqliteStorage(OptionsFor(folder / "drop.db")).ok());
}

TEST_CASE("what is no file is refused as such") {
  const Folder folder;
  for (const std::string& path : {folder / "", std::string("/dev/null")}) {
    const Status status = OpenSqliteStorage(OptionsFor(path)).status();
    CHECK(status.code() == StatusCode::kFailedPrecondition);
    CHECK(Says(status, "it is there and is no file"));
  }
}

TEST_CASE(
    "a file that is removed or exchanged while it is open is noticed before anybody is told") {
  for (const char* const suffix : {"", "-wal", "-lock"}) {
    for (const bool exchanges : {false, true}) {
      CAPTURE(suffix);
      CAPTURE(exchanges);
      const Folder folder;
      const std::string path = folder / "drop.db";
      const auto storage = Sell(OptionsFor(path), 3);
      std::filesystem::rename(path + suffix, folder / "aside");
      if (exchanges) std::filesystem::copy_file(folder / "aside", path + suffix);
      const Status status = Buy(*storage, 4);
      CHECK(status.code() == StatusCode::kUnknown);
      CHECK(Says(status,
                 exchanges ? "was exchanged while it was open" : "was removed while it was open"));
      CHECK_FALSE(Buy(*storage, 5).ok());
    }
  }
}

TEST_CASE("a fork changes nothing, and may destroy its copy; the one that opened it goes on") {
  const Folder folder;
  const SqliteOptions options = OptionsFor(folder / "drop.db");
  auto storage = Sell(options, 3);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Without a check of doctest's: those are the other process's to tell.
    const Command command = Reserve(User(4), Id(4));
    Outcome outcome;
    const Status status = storage->inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1});
    storage = nullptr;
    const bool refused = status.code() == StatusCode::kUnknown &&
                         status.message().find("is a fork") != std::string::npos;
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(Buy(*storage, 5).ok());
  const std::string digest = DigestOf(*storage);
  storage = nullptr;
  CHECK(DigestOf(*MustOpen(options)) == digest);
}

TEST_CASE("a journal that was closed is whole in its one file") {
  const Folder folder;
  auto storage = Sell(OptionsFor(folder / "drop.db"), 20);
  const std::string digest = DigestOf(*storage);
  REQUIRE(std::filesystem::file_size(folder / "drop.db-wal") > 0);
  storage = nullptr;
  CHECK(std::filesystem::file_size(folder / "drop.db-wal") == 0);
  std::filesystem::copy_file(folder / "drop.db", folder / "copy.db");
  CHECK(DigestOf(*MustOpen(OptionsFor(folder / "copy.db"))) == digest);
}

TEST_CASE("more than the disk has cannot be set aside, and a disk is not filled for it") {
  const Folder folder;
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.reserved_bytes = std::uint64_t{1} << 40;
  const std::filesystem::space_info space = std::filesystem::space(folder / "");
  if (space.capacity < options.reserved_bytes) {
    const Status status = OpenSqliteStorage(options).status();
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK(Says(status, "reserved_bytes: 1099511627776, expected no more than the disk has, " +
                           std::to_string(space.capacity)));
  }
  options.reserved_bytes = space.available + (space.capacity - space.available) / 2;
  if (options.reserved_bytes > space.available && options.reserved_bytes <= space.capacity) {
    // Opened it is, so that who holds something may buy it.
    const auto storage = MustOpen(options);
    CHECK_FALSE(std::filesystem::exists(folder / "drop.db-reserve"));
  }
}

TEST_CASE("a limit to the size of files is a full disk, at which holders can buy") {
  const Folder folder;
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.reserved_bytes = std::uint64_t{64} << 20;
  auto storage = Sell(options, 1);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limited{.rlim_cur = rlim_t{1} << 20, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limited) == 0);
  std::vector<Code> codes;
  std::uint64_t last = 1;
  for (std::uint64_t user = 2; user < 2'000 && codes.empty(); ++user) {
    const Command command = Reserve(User(user), Id(user));
    Outcome outcome;
    const Status status = storage->inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1});
    if (!status.ok() || outcome.code != Code::kDone) codes.push_back(outcome.code);
    if (status.ok() && outcome.code == Code::kDone) last = user;
  }
  std::uint64_t bought = 0;
  for (std::uint64_t user = 1; user <= last; ++user) {
    const Command command = About(Verb::kConfirm, User(user), Id(user));
    Outcome outcome;
    const Status status = storage->inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1});
    if (status.ok() && outcome.code == Code::kDone) ++bought;
  }
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(codes == std::vector<Code>{Code::kStorageFull});
  CHECK(last > 100);
  CHECK(bought == last);
}

TEST_CASE("what may only be read is refused as such") {
  if (geteuid() != 0) {
    MESSAGE("SKIPPED: who may read and not write is tried by the super-user, as somebody else");
    return;
  }
  const Folder folder;
  Sell(OptionsFor(folder / "drop.db"), 3).reset();
  constexpr uid_t kNobody = 65'534;
  const auto refusal = [&folder] {
    REQUIRE(seteuid(kNobody) == 0);
    const Status status = OpenSqliteStorage(OptionsFor(folder / "drop.db")).status();
    REQUIRE(seteuid(0) == 0);
    return status;
  };
  const auto allow = [&folder](mode_t files, mode_t the_folder) {
    for (const auto& file : std::filesystem::directory_iterator(folder / "")) {
      REQUIRE(chmod(file.path().c_str(), files) == 0);
    }
    REQUIRE(chmod((folder / "").c_str(), the_folder) == 0);
  };
  allow(0444, 0777);
  CHECK(refusal().code() == StatusCode::kFailedPrecondition);
  CHECK(Says(refusal(), "may be read only"));
  allow(0666, 0555);
  CHECK(refusal().code() == StatusCode::kFailedPrecondition);
  CHECK(Says(refusal(), "may not be written to"));
  allow(0666, 0777);
  CHECK(refusal().ok());
}

TEST_CASE("a journal whose schema was changed, or that has a commit before the first, is refused") {
  for (const char* const sql :
       {"CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM journal; END",
        "CREATE TABLE other (x)", "CREATE INDEX i ON journal (records)",
        "ALTER TABLE journal RENAME TO j; CREATE VIEW journal AS SELECT * FROM j",
        "INSERT INTO journal VALUES (0, x'00', x'')",
        "INSERT INTO journal VALUES (-5, x'00', x'')"}) {
    CAPTURE(sql);
    const Folder folder;
    const std::string path = folder / "drop.db";
    Sell(OptionsFor(path), 3).reset();
    sqlite3* file = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
    REQUIRE(sqlite3_exec(file, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(file);
    CHECK(OpenSqliteStorage(OptionsFor(path)).status().code() == StatusCode::kDataLoss);
    SqliteOptions reads = OptionsFor(path);
    reads.read_only = true;
    const auto medium = OpenSqliteMedium(reads);
    Nobody nobody;
    const Status status = medium.ok() ? ReadJournal(**medium, nobody).status() : medium.status();
    CHECK(status.code() == StatusCode::kDataLoss);
  }
}

TEST_CASE("a page that is damaged is named") {
  const Folder folder;
  const std::string path = folder / "drop.db";
  Sell(OptionsFor(path), 200).reset();
  std::vector<char> bytes = Contents(path);
  REQUIRE(bytes.size() > 5 * 4'096);
  // How many cells a page has.
  for (std::size_t page = 2; page < 5; ++page) bytes[page * 4'096 + 4] ^= 1;
  SetContents(path, bytes);
  const Status status = OpenSqliteStorage(OptionsFor(path)).status();
  CHECK(status.code() == StatusCode::kDataLoss);
  CHECK(Says(status, "a page is damaged: "));
  CHECK(Says(status, "page "));
  CHECK_FALSE(Says(status, "***"));
}

}  // namespace
}  // namespace flashsale::sqlite_test
