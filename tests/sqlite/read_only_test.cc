// A journal that is read and not changed, whoever has it open.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/backend/journal/journal_tools.h"
#include "flashsale/backend/sqlite.h"
#include "tests/hard_cases/crowd.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sqlite_test {
namespace {

SqliteOptions OptionsFor(const std::string& path) {
  return {.path = path, .reserved_bytes = 0, .checkpoint_thread = false};
}
SqliteOptions ReadOnly(const std::string& path) { return {.path = path, .read_only = true}; }

void Buy(Storage& storage, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i <= last; ++i) {
    const Command command = Reserve(User(i), Id(i));
    Outcome outcome;
    REQUIRE(storage.inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1}).ok());
    REQUIRE(outcome.code == Code::kDone);
  }
}

std::unique_ptr<Storage> Sell(const std::string& path, std::uint64_t people) {
  auto storage = OpenSqliteStorage(OptionsFor(path));
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  REQUIRE((*storage)->inventory().Create(SmallSale(1U << 20)).ok());
  Buy(**storage, 1, people);
  return *std::move(storage);
}

class Counter final : public JournalVisitor {
 public:
  Status OnEntry(const JournalEntry& entry) override {
    if (entry.kind == JournalEntry::Kind::kEvent) ++events;
    return {};
  }
  Status OnCommit(const JournalSummary& so_far) override {
    CHECK(so_far.commits == ++commits);
    return {};
  }
  std::uint64_t events = 0;
  std::uint64_t commits = 0;
};

Result<std::uint64_t> EventsIn(JournalMedium& medium) {
  Counter counter;
  const Result<JournalSummary> summary = ReadJournal(medium, counter);
  if (!summary.ok()) return summary.status();
  CHECK(counter.commits == summary->commits);
  return counter.events;
}
Result<std::uint64_t> EventsIn(const std::string& path) {
  const auto medium = OpenSqliteMedium(ReadOnly(path));
  if (!medium.ok()) return medium.status();
  return EventsIn(**medium);
}

// All files of a folder but SQLite's index of the log, which it makes anew as it likes.
std::map<std::string, std::vector<char>> FilesIn(const Folder& folder) {
  std::map<std::string, std::vector<char>> files;
  for (const auto& file : std::filesystem::directory_iterator(folder / "")) {
    const std::string path = file.path().string();
    if (!path.ends_with("-shm")) files[path] = Contents(path);
  }
  return files;
}

TEST_CASE("who reads a journal with a log changes nothing") {
  const Folder folder;
  Kill(Sell(folder / "drop.db", 20), folder / "drop.db");
  const auto before = FilesIn(folder);
  REQUIRE(!before.at(folder / "drop.db-wal").empty());
  CHECK(*EventsIn(folder / "drop.db") == 20);
  CHECK(FilesIn(folder) == before);
  std::filesystem::remove(folder / "drop.db-shm");
  CHECK(*EventsIn(folder / "drop.db") == 20);
  CHECK(FilesIn(folder) == before);
}

TEST_CASE("who reads a journal without a log makes no file") {
  const Folder folder;
  const std::string path = folder / "50% of #1?.db";
  Sell(path, 20).reset();
  for (const char* const suffix : {"-wal", "-shm", "-head", "-lock"}) {
    std::filesystem::remove(path + suffix);
  }
  CHECK(*EventsIn(path) == 20);
  CHECK(std::distance(std::filesystem::directory_iterator(folder / ""), {}) == 1);

  // As long as it stays so.
  const auto medium = OpenSqliteMedium(ReadOnly(path));
  REQUIRE(medium.ok());
  const auto storage = OpenSqliteStorage(OptionsFor(path));
  REQUIRE(storage.ok());
  const Status status = EventsIn(**medium).status();
  CHECK(status.code() == StatusCode::kUnavailable);
  CHECK(status.message().find("opened as a storage meanwhile") != std::string::npos);
  CHECK(*EventsIn(path) == 20);
}

TEST_CASE("a journal that is in use is read as far as it is committed, and stays in use") {
  const Folder folder;
  const auto storage = Sell(folder / "drop.db", 20);
  const auto before = FilesIn(folder);
  const auto medium = OpenSqliteMedium(ReadOnly(folder / "drop.db"));
  REQUIRE_MESSAGE(medium.ok(), medium.status().ToString());
  CHECK(*EventsIn(**medium) == 20);
  CHECK(FilesIn(folder) == before);
  Buy(*storage, 21, 50);
  CHECK(*EventsIn(**medium) == 50);
  CHECK(OpenSqliteStorage(OptionsFor(folder / "drop.db")).status().message().find("is locked") !=
        std::string::npos);
}

TEST_CASE("what cannot be read, or is not to be written, is named") {
  const Folder folder;
  CHECK(OpenSqliteStorage(ReadOnly(folder / "drop.db")).status().message() ==
        "read_only: true, expected false of a storage, which notes that it was opened");
  const Status none = EventsIn(folder / "none.db").status();
  CHECK(none.code() == StatusCode::kNotFound);
  CHECK(none.message() ==
        "'" + (folder / "none.db") + "': there is no such file, or it may not be read");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / ""), {}) == 0);
  SetContents(folder / "letter", std::vector<char>(5'000, 'a'));
  CHECK(EventsIn(folder / "letter").status().code() == StatusCode::kFailedPrecondition);
  SetContents(folder / "empty", {});
  CHECK(EventsIn(folder / "empty").status().message().find("of another application") !=
        std::string::npos);

  Sell(folder / "drop.db", 3).reset();
  const auto medium = OpenSqliteMedium(ReadOnly(folder / "drop.db"));
  REQUIRE(medium.ok());
  const Status refused = (*medium)->Append({.number = 6});
  CHECK(refused.code() == StatusCode::kFailedPrecondition);
  CHECK(refused.message() == "'" + (folder / "drop.db") + "': it was opened read only");
  const std::vector<UserId> users = {User(1)};
  CHECK(EraseFromJournal(**medium, {.users = users}).status().code() ==
        StatusCode::kFailedPrecondition);
}

TEST_CASE("a journal that lacks commits, or whose log is damaged, is refused to who reads, too") {
  const Folder folder;
  const std::string path = folder / "drop.db";
  Kill(Sell(path, 10), path);
  const std::vector<char> log = Contents(path + "-wal");
  std::vector<char> damaged = log;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  SetContents(path + "-wal", damaged);
  const std::vector<char> head = Contents(path + "-head");
  std::filesystem::remove(path + "-head");
  const Status status = EventsIn(path).status();
  CHECK(status.code() == StatusCode::kDataLoss);
  CHECK(status.message().find("of the write-ahead log is damaged") != std::string::npos);
  SetContents(path + "-wal", log);
  SetContents(path + "-head", head);
  CHECK(*EventsIn(path) == 10);
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
  REQUIRE(sqlite3_exec(file, "DELETE FROM journal WHERE number = 11", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(file);
  CHECK(EventsIn(path).status().message() ==
        "'" + path + "': the journal ends with commit 10, but 11 was kept");
}

}  // namespace
}  // namespace flashsale::sqlite_test
