// The ledger in a file against the shop's own orders.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_audit/as_read.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/service/reconciliation.h"
#include "tests/audit/audited.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/sqlite/folder.h"

namespace flashsale::audit_test {
namespace {

using namespace std::chrono_literals;
using sqlite_test::Contents;
using sqlite_test::Folder;

constexpr const char* kHeading = "user,id,units,product\n";

Time Now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

// An order as the shop has it.
std::string Row(std::uint64_t user, std::uint64_t id, Units units = 1,
                const std::string& product = "thing") {
  return fmt::format("int:{},int:{},{},{}\n", user, id, units, product);
}

// A shop that keeps its ledger in a file.
class KeptLedger {
 public:
  static SaleTerms Terms(Time start = kStart) {
    return {.id = "drop",
            .lines = {{.product = "thing", .units = 100}, {.product = "other", .units = 100}},
            .start = start,
            .end = start + 2h,
            .limit_per_user = 3,
            .hold = 1h,
            .late_confirm = LateConfirm::kRevive};
  }
  explicit KeptLedger(const SaleTerms& terms = Terms())
      : folder_(Folder::Kind::kMemory), start_(terms.start) {
    Open();
    Create(terms);
  }

  void Open() {
    auto storage =
        OpenSqliteStorage({.path = path(), .reserved_bytes = 1U << 20, .checkpoint_thread = false});
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    storage_ = *std::move(storage);
  }
  void Close() { storage_ = nullptr; }
  void Create(const SaleTerms& terms) {
    REQUIRE(storage_->inventory().Create(terms)->code == Code::kDone);
  }
  void Do(const std::vector<Command>& commands, Duration after_start = 1min) {
    std::vector<Outcome> outcomes(commands.size());
    REQUIRE(storage_->inventory().Apply("drop", start_ + after_start, commands, outcomes).ok());
    for (const Outcome& outcome : outcomes) REQUIRE(outcome.code == Code::kDone);
  }
  void Buy(std::uint64_t user, std::uint64_t id, Units units = 1, Duration after_start = 1min) {
    Do({Reserve(User(user), Id(id), units), About(Verb::kConfirm, User(user), Id(id))},
       after_start);
  }
  void Hold(std::uint64_t user, std::uint64_t id, Units units = 1) {
    Do({Reserve(User(user), Id(id), units)});
  }
  Stock StockNow() {
    Open();
    const Stock stock = storage_->inventory().ReadStock("drop", start_)->lines[0];
    Close();
    return stock;
  }

