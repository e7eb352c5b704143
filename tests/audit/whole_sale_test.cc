// A whole sale in a file, with everything that there is: a draw, a queue, a waitlist, restarts.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "flashsale/backend/sqlite.h"
#include "flashsale/policy/lottery_strategy.h"
#include "tests/audit/audited.h"
#include "tests/audit/kept_shop.h"
#include "tests/policy/draw_doubles.h"
#include "tests/sqlite/folder.h"

namespace flashsale::audit_test {
namespace {

using sqlite_test::Contents;
using sqlite_test::Folder;

// Ten units, forty people who are drawn, a waitlist.
class WholeSale {
 public:
  WholeSale()
      : folder_(Folder::Kind::kMemory),
        lottery_(CountingBytes(), {.witness = &notary_, .beacon_source = "drand"}),
        shop_([this] { return OpenSqliteStorage({.path = path(), .reserved_bytes = 0}); },
              [this](FlashSaleServiceOptions& options) { options.strategies = {&lottery_}; }) {
    Play();
    std::ofstream(folder_ / "record.json") << notary_.drawn.ToJson();
  }

  std::string path() const { return folder_ / "drop.db"; }
  std::string record() const { return folder_ / "record.json"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  KeptShop& shop() { return shop_; }

 private:
  void Play() {
    SaleTerms terms = KeptShop::Terms(10);
    terms.limit_per_user = 2;
    terms.key_limits = {{.name = "device", .limit = 4}};
    shop_.Create(terms, {.strategy = &lottery_, .max_in_flight = 20},
                 {.enabled = true, .offer_hold = 2min});
    for (std::uint64_t user = 40; user-- > 0;) REQUIRE(shop_.Join(user));
    shop_.Leave(7);
    shop_.Restart();
    shop_.At(0s);
    REQUIRE(shop_.Join(99));  // too late for the draw
    notary_.beacon = BytesOfHex("beac");
    shop_.Pass(3s);
    std::vector<std::uint64_t> inside;
    for (std::uint64_t user = 0; user < 100; ++user) {
      if (shop_.Reserve(user) == Code::kDone) inside.push_back(user);
    }
    REQUIRE(inside.size() == 10);
    shop_.Restart();
    // Three buy, one gives back, and the others let their holds lapse.
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(shop_.Confirm(inside[i]) == Code::kDone);
    shop_.Pass(1s);
    for (std::uint64_t user = 0; user < 100; ++user) {
      (void)shop_.service().JoinWaitlist({.sale = "drop", .user = UserId::FromInteger(user)});
    }
    REQUIRE(shop_.Cancel(inside[3]) == Code::kDone);
    shop_.Pass(6min, 1s);
    shop_.Restart();
    shop_.Pass(10s, 1s);
    for (std::uint64_t user = 0; user < 100; ++user) {
      const auto place =
          shop_.service().WaitlistPosition({.sale = "drop", .user = UserId::FromInteger(user)});
      if (place.ok() && !place->offer.is_nil())
        offers_ += shop_.Confirm(user, place->offer) == Code::kDone;
    }
    shop_.Pass(3min, 1s);
    REQUIRE(shop_.service().Close("drop").ok());
    shop_.Pass(10min, 10s);
    REQUIRE(shop_.service().Settle("drop")->code == Code::kDone);
  }

  Folder folder_;
  Notary notary_;
  const LotteryStrategy lottery_;
  KeptShop shop_;
  std::size_t offers_ = 0;
};

TEST_CASE("a whole sale with a draw, a waitlist and restarts holds, and is told in figures") {
  WholeSale sale;
  const std::string json_path = sale / "report.json";
  const std::string csv_path = sale / "report.csv";
  const std::string html_path = sale / "report.html";
  // While it is open, and when it is not.
  for (const bool open : {true, false}) {
    CAPTURE(open);
    if (!open) sale.shop().Close();
    const Ran ran =
        Run({sale.path().c_str(), "--draw", sale.record().c_str(), "--json", json_path.c_str(),
             "--csv", csv_path.c_str(), "--html", html_path.c_str()});
    CHECK_MESSAGE(ran.code == 0, ran.out << ran.errors);
    CHECK(ran.out.find("not judged") == std::string::npos);
  }
  const auto json = nlohmann::json::parse(std::ifstream(json_path));
  CHECK(json["held"] == true);
  CHECK(json["journal"]["sessions"] == 4);
  const auto& drop = json["sales"][0];
  CHECK(drop["sale"] == "drop");
  CHECK(drop["figures"]["events"]["Settled"]["events"] == 1);
  CHECK(drop["figures"]["lines"][0]["sold"] > 3);
  CHECK(drop["queue"]["joined"] >= 41);
  CHECK(drop["queue"]["tiers"][0]["arranged"] == true);
  CHECK(drop["queue"]["tiers"][0]["waits"]["count"] >= 10);
  CHECK(drop["waitlists"][0]["line"] == 0);
  CHECK(drop["waitlists"][0]["offers"] > 0);
  CHECK(drop["waitlists"][0]["bought"] > 0);
  std::map<std::string, std::uint64_t> looked_at;
  for (const auto& claim : drop["claims"]) looked_at[claim["name"]] = claim["looked_at"];
  CHECK(looked_at["queue: draw"] == 39);
  CHECK(looked_at["queue: grants"] >= 10);
  CHECK(looked_at["waitlist of line 0: offers"] == drop["waitlists"][0]["offers"]);
  CHECK(looked_at["counters"] > 10);
  CHECK(looked_at["settled"] > 0);

  const std::vector<char> csv = Contents(csv_path);
  const std::string rows(csv.begin(), csv.end());
  CHECK(rows.starts_with("sale,time_us,seconds,reserved,sold,back,"));
  CHECK(rows.find("\ndrop,3599940000000,") != std::string::npos);
  const std::vector<char> html = Contents(html_path);
  const std::string page(html.begin(), html.end());
  CHECK(page.find("<svg ") != std::string::npos);
  CHECK(page.find("All held") != std::string::npos);
  CHECK(page.find("{{") == std::string::npos);
  for (const char* const loads : {"http://", "https://", "src=", "@import", "url("}) {
    CHECK(page.find(loads) == std::string::npos);
  }
}

TEST_CASE("an audit leaves the file and all beside it as they are") {
  WholeSale sale;
  sale.shop().Close();
  const auto files = [&sale] {
    std::map<std::string, std::vector<char>> all;
    for (const auto& file : std::filesystem::directory_iterator(sale / "")) {
      const std::string path = file.path().string();
      if (!path.ends_with("-shm")) all[path] = Contents(path);
    }
    return all;
  };
  const auto before = files();
  CHECK(Run({sale.path().c_str()}).code == 0);
  CHECK(files() == before);
}

TEST_CASE("ids of people are told only to who asks for them") {
  WholeSale sale;
  const std::string json_path = sale / "report.json";
  const std::string path = sale.path();
  const auto told = [&](std::vector<const char*> arguments) {
    arguments.insert(arguments.end(), {path.c_str(), "--json", json_path.c_str()});
    const Ran ran = Run(arguments);
    const std::vector<char> json = Contents(json_path);
    return ran.out + std::string(json.begin(), json.end());
  };
  constexpr const char* kIds = "00000000-0000-0001-0000-0000000000";
  CHECK(told({}).find(kIds) == std::string::npos);
  CHECK(told({"--ids"}).find(kIds) != std::string::npos);
}

TEST_CASE("one sale of several, and options that the journal has nothing for") {
  WholeSale sale;
  SaleTerms other = KeptShop::Terms(5);
  other.id = "other";
  other.requires_admission = false;
  sale.shop().Create(other);
  const Ran all = Run({sale.path().c_str()});
  CHECK(all.code == 0);
  CHECK(all.out.find("=== drop ===") != std::string::npos);
  CHECK(all.out.find("=== other ===") != std::string::npos);
  const Ran one = Run({"check", sale.path().c_str(), "--sale", "other"});
  CHECK(one.code == 0);
  CHECK(one.out.find("=== drop ===") == std::string::npos);
  CHECK(one.out.find("=== other ===") != std::string::npos);
  CHECK(Run({sale.path().c_str(), "--sale", "never"}).errors ==
        "--sale: 'never', expected a sale that the journal has\n");
  CHECK(Run({sale.path().c_str(), "--sale", "no name"}).code == 2);
  const Ran draw = Run({sale.path().c_str(), "--sale", "other", "--draw", sale.record().c_str()});
  CHECK(draw.code == 2);
  CHECK(draw.errors == "--draw: of tier 0 of 'drop', expected one of a queue that was arranged\n");
  CHECK(Run({sale.path().c_str(), "--draw", sale.path().c_str()}).errors.starts_with("--draw: '"));
  CHECK(Run({sale.path().c_str(), "--draw", "/"}).errors ==
        "--draw: '/', expected a file that can be read: Is a directory\n");
  CHECK(Run({sale.path().c_str(), "--json", "/nowhere/report.json"}).code == 2);
  CHECK(Run({}).code == 2);
  CHECK(Run({"--help"}).code == 0);
}

TEST_CASE("a sale is exported, a journal compacted, and people are erased") {
  WholeSale sale;
  sale.shop().Close();
  const std::string path = sale.path();
  const std::string exported = sale / "drop-alone.db";
  const Ran ran = Run({"export", path.c_str(), "--sale", "drop", "--to", exported.c_str()});
  CHECK_MESSAGE(ran.code == 0, ran.errors);
  CHECK(ran.out.find(", 1 sale\n") != std::string::npos);
  const Ran audited = Run({exported.c_str(), "--draw", sale.record().c_str()});
  CHECK_MESSAGE(audited.code == 0, audited.out);
  CHECK(audited.out.find("copy of a journal up to its commit") != std::string::npos);
  // Nothing is written over, and nothing is left of what could not be made.
  CHECK(Run({"export", path.c_str(), "--sale", "drop", "--to", exported.c_str()}).code == 2);
  const std::string none = sale / "none.db";
  CHECK(Run({"export", path.c_str(), "--sale", "never", "--to", none.c_str()}).errors ==
        "only: 'never', expected a sale that the journal has\n");
  CHECK(!std::filesystem::exists(none));
  CHECK(!std::filesystem::exists(none + "-wal"));

  const std::string compacted = sale / "compact.db";
  CHECK(Run({"compact", path.c_str(), "--to", compacted.c_str()}).code == 0);
  CHECK(Run({compacted.c_str()}).code == 0);

  CHECK(Run({"erase", path.c_str()}).code == 2);
  CHECK(
      Run({"erase", path.c_str(), "--user", "ann"}).errors ==
      "--user: 'ann', expected a UUID, 32 hex digits, int: and a number, or text: and anything\n");
  CHECK(Run({"erase", none.c_str(), "--user", "integer:3"}).code == 2);
  CHECK(!std::filesystem::exists(none));
  const Ran erased =
      Run({"erase", path.c_str(), "--user", "integer:3", "--user",
           "00000000000000010000000000000004", "--user", "text:ann", "--key", "text:phone"});
  CHECK_MESSAGE(erased.code == 0, erased.errors);
  CHECK(erased.out.find(" names overwritten in ") != std::string::npos);
  // All holds as before, but for the draw, which is of the people who were there.
  const Ran after = Run({path.c_str()});
  CHECK_MESSAGE(after.code == 0, after.out);
  CHECK(Run({path.c_str(), "--draw", sale.record().c_str()}).code == 1);
}

}  // namespace
}  // namespace flashsale::audit_test
