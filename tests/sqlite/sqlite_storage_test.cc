// The journaled backend in a real file.
#include "flashsale/backend/sqlite.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/digest.h"
#include "flashsale/testing/random_run.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/restarting_storage.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sqlite_test {
namespace {

using namespace std::chrono_literals;

SqliteOptions OptionsFor(const std::string& path) {
  SqliteOptions options{.path = path, .reserved_bytes = std::uint64_t{1} << 20};
  options.journal.memory.events_per_sale = 1'024;
  return options;
}

std::unique_ptr<Storage> MustOpen(const SqliteOptions& options) {
  auto storage = OpenSqliteStorage(options);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  return *std::move(storage);
}
Status RefusalOf(const SqliteOptions& options) {
  const auto storage = OpenSqliteStorage(options);
  REQUIRE(!storage.ok());
  return storage.status();
}

Outcome Do(Storage& storage, const Command& command, Time now = kStart) {
  Outcome outcome;
  const Status status = storage.inventory().Apply("drop", now, {&command, 1}, {&outcome, 1});
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return outcome;
}

std::string DigestOf(Storage& storage) {
  DigestVisitor visitor(kStart);
  REQUIRE(storage.inventory().Snapshot("drop", visitor).ok());
  return visitor.Finish();
}

// A sale with some of everything, `commands` of it.
void Sell(Storage& storage, std::uint64_t commands) {
  REQUIRE(storage.inventory().Create(SmallSale(1U << 20)).ok());
  for (std::uint64_t i = 1; i <= commands; ++i) {
    REQUIRE(Do(storage, Reserve(User(i), Id(i))).code == Code::kDone);
    if (i % 3 == 0) {
      REQUIRE(Do(storage, About(Verb::kConfirm, User(i), Id(i))).code == Code::kDone);
    }
  }
}

TEST_CASE("a sale is there again when its file is opened anew, and goes on") {
  const Folder folder;
  const SqliteOptions options = OptionsFor(folder / "drop.db");
  std::string digest;
  for (int round = 0; round < 3; ++round) {
    const auto storage = MustOpen(options);
    if (round == 0) {
      Sell(*storage, 50);
    } else {
      CHECK(DigestOf(*storage) == digest);
    }
    const auto next = static_cast<std::uint64_t>(1'000 + round);
    CHECK(Do(*storage, Reserve(User(next), Id(next))).code == Code::kDone);
    CHECK(Do(*storage, Reserve(User(1), Id(1))).code == Code::kAlreadyDone);
    digest = DigestOf(*storage);
  }
}

TEST_CASE("the checkpoints of a thread, and of whoever commits, lose nothing") {
  for (const bool thread : {true, false}) {
    CAPTURE(thread);
    const Folder folder;
    SqliteOptions options = OptionsFor(folder / "drop.db");
    options.checkpoint_thread = thread;
    options.checkpoint_bytes = std::uint64_t{64} << 10;
    std::string digest;
    {
      const auto storage = MustOpen(options);
      Sell(*storage, 400);
      digest = DigestOf(*storage);
    }
    // Some 500 commits of a page each, in a log of 16 pages.
    CHECK(std::filesystem::file_size(folder / "drop.db") > std::uint64_t{32} << 10);
    CHECK(DigestOf(*MustOpen(options)) == digest);
  }
}

TEST_CASE("the thread brings the log in by itself") {
  const Folder folder;
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.checkpoint_bytes = std::uint64_t{64} << 10;
  const auto storage = MustOpen(options);
  Sell(*storage, 1);
  const std::uintmax_t before = std::filesystem::file_size(folder / "drop.db");
  // Up to the first commit that asks for it, and no further: the next one might do it itself.
  const std::uintmax_t enough = 32 + 16 * (4'096 + 24);
  for (std::uint64_t i = 1'000; std::filesystem::file_size(folder / "drop.db-wal") <= enough; ++i) {
    CHECK(Do(*storage, Reserve(User(i), Id(i))).code == Code::kDone);
  }
  // Where it never comes, somebody has to stop waiting.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (std::filesystem::file_size(folder / "drop.db") == before &&
         std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  CHECK(std::filesystem::file_size(folder / "drop.db") > before);
}

TEST_CASE("a file is opened once at a time") {
  const Folder folder;
  const SqliteOptions options = OptionsFor(folder / "drop.db");
  auto storage = MustOpen(options);
  const Status refusal = RefusalOf(options);
  CHECK(refusal.code() == StatusCode::kFailedPrecondition);
  CHECK(refusal.message() == "'" + options.path + "': '" + options.path +
                                 "-lock' is locked: the storage is open already");
  storage = nullptr;
  CHECK(OpenSqliteStorage(options).ok());
}

TEST_CASE("what cannot be opened is named") {
  const Folder folder;
  CHECK(RefusalOf(OptionsFor("")).message() == "path: '', expected the name of a file");
  CHECK(RefusalOf(OptionsFor(":memory:")).message() ==
        "path: ':memory:', expected the name of a file");
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.checkpoint_bytes = 1;
  CHECK(RefusalOf(options).message() == "checkpoint_bytes: 1, expected 65536 to 1099511627776");
  options = OptionsFor(folder / "drop.db");
  options.vfs = "none";
  CHECK(RefusalOf(options).message() == "vfs: 'none', expected one that SQLite knows");

  const Status no_folder = RefusalOf(OptionsFor(folder / "nowhere/drop.db"));
  CHECK(no_folder.code() == StatusCode::kNotFound);
  CHECK(no_folder.message() == "'" + (folder / "nowhere/drop.db") + "': there is no directory '" +
                                   (folder / "nowhere") + "'");

  SetContents(folder / "letter", std::vector<char>(5'000, 'a'));
  const Status letter = RefusalOf(OptionsFor(folder / "letter"));
  CHECK(letter.code() == StatusCode::kFailedPrecondition);
  CHECK(letter.message().find("file is not a database") != std::string::npos);

  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((folder / "other").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "CREATE TABLE t (x)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  const Status theirs = RefusalOf(OptionsFor(folder / "other"));
  CHECK(theirs.code() == StatusCode::kFailedPrecondition);
  CHECK(theirs.message().find("a database of another application, with the id 0, expected") !=
        std::string::npos);

  {
    const auto storage = MustOpen(OptionsFor(folder / "newer"));
  }
  REQUIRE(sqlite3_open((folder / "newer").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "PRAGMA user_version = 2", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  const Status newer = RefusalOf(OptionsFor(folder / "newer"));
  CHECK(newer.code() == StatusCode::kFailedPrecondition);
  CHECK(newer.message().find("its schema has version 2, newer than 1") != std::string::npos);
}

TEST_CASE("a journal that lacks commits that were kept is refused") {
  const Folder folder;
  const SqliteOptions options = OptionsFor(folder / "drop.db");
  {
    const auto storage = MustOpen(options);
    Sell(*storage, 5);
  }
  // As a lost write-ahead log, or a copy of the file alone from before.
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(options.path.c_str(), &file) == SQLITE_OK);
  REQUIRE(sqlite3_exec(file, "DELETE FROM journal WHERE number = 7", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(file);
  const Status refusal = RefusalOf(options);
  CHECK(refusal.code() == StatusCode::kDataLoss);
  CHECK(refusal.message() ==
        "'" + options.path + "': the journal ends with commit 6, but 7 was kept");
}

// All of a young journal is in its write-ahead log, which SQLite takes for none.
TEST_CASE("a young journal whose log has lost its header is refused, and stays as it is") {
  const Folder folder;
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.checkpoint_thread = false;
  auto storage = MustOpen(options);
  Sell(*storage, 3);
  Kill(std::move(storage), options.path);
  std::vector<char> log = Contents(options.path + "-wal");
  log[20] = static_cast<char>(log[20] ^ 1);
  SetContents(options.path + "-wal", log);
  const Status refusal = RefusalOf(options);
  CHECK(refusal.code() == StatusCode::kDataLoss);
  CHECK(refusal.message() ==
        "'" + options.path + "': there is no journal, but one with 5 commits was kept");
  CHECK(Contents(options.path + "-wal") == log);
}

// A flip in what is not used, or in what SQLite makes anew, changes nothing; every other is found.
TEST_CASE("a bit that is flipped anywhere is no harm, or is found") {
  const Folder folder;
  SqliteOptions options = OptionsFor(folder / "drop.db");
  options.checkpoint_bytes = std::uint64_t{64} << 10;
  options.checkpoint_thread = false;
  options.reserved_bytes = 0;
  std::string digest;
  const auto files = {"", "-wal", "-head"};
  std::vector<std::vector<char>> images;
  {
    const auto storage = MustOpen(options);
    Sell(*storage, 30);
    digest = DigestOf(*storage);
    // As it lies there while it is open, as after a crash.
    for (const char* const suffix : files) images.push_back(Contents(options.path + suffix));
  }
  const Folder elsewhere;
  const auto opens = [&](std::size_t which, std::size_t byte) -> std::string {
    std::size_t i = 0;
    SqliteOptions there = options;
    there.path = elsewhere / "drop.db";
    for (const char* const suffix : files) {
      std::vector<char> bytes = images[i];
      if (i == which) bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << byte % 8));
      SetContents(there.path + suffix, bytes);
      ++i;
    }
    std::filesystem::remove(there.path + "-shm");
    const auto storage = OpenSqliteStorage(there);
    if (storage.ok()) return DigestOf(**storage);
    // What is refused stays as it is.
    for (std::size_t file = 0; file < 2; ++file) {
      std::vector<char> bytes = images[file];
      if (file == which) bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << byte % 8));
      REQUIRE(Contents(there.path + *std::next(files.begin(), static_cast<std::ptrdiff_t>(file))) ==
              bytes);
    }
    return "";
  };
  REQUIRE(opens(99, 0) == digest);
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (std::size_t which = 0; which < images.size(); ++which) {
    REQUIRE(!images[which].empty());
    for (std::size_t byte = 0; byte < images[which].size(); byte += 97) {
      CAPTURE(which);
      CAPTURE(byte);
      const std::string found = opens(which, byte);
      ++tried;
      if (found.empty()) {
        ++refused;
      } else {
        REQUIRE(found == digest);
      }
    }
  }
  CHECK(refused > tried / 4);
  MESSAGE(tried << " flips, " << refused << " refused");
}

}  // namespace
}  // namespace flashsale::sqlite_test
