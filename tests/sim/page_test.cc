#include "examples/flashsale_sim/page.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <sstream>
#include <string>
#include <string_view>

#include "examples/flashsale_sim/html_report.h"
#include "tests/sim/page_data.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

std::string Written(const Page& page) {
  std::ostringstream out;
  WriteHtml(page, out);
  return out.str();
}

TEST_CASE("what there is nothing of is left out of a page") {
  const nlohmann::json data = PageData(Written({.title = "t", .heading = "h", .subtitle = "s"}));
  CHECK(data.at("title") == "t");
  CHECK(data.at("heading") == "h");
  for (const char* name : {"series", "waits", "latencies"}) {
    CAPTURE(name);
    CHECK_FALSE(data.contains(name));
  }
  for (const char* name : {"figures", "checks", "tables", "timeline"}) {
    CAPTURE(name);
    CHECK(data.at(name).empty());
  }
}

TEST_CASE("what a page is given stands in its data") {
  Series series;
  Answers answers;
  answers.Count(Operation::kJoin, Code::kDone, 7);
  series.Take({.since_opening = -1500ms, .available = 3, .reserved = 2, .sold = 1, .waiting = 9},
              answers);
  Histogram waits;
  waits.Record(999);
  Latencies latencies;
  latencies.Record(Operation::kReserve, 5us);
  Page page{.heading = "h",
            .figures = {{.name = "Sold", .value = "1", .note = "of 6"}},
            .checks = {{.name = "oversold", .found = 2, .promise = "never"}},
            .origin = "the opening",
            .series = &series,
            .waits = Page::Waits{.histogram = waits, .per_second = 1'000},
            .latencies = &latencies,
            .notes = {{.plot = "stock", .text = "a word"}},
            .tables = {{.title = "T", .columns = {{"a"}, {"b", true}}, .rows = {{"1", "2"}}}},
            .story = {{.since_origin = 2s, .what = "it opens"}},
            .summary = {{"x", 1}}};
  const nlohmann::json data = PageData(Written(page));
  CHECK(data.at("figures").at(0).at("note") == "of 6");
  CHECK(data.at("checks").at(0).at("found") == 2);
  const nlohmann::json& sample = data.at("series").at(0);
  CHECK(sample.at("t") == -1.5);
  CHECK(sample.at("sold") == 1);
  CHECK(sample.at("waiting") == 9);
  CHECK(sample.at("answers").at("Done") == 7);
  CHECK(data.at("waits").at(1).at(0).get<double>() == doctest::Approx(1.0).epsilon(0.04));
  CHECK(data.at("waits").at(1).at(1) == 100);
  CHECK(data.at("latencies").at("operations").contains("reserve"));
  CHECK(data.at("notes").at("stock") == "a word");
  CHECK(data.at("tables").at(0).at("columns").at(1).at("text") == true);
  CHECK(data.at("timeline").at(0).at("t") == 2);
  CHECK(data.at("summary").at("x") == 1);

  page.has_queue = false;
  CHECK_FALSE(PageData(Written(page)).at("series").at(0).contains("waiting"));
}

TEST_CASE("no text ends the script that holds it, and bytes that are no text end nothing") {
  const std::string page = Written({.heading = "</script><b>", .subtitle = "\xFF"});
  CHECK(PageData(page).at("heading") == "</script><b>");
  CHECK(page.find("</script><b>") == std::string::npos);
}

TEST_CASE("a table of options has those that the run has") {
  const Json summary = {{"seed", 1}, {"max_in_flight", 10}, {"rate", nullptr}, {"name", "fifo"}};
  static constexpr std::array<std::string_view, 5> kNames = {"name", "rate", "max_in_flight",
                                                             "bots_share", "seed"};
  const Page::Table table = OptionsTable(summary, kNames);
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0] == std::vector<std::string>{"name", "fifo"});
  CHECK(table.rows[1] == std::vector<std::string>{"max in flight", "10"});
  CHECK(table.rows[2] == std::vector<std::string>{"seed", "1"});
}

TEST_CASE("the table of a crowd has those kinds that came") {
  CrowdTally crowd;
  crowd.Of(Persona::kPerson) = {.seen = 1'000, .bought = 3};
  crowd.Of(Persona::kScalperFarm) = {.seen = 2, .denied = 1};
  const Page::Table table = CrowdTable(crowd);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0][0] == "person");
  CHECK(table.rows[0][1] == "1,000");
  CHECK(table.rows[1][0] == "scalper farm");
  CHECK(table.rows[1].size() == table.columns.size());
  CHECK(ShareOf(1, 8) == "12.5 % of 8");
  CHECK(ShareOf(0, 0) == "none came");
}

}  // namespace
}  // namespace flashsale::sim