  // The orders as a file.
  std::string Orders(const std::string& csv) const {
    std::ofstream(folder_ / "orders.csv", std::ios::binary) << csv;
    return folder_ / "orders.csv";
  }
  Ran Reconcile(const std::string& csv, std::vector<const char*> more = {}) const {
    const std::string file = path();
    const std::string orders = Orders(csv);
    std::vector<const char*> arguments = {"reconcile", file.c_str(), "--orders", orders.c_str()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  nlohmann::json Json(const std::string& csv, std::vector<const char*> more = {}) const {
    const std::string json = folder_ / "report.json";
    more.insert(more.end(), {"--json", json.c_str()});
    const Ran ran = Reconcile(csv, more);
    CHECK_MESSAGE(ran.code < 2, ran.errors);
    auto parsed = nlohmann::json::parse(std::ifstream(json));
    std::filesystem::remove(json);
    CHECK(parsed["agrees"] == (ran.code == 0));
    return parsed;
  }

  // All files but SQLite's index of the log, which it makes anew as it likes.
  std::map<std::string, std::vector<char>> Files() const {
    std::map<std::string, std::vector<char>> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "")) {
      const std::string name = file.path().string();
      if (!name.ends_with("-shm") && !name.ends_with(".csv")) files[name] = Contents(name);
    }
    return files;
  }
  std::string path() const { return folder_ / "drop.db"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  Storage& storage() { return *storage_; }

 private:
  Folder folder_;
  const Time start_;
  std::unique_ptr<Storage> storage_;
};

// One of each kind, and the orders of the shop.
std::string DifferInAll(KeptLedger& ledger) {
  ledger.Buy(1, 1);
  ledger.Buy(2, 1, 2);
  ledger.Hold(3, 1, 2);
  ledger.Do({Reserve(User(4), Id(1)), About(Verb::kCancel, User(4), Id(1))});
  ledger.Buy(6, 1);
  ledger.Buy(7, 1);
  ledger.Do({About(Verb::kCancel, User(8), Id(1))});
  return kHeading + Row(2, 1, 1) + Row(6, 1) + Row(3, 1, 2) + Row(4, 1) + "\n" +
         Row(5, 9, 1, "other") + Row(6, 1) + Row(7, 1) + Row(8, 1);
}

TEST_CASE("each difference is told by the line of its order, with its remedy, to people") {
  KeptLedger ledger;
  const Ran ran = ledger.Reconcile(DifferInAll(ledger));
  CHECK(ran.code == 1);
  CHECK(ran.errors.empty());
  const auto has = [&ran](const std::string& text) {
    INFO(ran.out, text);
    CHECK(ran.out.find(text) != std::string::npos);
  };
  has("  orders of the shop                   8\n");
  has("  purchases in the journal             4\n");
  has("  matching                             1\n");
  has("  purchases too new to be compared     none: all of them are compared\n");
  has("  differences                          7\n");
  constexpr const char* kReserved = ", reserved 2019-12-20 00:01:00.000 UTC";
  const auto row = [&](const char* orders, const char* difference, const char* shop,
                       const std::string& journal, const char* remedy) {
    has(fmt::format("\n  {:<7}  {:<10}  {:<10}  {:<59}  {}\n", orders, difference, shop, journal,
                    remedy));
  };
  row("orders", "difference", "shop", "journal", "remedy");
  row("line 2", "differs", "1 of thing", fmt::format("bought 2 of thing{}", kReserved), "by hand");
  row("line 4", "missing", "2 of thing", fmt::format("held 2 of thing{}", kReserved), "confirm");
  row("line 5", "missing", "1 of thing", fmt::format("given back 1 of thing{}", kReserved),
      "by hand");
  row("line 7", "missing", "1 of other", "-", "reserve and confirm");
  row("line 8", "twice", "1 of thing", fmt::format("bought 1 of thing{}", kReserved), "by hand");
  row("line 10", "missing", "1 of thing", "given back before it was reserved", "by hand");
  row("-", "extra", "-", fmt::format("bought 1 of thing{}", kReserved), "void");
  CHECK(ran.out.ends_with("\nDIFFERS: 7 differences; --apply would try to settle 3 of them\n"));
}

TEST_CASE("the report for programs has the same, and ids are told to who asks for them") {
  KeptLedger ledger;
  const std::string csv = DifferInAll(ledger);
  const auto json = ledger.Json(csv);
  CHECK(json["sale"] == "drop");
  CHECK(json["applied"] == false);
  CHECK(json["orders"] == 8);
  CHECK(json["purchases"] == 4);
  CHECK(json["matching"] == 1);
  CHECK(json["too_new"] == 0);
  CHECK(json["differences"] == 7);
  CHECK(json["with_remedy"] == 3);
  CHECK(json["settled"] == 0);
  CHECK(!json.contains("as_of_us"));
  const auto& all = json["discrepancies"];
  REQUIRE(all.size() == 7);
  CHECK(all[1] == nlohmann::json{{"orders_line", 4},
                                 {"difference", "missing"},
                                 {"shop", {{"product", "thing"}, {"units", 2}}},
                                 {"journal",
                                  {{"state", "active"},
                                   {"product", "thing"},
                                   {"units", 2},
                                   {"reserved_us", (kStart + 1min).time_since_epoch().count()}}},
                                 {"remedy", "confirm"},
                                 {"settled", false}});
  CHECK(all[3]["shop"]["product"] == "other");
  CHECK(!all[3].contains("journal"));
  CHECK(all[6]["difference"] == "extra");
  CHECK(!all[6].contains("orders_line"));
  CHECK(!all[6].contains("shop"));

  const std::string user = User(3).ToString();
  const std::string id = Id(9).ToString();
  for (const std::string& told : {ledger.Reconcile(csv).out, json.dump()}) {
    CHECK(told.find("00000000-0000-0001-0000-0000000000") == std::string::npos);
  }
  for (const std::string& told :
       {ledger.Reconcile(csv, {"--ids"}).out, ledger.Json(csv, {"--ids"}).dump()}) {
    CHECK(told.find(user) != std::string::npos);
    CHECK(told.find(id) != std::string::npos);
  }
}

TEST_CASE("where both agree the exit code says so, whatever is held besides") {
  KeptLedger ledger;
  ledger.Buy(1, 1, 2);
  ledger.Hold(2, 1);
  const Ran ran = ledger.Reconcile(kHeading + Row(1, 1, 2));
  CHECK(ran.code == 0);
  CHECK(ran.out.ends_with("\nAGREES: the journal has what the shop has\n"));
}

TEST_CASE("a comparison leaves the file and all beside it as they are, in use or not") {
  KeptLedger ledger;
  const std::string csv = DifferInAll(ledger);
  const auto in_use = ledger.Files();
  REQUIRE(!in_use.at(ledger / "drop.db-wal").empty());
  const Ran while_open = ledger.Reconcile(csv);
  CHECK(while_open.code == 1);
  CHECK(ledger.Reconcile(csv, {"--as-of", "1600000000"}).code == 1);
  CHECK(ledger.Files() == in_use);
  // The shop goes on.
  ledger.Buy(9, 9);
  CHECK(ledger.Reconcile(csv).out.find("purchases in the journal             5\n") !=
        std::string::npos);
  ledger.Do({About(Verb::kVoid, User(9), Id(9))});
  ledger.Close();
  const auto closed = ledger.Files();
  CHECK(ledger.Reconcile(csv).out == while_open.out);
  CHECK(ledger.Reconcile(csv, {"--as-of", "1600000000"}).code == 1);
  CHECK(ledger.Files() == closed);
}

TEST_CASE("remedies are carried out, told with their answers, and once is enough") {
  KeptLedger ledger(KeptLedger::Terms(Now() - 1h));
  ledger.Buy(1, 1);
  ledger.Hold(3, 1, 2);
  ledger.Close();
  const std::string csv = kHeading + Row(3, 1, 1) + Row(5, 9, 2);
  const auto json = ledger.Json(csv, {"--apply", "--as-of", "4000000000"});
  CHECK(json["applied"] == true);
  CHECK(json["settled"] == 3);
  REQUIRE(json["discrepancies"].size() == 3);
  for (const auto& one : json["discrepancies"]) {
    CHECK(one["answer"] == "Done");
    CHECK(one["settled"] == true);
  }
  CHECK(ledger.StockNow() == Stock{.limit = 100, .released = 100, .sold = 3});
  const Ran again = ledger.Reconcile(csv, {"--apply", "--as-of", "4000000000"});
  CHECK(again.code == 0);
  CHECK(again.out.ends_with("\nAGREES: the journal has what the shop has\n"));
  CHECK(ledger.Reconcile(csv).code == 0);
  CHECK(ledger.StockNow().sold == 3);
  const std::string path = ledger.path();
  const Ran audited = Run({path.c_str()});
  CHECK_MESSAGE(audited.code == 0, audited.out);
}

TEST_CASE("what was refused, and what needs a hand, is left and told") {
  KeptLedger ledger(KeptLedger::Terms(Now() - 1h));
  ledger.Buy(1, 1, 3);
  ledger.Buy(2, 1, 2);
  ledger.Buy(3, 1);
  ledger.Close();
  const std::string csv = kHeading + Row(1, 1, 3) + Row(1, 2) + Row(2, 1);
  const Ran ran = ledger.Reconcile(csv, {"--apply", "--as-of", "4000000000"});
  CHECK(ran.code == 1);
  CHECK(ran.out.find("reserve and confirm  UserLimit\n") != std::string::npos);
  CHECK(ran.out.find("by hand              -\n") != std::string::npos);
  CHECK(ran.out.find("void                 Done\n") != std::string::npos);
  CHECK(ran.out.ends_with("\nDIFFERS: 3 differences, 1 of them settled\n"));
  CHECK(ledger.Reconcile(kHeading + Row(1, 1, 3) + Row(2, 1))
            .out.ends_with("\nDIFFERS: 1 difference, to be settled by hand\n"));
  const Ran settled =
      ledger.Reconcile(std::string(kHeading) + Row(1, 1, 3), {"--apply", "--as-of", "4000000000"});
  CHECK(settled.code == 0);
  CHECK(settled.out.ends_with("\nSETTLED: 1 difference, and the journal has what the shop has\n"));
}

TEST_CASE("remedies are refused while the shop has the file open") {
  KeptLedger ledger;
  const std::string csv = DifferInAll(ledger);
  const auto before = ledger.Files();
  const Ran ran = ledger.Reconcile(csv, {"--apply"});
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.errors.find("is locked: the storage is open already") != std::string::npos);
  CHECK(ledger.Files() == before);
}

TEST_CASE("nothing is applied before the time that the journal has come to") {
  // A sale a year ahead, whose shop had come there.
  const Time start = Now() + 365 * 24h;
  KeptLedger ledger(KeptLedger::Terms(start));
  ledger.Hold(1, 1);
  ledger.Close();
  const auto json =
      ledger.Json(kHeading + Row(1, 1) + Row(2, 1), {"--apply", "--as-of", "2026-01-01T00:00:00Z"});
  CHECK(json["settled"] == 2);
  CHECK(json["discrepancies"][1]["answer"] == "Done");
  const std::string path = ledger.path();
  CHECK(Run({path.c_str()}).code == 0);
}

TEST_CASE("while a sale is not over, nothing is applied without the time of the orders") {
  KeptLedger open(KeptLedger::Terms(Now() - 1h));
  open.Buy(1, 1);
  open.Close();
  const auto before = open.Files();
  const Ran ran = open.Reconcile(kHeading, {"--apply"});
  CHECK(ran.code == 2);
  CHECK(ran.errors ==
        "--as-of: none, expected the time when the orders were listed, for --apply to a sale that "
        "is not over: what was bought since would be taken back\n");
  CHECK(open.Files() == before);
  // Over by its time, or by an operator.
  KeptLedger over;
  over.Buy(1, 1);
  over.Close();
  CHECK(over.Reconcile(kHeading, {"--apply"}).code == 0);
  CHECK(over.StockNow().sold == 0);
  open.Open();
  open.Do({Act(Verb::kClose)}, 59min);
  open.Close();
  CHECK(open.Reconcile(kHeading, {"--apply"}).code == 0);
  CHECK(open.StockNow().sold == 0);
}

TEST_CASE("what was bought after the orders were listed is not looked at, however long ago") {
  KeptLedger ledger;
  ledger.Buy(1, 1);
  ledger.Buy(2, 1, 1, 10min);
  // So much has happened since that memory does not have it any more.
  std::vector<Command> acts;
  acts.reserve(70'000);
  for (int i = 0; i < 70'000; ++i) acts.push_back(Act(i % 2 == 0 ? Verb::kPause : Verb::kResume));
  ledger.Do(acts, 20min);
  const std::string csv = kHeading + Row(1, 1);
  CHECK(ledger.Reconcile(csv).code == 1);
  for (const char* const as_of :
       {"1576800300", "2019-12-20T00:05:00Z", "2019-12-20T01:05:00.5+01:00"}) {
    CAPTURE(as_of);
    const auto json = ledger.Json(csv, {"--as-of", as_of});
    CHECK(json["agrees"] == true);
    CHECK(json["too_new"] == 1);
    CHECK(json["as_of_us"].get<std::int64_t>() / 1'000'000 == 1'576'800'300);
  }
  CHECK(ledger.Reconcile(csv, {"--as-of", "1576800300"})
            .out.find("compared     1, after 2019-12-20 00:05:00.000 UTC\n") != std::string::npos);
  CHECK(ledger.Json(csv, {"--as-of", "2019-12-20T00:10:00Z"})["too_new"] == 0);
}

TEST_CASE("of many differences the first are told to people, and all to who wants them") {
  KeptLedger ledger;
  std::string csv = kHeading;
  for (std::uint64_t user = 1; user <= 23; ++user) csv += Row(user, 1);
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  const Ran some = ledger.Reconcile(csv);
  const Ran all = ledger.Reconcile(csv, {"--all"});
  CHECK(some.out.find("\n  line 21 ") != std::string::npos);
  CHECK(some.out.find("\n  line 22 ") == std::string::npos);
  CHECK(some.out.find("\n  and 3 more, which --all tells, and --json\n") != std::string::npos);
  CHECK(lines(all.out) == lines(some.out) + 2);
  CHECK(ledger.Json(csv)["discrepancies"].size() == 23);
}

TEST_CASE("the sale may be left out where there is one, and orders may come from a pipe") {
  KeptLedger ledger;
  ledger.Buy(1, 1);
  const std::string path = ledger.path();
  const std::string csv = kHeading + Row(1, 1);
  CHECK(Run({"reconcile", path.c_str(), "--orders", "-"}, csv).code == 0);
  CHECK(Run({"reconcile", path.c_str(), "--orders", "-"}, kHeading).code == 1);
  SaleTerms other = KeptLedger::Terms();
  other.id = "another";
  ledger.Create(other);
  CHECK(ledger.Reconcile(csv).errors == "--sale: none, expected one of another, drop\n");
  CHECK(ledger.Reconcile(csv, {"--sale", "drop"}).code == 0);
  CHECK(ledger.Reconcile(csv, {"--sale", "another"}).code == 1);
  for (const char* const sale : {"never", "no name"}) {
    const Ran ran = ledger.Reconcile(csv, {"--sale", sale});
    CHECK(ran.code == 2);
    CHECK(ran.errors == fmt::format("--sale: '{}', expected one of another, drop\n", sale));
  }
  REQUIRE(ledger.storage().inventory().Apply("another", kStart, {}, {}).ok());
  Outcome outcome;
  for (const Verb verb : {Verb::kCancelSale, Verb::kSettle}) {
    const Command command = Act(verb);
    REQUIRE(
        ledger.storage().inventory().Apply("another", kStart, {&command, 1}, {&outcome, 1}).ok());
    REQUIRE(outcome.code == Code::kDone);
  }
  REQUIRE(ledger.storage().inventory().Forget("another", kStart)->code == Code::kDone);
  CHECK(ledger.Reconcile(csv).code == 0);
}

TEST_CASE("what cannot be compared is named, and nothing is made or changed") {
  KeptLedger ledger;
  ledger.Buy(1, 1);
  ledger.Close();
  const auto before = ledger.Files();
  const auto refusal = [&](const std::string& csv, std::vector<const char*> more = {}) {
    const Ran ran = ledger.Reconcile(csv, std::move(more));
    CHECK(ran.code == 2);
    CHECK(ran.out.empty());
    CHECK(ledger.Files() == before);
    return ran.errors;
  };
  const std::string orders = ledger / "orders.csv";
  for (const bool apply : {false, true}) {
    const std::vector<const char*> more =
        apply ? std::vector<const char*>{"--apply"} : std::vector<const char*>{};
    CHECK(refusal(kHeading + Row(1, 1) + "int:1,bob,1,thing\n", more) ==
          fmt::format("--orders: '{}', line 3, column 'id': 'bob', expected a UUID, 32 hex digits, "
                      "int: and a number, or text: and anything\n",
                      orders));
    CHECK(refusal(kHeading + Row(1, 1, 1, "cake"), more) ==
          fmt::format("--orders: '{}', line 2, column 'product': 'cake', expected one that the "
                      "sale has\n",
                      orders));
  }
  for (const char* const as_of : {"yesterday", "2026-11-28", "-1"}) {
    CHECK(refusal(kHeading, {"--as-of", as_of}) ==
          fmt::format("--as-of: '{}', expected seconds since 1970, or a time such as "
                      "2026-11-28T13:52:01Z or 2026-11-28T14:52:01+01:00\n",
                      as_of));
  }
  CHECK(refusal(kHeading, {"--json", "/nowhere/report.json"}).starts_with("--json '/nowhere/"));
  const std::string path = ledger.path();
  const std::string none = ledger / "none.db";
  CHECK(Run({"reconcile", path.c_str(), "--orders", none.c_str()})
            .errors.starts_with("--orders: '" + none + "', expected a file that can be read"));
  CHECK(Run({"reconcile", path.c_str(), "--orders", "/"}).errors ==
        "--orders: '/', expected a file that can be read: Is a directory\n");
  CHECK(Run({"reconcile", none.c_str(), "--orders", orders.c_str()}).code == 2);
  CHECK(Run({"reconcile", none.c_str(), "--orders", orders.c_str(), "--apply"}).errors ==
        "'" + none + "': there is no such file, or it may not be read\n");
  CHECK(Run({"reconcile", path.c_str()}).code == 2);
  CHECK(ledger.Files() == before);
  Ran help = Run({"reconcile", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("--as-of") != std::string::npos);
}

TEST_CASE(
    "a storage on a journal as it was read sees nothing of what comes after, nor adds to it") {
  const auto kept = std::make_shared<journal_test::Kept>();
  const auto open = [&kept](bool as_read) {
    std::unique_ptr<JournalMedium> medium = std::make_unique<journal_test::MemoryMedium>(kept);
    if (as_read) medium = std::make_unique<audit::AsRead>(std::move(medium));
    auto storage = OpenJournaledStorage(std::move(medium), {.memory = {.events_per_sale = 1'024}});
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    return *std::move(storage);
  };
  const auto buy = [](Storage& storage, std::uint64_t user) {
    const std::vector<Command> commands = {Reserve(User(user), Id(1)),
                                           About(Verb::kConfirm, User(user), Id(1))};
    std::vector<Outcome> outcomes(2);
    REQUIRE(storage.inventory().Apply("drop", kStart, commands, outcomes).ok());
  };
  const auto shop = open(false);
  REQUIRE(shop->inventory().Create(SmallSale(10'000)).ok());
  for (std::uint64_t user = 1; user <= 1'000; ++user) buy(*shop, user);
  auto seen = open(true);
  for (std::uint64_t user = 1'001; user <= 1'100; ++user) buy(*shop, user);
  const std::size_t commits = kept->commits.size();
  const Result<Reconciliation> found =
      Reconcile(seen->inventory(), "drop", {}, {.now = kStart, .as_of = kStart - 1s});
  REQUIRE_MESSAGE(found.ok(), found.status().ToString());
  CHECK(found->purchases == 1'000);
  CHECK(found->too_new == 1'000);
  buy(*seen, 2'000);
  seen = nullptr;
  CHECK(kept->commits.size() == commits);
}

}  // namespace
}  // namespace flashsale::audit_test
