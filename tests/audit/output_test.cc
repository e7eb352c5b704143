// What the auditor writes is never written over what it reads.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

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

}  // namespace
}  // namespace flashsale::audit_test
