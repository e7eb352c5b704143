// What somebody keeps of a journal elsewhere, and what lies beside it, against what was done to it.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_audit/kept_hash.h"
#include "flashsale/backend/sqlite.h"
#include "tests/audit/audited.h"
#include "tests/audit/forge.h"
#include "tests/sqlite/folder.h"

namespace flashsale::audit_test {
namespace {

using audit::KeptHash;
using sqlite_test::Contents;
using sqlite_test::Folder;
using sqlite_test::SetContents;

// A sale of seven commits, one user to each but the first.
class Sale {
 public:
  Sale() : folder_(Folder::Kind::kMemory), forge_(Forge::Terms(100)) {
    for (std::uint64_t user = 1; user <= 6; ++user) {
      const Time at = kStart + std::chrono::seconds{user};
      forge_.Add(forge_.Reserve(user, user, at));
      forge_.Commit(at);
    }
  }
  // Of the journal up to a commit.
  JournalSummary SummaryAt(std::uint64_t commit) {
    const auto kept = std::make_shared<journal_test::Kept>();
    kept->commits = commits();
    kept->commits.resize(commit);
    journal_test::MemoryMedium medium(kept);
    return AuditOf(medium).journal.summary;
  }
  KeptHash HashAt(std::uint64_t commit) {
    return {.commit = commit, .hash = SummaryAt(commit).hash};
  }
  KeptHash NamesAt(std::uint64_t commit) {
    return {.commit = commit, .hash = SummaryAt(commit).names_hash};
  }
  // What it is now, in a file.
  std::string Write(const std::string& name) {
    std::string path = folder_ / name;
    const auto medium = OpenSqliteMedium({.path = path, .reserved_bytes = 0});
    REQUIRE(medium.ok());
    for (const auto& commit : commits()) {
      const JournalCommit kept = {
          .number = commit.number, .records = commit.records, .names = commit.names};
      REQUIRE((*medium)->Append(kept).ok());
    }
    return path;
  }
  std::vector<journal_test::Kept::Commit>& commits() { return forge_.kept().commits; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  Folder folder_;
  Forge forge_;
};

TEST_CASE("a hash that was kept is the journal's, or it tells that the journal is another") {
  Sale sale;
  const std::string path = sale.Write("drop.db");
  const std::string third = sale.HashAt(3).ToString();
  const std::string last = sale.HashAt(7).ToString();
  const std::string names = sale.NamesAt(7).ToString();
  const Ran plain = Run({path.c_str()});
  CHECK(plain.code == 0);
  CHECK_MESSAGE(
      plain.out.find("hash, for --hash                     " + last + "\n") != std::string::npos,
      plain.out);
  CHECK(plain.out.find("hash of names, for --names-hash      " + names + "\n") !=
        std::string::npos);
  CHECK(plain.out.find("kept hashes") == std::string::npos);
  const Ran both = Run({"check", path.c_str(), "--hash", third.c_str(), "--hash", last.c_str(),
                        "--names-hash", names.c_str()});
  CHECK(both.code == 0);
  for (const auto& [name, count] :
       {std::pair{"kept hashes", "2 commits"}, std::pair{"kept hashes of names", "1 commit"}}) {
    const std::string held = fmt::format("  {:<11} {:<32} {:>18}  ", "held", name, count);
    CHECK_MESSAGE(both.out.find(held) != std::string::npos, both.out);
  }

  KeptHash other = sale.HashAt(3);
  other.hash[31] ^= 1;
  const Ran refuted = Run({path.c_str(), "--hash", other.ToString().c_str()});
  CHECK(refuted.code == 1);
  CHECK(refuted.out.find("REFUTED     kept hashes ") != std::string::npos);
  CHECK(refuted.out.find(fmt::format("commit 3: its hash is {}, and {} was kept",
                                     audit::Hex(sale.HashAt(3).hash), audit::Hex(other.hash))) !=
        std::string::npos);
  other.commit = 9;
  const Ran missing = Run({path.c_str(), "--names-hash", other.ToString().c_str()});
  CHECK(missing.code == 1);
  CHECK(missing.out.find("the journal ends with commit 7, and the hash of commit 9 was kept") !=
        std::string::npos);
  const std::string json = sale / "report.json";
  CHECK(Run({path.c_str(), "--json", json.c_str()}).code == 0);
  const auto report = nlohmann::json::parse(std::ifstream(json));
  CHECK(report["journal"]["hash"] == audit::Hex(sale.HashAt(7).hash));
  CHECK(report["journal"]["names_hash"] == audit::Hex(sale.NamesAt(7).hash));
  CHECK(report["remarks"].empty());
}

TEST_CASE("where the journal cannot be read as far, a hash that was kept is not judged") {
  Sale sale;
  const std::string third = sale.HashAt(3).ToString();
  const std::string last = sale.HashAt(7).ToString();
  sale.commits()[4].records[60] ^= 1;
  const std::string path = sale.Write("drop.db");
  const Ran ran = Run({path.c_str(), "--hash", third.c_str(), "--hash", last.c_str()});
  CHECK(ran.code == 1);
  CHECK(ran.out.find("not judged  kept hashes ") != std::string::npos);
  CHECK(ran.out.find("the journal was read up to commit 4, and the hash of commit 7 was kept") !=
        std::string::npos);
}

TEST_CASE("users who were exchanged are told by the hash of names alone, and so is an erasure") {
  Sale sale;
  const std::string hash = sale.HashAt(7).ToString();
  const std::string names = sale.NamesAt(7).ToString();
  const std::string before = sale.NamesAt(3).ToString();
  std::swap(sale.commits()[3].names, sale.commits()[5].names);
  const std::string path = sale.Write("drop.db");
  CHECK(Run({path.c_str(), "--hash", hash.c_str(), "--names-hash", before.c_str()}).code == 0);
  const Ran exchanged = Run({path.c_str(), "--names-hash", names.c_str()});
  CHECK(exchanged.code == 1);
  CHECK(exchanged.out.find("REFUTED     kept hashes of names ") != std::string::npos);

  std::swap(sale.commits()[3].names, sale.commits()[5].names);
  const std::string right = sale.Write("right.db");
  CHECK(Run({right.c_str(), "--names-hash", names.c_str()}).code == 0);
  CHECK(Run({"erase", right.c_str(), "--user", "integer:77"}).code == 0);
  CHECK(Run({right.c_str(), "--names-hash", names.c_str()}).code == 0);
  CHECK(Run({"erase", right.c_str(), "--user", "integer:4"}).code == 0);
  CHECK(Run({right.c_str(), "--names-hash", names.c_str()}).code == 1);
  CHECK(Run({right.c_str(), "--hash", hash.c_str()}).code == 0);
}

TEST_CASE("a hash that is none is named") {
  Sale sale;
  const std::string path = sale.Write("drop.db");
  const std::string hex = audit::Hex(sale.HashAt(7).hash);
  for (const std::string& text :
       {hex, "7:" + hex.substr(1), "0:" + hex, "x:" + hex, "7:" + hex + "0", "7:-" + hex.substr(1),
        "-7:" + hex, ":" + hex}) {
    for (const char* const option : {"--hash", "--names-hash"}) {
      const Ran ran = Run({path.c_str(), (std::string(option) + "=" + text).c_str()});
      CHECK(ran.code == 2);
      CHECK(ran.errors ==
            fmt::format("{}: '{}', expected the number of a commit from 1 on, a colon and 64 hex "
                        "digits, as the report tells them\n",
                        option, text));
    }
  }
}

TEST_CASE(
    "where nothing is witness to the end of a journal, that is remarked and refutes nothing") {
  Sale sale;
  const std::string path = sale.Write("drop.db");
  const std::string head = path + "-head";
  const std::string json = sale / "report.json";
  const std::string html = sale / "report.html";
  const std::vector<char> told = Contents(head);
  CHECK(told.size() == 16);
  const auto remark = [&] {
    const Ran ran = Run({path.c_str(), "--json", json.c_str(), "--html", html.c_str()});
    CHECK(ran.code == 0);
    const auto report = nlohmann::json::parse(std::ifstream(json));
    const std::string text =
        report["remarks"].empty() ? "" : report["remarks"][0].get<std::string>();
    CHECK((ran.out.find("\n  remark      " + text) != std::string::npos) == !text.empty());
    const std::vector<char> page = Contents(html);
    CHECK((std::string(page.begin(), page.end()).find("Remark: ") != std::string::npos) ==
          !text.empty());
    return text;
  };
  CHECK(remark().empty());
  std::vector<char> bad = told;
  bad[9] = static_cast<char>(bad[9] ^ 1);
  SetContents(head, bad);
  CHECK(remark().starts_with("'" + head + "' tells nothing: "));
  SetContents(head, std::vector<char>(told.begin(), told.end() - 1));
  CHECK(remark().starts_with("'" + head + "' tells nothing: "));
  std::filesystem::remove(head);
  CHECK(remark().starts_with("'" + head + "' is not there, or may not be read: "));
  SetContents(head, told);
  CHECK(remark().empty());
}

}  // namespace
}  // namespace flashsale::audit_test
