// What the auditor writes is never written over what it reads.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "examples/flashsale_audit/copy_file.h"
#include "flashsale/backend/sqlite.h"
#include "tests/audit/audited.h"
#include "tests/audit/forge.h"
#include "tests/sqlite/folder.h"

namespace flashsale::audit_test {
namespace {

namespace fs = std::filesystem;
using sqlite_test::Contents;
using sqlite_test::Folder;
using sqlite_test::SetContents;

// A journal that is in use, so that all that can lie beside it does.
class InUse {
 public:
  InUse() : folder_(Folder::Kind::kMemory) {
    auto storage = OpenSqliteStorage({.path = path(), .reserved_bytes = 4'096});
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    storage_ = *std::move(storage);
    REQUIRE(storage_->inventory().Create(Forge::Terms())->code == Code::kDone);
  }
  std::string path() const { return folder_ / "js.db"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  void Close() { storage_ = nullptr; }
  std::map<std::string, std::vector<char>> Files() const {
    std::map<std::string, std::vector<char>> files;
    for (const auto& file : fs::directory_iterator(folder_ / "")) {
      const std::string name = file.path().string();
      if (!name.ends_with("-shm")) files[name] = Contents(name);
    }
    return files;
  }

 private:
  Folder folder_;
  std::unique_ptr<Storage> storage_;
};

// Refused by name, and all is as it was.
void CheckRefused(const InUse& journal, const std::vector<const char*>& arguments,
                  const std::string& begin) {
  INFO(begin);
  const auto before = journal.Files();
  const Ran ran = Run(arguments);
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK_MESSAGE(ran.errors.starts_with(begin), ran.errors);
  CHECK(journal.Files() == before);
}

TEST_CASE("no output is written over the journal or what lies beside it, by whatever name") {
  InUse journal;
  const std::string path = journal.path();
  const std::string orders = journal / "orders.csv";
  SetContents(orders, {'u'});
  fs::create_symlink(path, journal / "link");
  fs::create_hard_link(path, journal / "hard");
  fs::create_symlink(path + "-lock", journal / "to-lock");
  fs::create_symlink("js.db-journal", journal / "to-nothing");
  std::vector<std::string> outputs;
  for (const char* const beside : {"", "-wal", "-shm", "-lock", "-head", "-reserve", "-journal"}) {
    outputs.push_back(path + beside);
  }
  for (const char* const name : {"link", "hard", "to-lock", "to-nothing", "./js.db", "link-wal"}) {
    outputs.push_back(journal / name);
  }
  for (const bool open : {true, false}) {
    CAPTURE(open);
    if (!open) journal.Close();
    for (const std::string& output : outputs) {
      for (const char* const option : {"--json", "--csv", "--html"}) {
        if (output.ends_with("/link-wal")) continue;
        CheckRefused(journal, {path.c_str(), option, output.c_str()},
                     fmt::format("{} '{}': expected another file than the journal's own, '", option,
                                 output));
      }
      // Through a link, files lie beside it and beside what it leads to.
      CheckRefused(
          journal, {(journal / "link").c_str(), "--json", output.c_str()},
          fmt::format("--json '{}': expected another file than the journal's own, '", output));
      if (output.ends_with("/link-wal")) continue;
      CheckRefused(
          journal,
          {"reconcile", path.c_str(), "--orders", orders.c_str(), "--json", output.c_str()},
          fmt::format("--json '{}': expected another file than the journal's own, '", output));
    }
  }
  // Which has one name again, as it must.
  fs::remove(journal / "hard");
  CHECK(Run({path.c_str()}).code == 0);
}

TEST_CASE("no output is written over another, or over what is read") {
  InUse journal;
  journal.Close();
  const std::string path = journal.path();
  const std::string out = journal / "out";
  const std::string same = journal / "./out";
  CheckRefused(journal, {path.c_str(), "--json", out.c_str(), "--html", same.c_str()},
               "--html '" + same + "': expected another file than that of --json\n");
  SetContents(out, {'u'});
  fs::create_hard_link(out, journal / "again");
  const std::string again = journal / "again";
  CheckRefused(journal, {path.c_str(), "--csv", out.c_str(), "--html", again.c_str()},
               "--html '" + again + "': expected another file than that of --csv\n");
  CheckRefused(journal,
               {"reconcile", path.c_str(), "--orders", out.c_str(), "--json", again.c_str()},
               "--json '" + again + "': expected another file than that of --orders\n");
}

TEST_CASE("an output that cannot be written is found before the journal is read") {
  InUse journal;
  journal.Close();
  const std::string path = journal.path();
  const std::string folder = journal / "";
  const std::string nowhere = journal / "no/report";
  const std::string kept = journal / "kept";
  SetContents(kept, {'k'});
  for (const std::string& output : {folder, nowhere}) {
    CheckRefused(journal, {path.c_str(), "--json", kept.c_str(), "--html", output.c_str()},
                 "--html '" + output + "': expected a file that can be written: ");
  }
  // What turns out to be no journal changes no report of before.
  const std::string letter = journal / "letter";
  SetContents(letter, std::vector<char>(5'000, 'a'));
  CheckRefused(journal, {letter.c_str(), "--json", kept.c_str()}, "'" + letter + "': ");
  CHECK(Run({path.c_str(), "--json", kept.c_str()}).code == 0);
  CHECK(Contents(kept).size() > 100);
}

// Looks at the folder of a copy whenever the journal is read, and keeps what a crash would leave.
class Witness final : public JournalMedium {
 public:
  Witness(std::unique_ptr<JournalMedium> medium, const InUse& folder, std::string to)
      : medium_(std::move(medium)), folder_(folder), to_(std::move(to)) {}
  Status Append(const JournalCommit&) override { return {}; }
  bool IsNearlyFull() override { return false; }
  Status Read(std::uint64_t after, Reader& reader) override {
    struct Each final : Reader {
      Status OnCommit(const JournalCommit& commit) override {
        witness.Look();
        if (--witness.until_failure_ == 0) return {StatusCode::kUnavailable, "no"};
        return reader.OnCommit(commit);
      }
      Each(Witness& w, Reader& r) : witness(w), reader(r) {}
      Witness& witness;
      Reader& reader;
    } each(*this, reader);
    Status status = medium_->Read(after, each);
    Look();
    return status;
  }
  // At the nth commit that is shown.
  void FailAt(int commit) { until_failure_ = commit; }
  const std::map<std::string, std::vector<char>>& left() const { return left_; }

 private:
  void Look() {
    left_.clear();
    for (const auto& [name, bytes] : folder_.Files()) {
      if (!name.starts_with(to_)) continue;
      CHECK(name.starts_with(to_ + "-part"));
      left_[name] = bytes;
    }
  }
  const std::unique_ptr<JournalMedium> medium_;
  const InUse& folder_;
  const std::string to_;
  std::map<std::string, std::vector<char>> left_;
  int until_failure_ = 0;
};

TEST_CASE("a copy has its name when it is whole; what a crash leaves is none and is told") {
  InUse journal;
  journal.Close();
  const std::string path = journal.path();
  const std::string to = journal / "copy.db";
  const auto witness = [&] {
    auto medium = OpenSqliteMedium({.path = path, .read_only = true});
    REQUIRE(medium.ok());
    return std::make_unique<Witness>(*std::move(medium), journal, to);
  };
  const auto before = journal.Files();
  // Nothing is left where it could not be made.
  for (const int commit : {1, 2}) {  // of one, which is read twice
    const auto failing = witness();
    failing->FailAt(commit);
    CHECK(audit::CopyToFile(*failing, to, {}).status().message() == "'" + path + "': no");
    CHECK(journal.Files() == before);
  }

  const auto watched = witness();
  const Status copied = audit::CopyToFile(*watched, to, {}).status();
  REQUIRE_MESSAGE(copied.ok(), copied.ToString());
  CHECK(watched->left().size() >= 2);
  auto after = before;
  for (const char* const suffix : {"", "-wal", "-head"}) after[to + suffix] = Contents(to + suffix);
  CHECK(journal.Files() == after);
  CHECK(Run({to.c_str()}).code == 0);
  CHECK(!Contents(to + "-head").empty());

  // Killed at that point.
  for (const char* const suffix : {"", "-wal", "-head", "-shm"}) fs::remove(to + suffix);
  for (const auto& [name, bytes] : watched->left()) SetContents(name, bytes);
  for (const auto& [name, bytes] : watched->left()) {
    CheckRefused(
        journal, {"compact", path.c_str(), "--to", to.c_str()},
        "--to '" + to + "': expected a name that is free, but '" + name.substr(0, to.size()));
    fs::remove(name);
  }
  CHECK(Run({"compact", path.c_str(), "--to", to.c_str()}).code == 0);
  CHECK(Run({to.c_str()}).code == 0);
}

TEST_CASE("a copy is not written over anything, nor through a link, nor beside what is there") {
  InUse journal;
  journal.Close();
  const std::string path = journal.path();
  const auto refused = [&](const std::string& to, const std::string& begin) {
    CheckRefused(journal, {"compact", path.c_str(), "--to", to.c_str()}, begin);
    CheckRefused(journal, {"export", path.c_str(), "--sale", "drop", "--to", to.c_str()}, begin);
  };
  const std::string link = journal / "link";
  const std::string target = journal / "target";
  fs::create_symlink("target", link);
  refused(link, "--to '" + link + "': expected a name that is free, but '" + link + "' is there\n");
  CHECK(!fs::exists(target));
  const std::string to = journal / "copy.db";
  for (const char* const suffix :
       {"", "-wal", "-head", "-lock", "-part", "-part-wal", "-part-head", "-part-lock"}) {
    const std::string taken = to + suffix;
    SetContents(taken, {'k'});
    refused(to,
            fmt::format("--to '{}': expected a name that is free, but '{}' is there", to, taken));
    fs::remove(taken);
  }
  refused(path, "--to '" + path + "': expected another file than the journal's own, '");
  refused(path + "-wal",
          "--to '" + path + "-wal': expected another file than the journal's own, '");
  refused("", "--to '': expected a name\n");
  refused(journal / "no/copy.db", "--to '");
}

TEST_CASE("what is no journal is not opened to be changed, and no file is made beside it") {
  InUse folder;
  folder.Close();
  const std::string empty = folder / "empty.db";
  SetContents(empty, {});
  const std::string letter = folder / "letter";
  SetContents(letter, std::vector<char>(5'000, 'a'));
  const std::string foreign = folder / "foreign.db";
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(foreign.c_str(), &file) == SQLITE_OK);
  CHECK(sqlite3_exec(file, "CREATE TABLE t (a)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(file);
  const std::string logged = folder / "logged.db";
  REQUIRE(sqlite3_open(logged.c_str(), &file) == SQLITE_OK);
  CHECK(sqlite3_exec(file, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)", nullptr, nullptr,
                     nullptr) == SQLITE_OK);
  sqlite3_close(file);
  const std::string none = folder / "none.db";
  const std::string orders = folder / "orders.csv";
  SetContents(orders, {'u'});
  for (const std::string& path : {empty, letter, foreign, logged, none}) {
    CheckRefused(folder, {"erase", path.c_str(), "--user", "int:3"}, "'" + path + "': ");
    CheckRefused(folder,
                 {"reconcile", path.c_str(), "--orders", orders.c_str(), "--apply", "--as-of", "1"},
                 "'" + path + "': ");
    CHECK(!fs::exists(path + "-shm"));
  }
  CHECK(Run({"erase", folder.path().c_str(), "--user", "int:3"}).code == 0);
}

}  // namespace
}  // namespace flashsale::audit_test
