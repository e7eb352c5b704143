// Files that somebody changed behind the library's back.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flashsale/backend/sqlite.h"
#include "tests/audit/audited.h"
#include "tests/audit/forge.h"
#include "tests/sqlite/folder.h"

namespace flashsale::audit_test {
namespace {

using sqlite_test::Contents;
using sqlite_test::Folder;
using sqlite_test::SetContents;

// Seven commits of a sale in a file, and what is done to it.
class File {
 public:
  File() : folder_(Folder::Kind::kMemory) {
    Forge forge(Forge::Terms(100));
    for (std::uint64_t user = 1; user <= 6; ++user) {
      const Time at = kStart + std::chrono::seconds{user};
      forge.Add(forge.Reserve(user, 1, at));
      forge.Commit(at);
    }
    for (const auto& commit : forge.kept().commits) commits_.push_back(commit);
    const auto medium = OpenSqliteMedium({.path = path(), .reserved_bytes = 0});
    REQUIRE(medium.ok());
    for (const auto& commit : commits_) {
      REQUIRE(
          (*medium)
              ->Append({.number = commit.number, .records = commit.records, .names = commit.names})
              .ok());
    }
  }

  std::string path() const { return folder_ / "drop.db"; }
  void Do(const char* sql) const {
    sqlite3* file = nullptr;
    REQUIRE(sqlite3_open(path().c_str(), &file) == SQLITE_OK);
    CHECK(sqlite3_exec(file, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(file);
  }
  // Exit code and report.
  Ran Audit() const { return Run({path().c_str()}); }
  const auto& commits() const { return commits_; }

 private:
  Folder folder_;
  std::vector<journal_test::Kept::Commit> commits_;
};

void CheckRefuted(const File& file, const std::string& name, const std::string& counterexample) {
  const Ran ran = file.Audit();
  CHECK(ran.code == 1);
  CHECK(ran.out.find("REFUTED     " + name + " ") != std::string::npos);
  CHECK_MESSAGE(ran.out.find(counterexample) != std::string::npos, ran.out);
  CHECK(ran.out.find("\nREFUTED: ") != std::string::npos);
}

TEST_CASE("a file that nobody touched holds") {
  const File file;
  const Ran ran = file.Audit();
  CHECK_MESSAGE(ran.code == 0, ran.out);
  CHECK(ran.out.find("ALL HELD: ") != std::string::npos);
  CHECK(ran.errors.empty());
}

TEST_CASE("a byte that was flipped in a record is found") {
  const File file;
  file.Do(
      "UPDATE journal SET records = CAST(substr(records, 1, 59) || x'ff' || substr(records, 61)"
      " AS BLOB) WHERE number = 4");
  CheckRefuted(file, "chain", "commit 4: its hash is not that of its bytes");
}

TEST_CASE("a name that was changed is found") {
  const File file;
  file.Do(
      "UPDATE journal SET names = CAST(substr(names, 1, 10) || x'ff' || substr(names, 12) AS "
      "BLOB) WHERE number = 4");
  CheckRefuted(file, "chain", "commit 4: its names are damaged");
}

TEST_CASE("a commit that was removed is found") {
  const File file;
  file.Do("DELETE FROM journal WHERE number = 4");
  CheckRefuted(file, "chain", "commit 4: it is missing, 5 comes next");
}

TEST_CASE("a commit that was removed, and the others moved up, is found") {
  const File file;
  file.Do(
      "DELETE FROM journal WHERE number = 4; UPDATE journal SET number = number - 1 WHERE "
      "number > 4");
  CheckRefuted(file, "chain", "commit 4: it calls itself 5");
}

TEST_CASE("commits that were exchanged for one another are found") {
  const File file;
  file.Do(
      "UPDATE journal SET number = 100 WHERE number = 4; UPDATE journal SET number = 4 WHERE "
      "number = 5; UPDATE journal SET number = 5 WHERE number = 100");
  CheckRefuted(file, "chain", "commit 4: it calls itself 5");
}

TEST_CASE("a commit that was written anew, its hash included, is found at the next one") {
  const File file;
  // Everything but one bit of a quote would do; here an event is said to be of another time.
  std::vector<std::uint8_t> records = file.commits()[3].records;
  records[60] ^= 2;
  Sha256 hasher;
  const std::size_t end = records.size() - sizeof(Sha256Hash);
  const Sha256Hash hash = hasher.Of(std::span(std::as_const(records)).first(end));
  std::copy(hash.begin(), hash.end(), records.begin() + static_cast<std::ptrdiff_t>(end));
  std::string hex;
  for (const std::uint8_t byte : records) {
    hex += "0123456789abcdef"[byte / 16];
    hex += "0123456789abcdef"[byte % 16];
  }
  file.Do(("UPDATE journal SET records = x'" + hex + "' WHERE number = 4").c_str());
  CheckRefuted(file, "chain", "commit 5: it does not follow on the commit before");
}

TEST_CASE("commits that were cut off are missed, as long as the head knows of them") {
  const File file;
  file.Do("DELETE FROM journal WHERE number > 5");
  CheckRefuted(file, "chain", "the journal ends with commit 5, but 7 was kept");
}

TEST_CASE("a database whose pages are damaged is found before its records are read") {
  const File file;
  file.Do("PRAGMA wal_checkpoint(TRUNCATE)");
  std::vector<char> bytes = Contents(file.path());
  // The header of the table's first page.
  for (std::size_t i = 4'096; i < 4'096 + 8; ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x5A);
  SetContents(file.path(), bytes);
  const Ran ran = file.Audit();
  CHECK(ran.code == 1);
  CHECK_MESSAGE(ran.out.find("REFUTED     file ") != std::string::npos, ran.out);
}

TEST_CASE("what is no journal, or a newer version's, is bad input and proves nothing") {
  const Folder folder;
  const std::string none = folder / "none.db";
  CHECK(Run({none.c_str()}).code == 2);
  CHECK(Run({none.c_str()}).errors ==
        "'" + none + "': there is no such file, or it may not be read\n");
  SetContents(folder / "letter", std::vector<char>(5'000, 'a'));
  const std::string letter = folder / "letter";
  CHECK(Run({letter.c_str()}).code == 2);

  const File file;
  file.Do("PRAGMA user_version = 2");
  CHECK(file.Audit().code == 2);
  CHECK(file.Audit().errors.find("newer than 1") != std::string::npos);
  const File newer;
  newer.Do(
      "UPDATE journal SET records = CAST(substr(records, 1, 3) || x'02' || substr(records, 5) "
      "AS BLOB) WHERE number = 4");
  CHECK(newer.Audit().code == 2);
  CHECK(newer.Audit().errors.find("commit 4: of format 2, newer than 1") != std::string::npos);
}

}  // namespace
}  // namespace flashsale::audit_test
