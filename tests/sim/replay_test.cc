#include "examples/flashsale_sim/replay.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/sim/page_data.h"
#include "tests/sim/temporary_file.h"

namespace flashsale::sim {
namespace {

struct Ran {
  int exit_code;
  std::string report;
  std::string errors;
};

Ran Run(const ReplayOptions& options) {
  std::ostringstream report;
  std::ostringstream errors;
  const int exit_code = Replay(options, {.report = report, .errors = errors});
  return {.exit_code = exit_code, .report = report.str(), .errors = errors.str()};
}

// What has to be 0 in the JSON of every run.
void CheckPromises(const nlohmann::json& json) {
  for (const char* name :
       {"oversold", "undersold", "users_over_limit", "dishonest_user_limit", "illegal_transitions",
        "unrecorded_answers", "sequence_gaps", "lost_events", "counter_mismatches"}) {
    CAPTURE(name);
    CHECK(json.at(name) == 0);
  }
  CHECK(json.at("invariants_hold") == true);
  CHECK(json.at("reserved") == 0);
  CHECK(json.at("released") == json.at("units"));
  CHECK(json.at("available").get<long>() + json.at("sold").get<long>() ==
        json.at("released").get<long>());
}

TEST_CASE("a replayed crowd gives the same JSON twice, but for the wall time") {
  const TemporaryFile first("first.json");
  const TemporaryFile second("second.json");
  ReplayOptions options{.synthetic_shoppers = 1'000, .json_file = first.path()};
  REQUIRE(Run(options).exit_code == kExitOk);
  options.json_file = second.path();
  REQUIRE(Run(options).exit_code == kExitOk);
  nlohmann::json one = first.Json();
  nlohmann::json other = second.Json();
  CHECK(one.at("wall_time_s").get<double>() > 0);
  one.erase("wall_time_s");
  other.erase("wall_time_s");
  CHECK(one.dump() == other.dump());
  CHECK(one.at("seed") == 1);
  CHECK(one.at("units") == 50);
  CheckPromises(one);

  options.seed = 2;
  REQUIRE(Run(options).exit_code == kExitOk);
  CHECK(second.Json().at("outcomes") != one.at("outcomes"));
}

TEST_CASE("without what depends on the machine the same seed gives the same bytes") {
  const TemporaryFile json("same.json");
  const TemporaryFile html("same.html");
  ReplayOptions options{.synthetic_shoppers = 1'000,
                        .reproducible = true,
                        .json_file = json.path(),
                        .html_file = html.path()};
  const Ran first = Run(options);
  REQUIRE(first.exit_code == kExitOk);
  const std::string first_json = json.Text();
  const std::string first_html = html.Text();
  CHECK_FALSE(json.Json().contains("wall_time_s"));
  const Ran second = Run(options);
  CHECK(second.report == first.report);
  CHECK(json.Text() == first_json);
  CHECK(html.Text() == first_html);
  options.seed = 2;
  CHECK(Run(options).report != first.report);
  CHECK(html.Text() != first_html);
}

TEST_CASE("the page shows the sale, and no queue that there was not") {
  const TemporaryFile log("page-log");
  const TemporaryFile json("page.json");
  const TemporaryFile html("page.html");
  log.Write(
      "rubbish </script>\n"
      "192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 1 \"-\" \"a\"\n"
      "192.0.2.2 - - [17/May/2015:10:05:04 +0000] \"GET /\" 200 1 \"-\" \"b\"\n");
  ReplayOptions options{.log_file = log.path(), .json_file = json.path(), .html_file = html.path()};
  REQUIRE(Run(options).exit_code == kExitOk);
  const nlohmann::json data = PageData(html.Text());
  CHECK(data.at("summary") == json.Json());
  CHECK(data.at("series").size() > 100);
  CHECK(data.at("series").size() <= 402);
  CHECK(data.at("series").front().at("available") == 1);
  CHECK_FALSE(data.at("series").front().contains("waiting"));
  CHECK(data.at("series").back().at("sold") == json.Json().at("sold"));
  CHECK_FALSE(data.contains("waits"));
  CHECK(data.at("latencies").at("operations").contains("reserve"));
  CHECK(data.at("checks").size() == 9);
  CHECK(data.at("tables").at(0).at("title") == "Suspicions");
  CHECK(data.at("tables").at(1).at("rows").at(0).at(0) == "1");
  CHECK(data.at("timeline").front().at("what") == "the sale opens");

  options.reproducible = true;
  REQUIRE(Run(options).exit_code == kExitOk);
  CHECK_FALSE(PageData(html.Text()).contains("latencies"));
}

TEST_CASE("malformed lines are named and the rest is replayed") {
  const TemporaryFile log("log");
  const TemporaryFile json("malformed.json");
  log.Write(
      "rubbish\n"
      "192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 1 \"-\" \"a\"\n"
      "192.0.2.2 - - [17/May/2015:10:05:04 +0000] \"GET /\" 200 1 \"-\" \"\x1B[2J\"\n"
      "192.0.2.3 - - [17/May/2015:10:05:05 +0000] \"GET /\" 200 1 \"-\" \"a");
  const Ran ran = Run({.log_file = log.path(), .json_file = json.path()});
  CHECK(ran.exit_code == kExitOk);
  CHECK(ran.report.find("3 malformed lines") != std::string::npos);
  CHECK(ran.report.find("line 1: address") != std::string::npos);
  CHECK(ran.report.find("line 3: control byte") != std::string::npos);
  CHECK(ran.report.find("line 4: user agent") != std::string::npos);
  CHECK(ran.report.find('\x1B') == std::string::npos);
  CHECK(json.Json().at("log").at("malformed") == 3);
  CHECK(json.Json().at("shoppers") == 1);
}

TEST_CASE("a file that cannot be read or written is named") {
  const Ran missing = Run({.log_file = "/nonexistent/log"});
  CHECK(missing.exit_code == kExitBadInput);
  CHECK(missing.errors.find("FILE '/nonexistent/log': expected a file that can be read") !=
        std::string::npos);
  const Ran folder = Run({.log_file = std::filesystem::temp_directory_path().string()});
  CHECK(folder.exit_code == kExitBadInput);
  CHECK(folder.errors.find("expected a file that can be read") != std::string::npos);
  const Ran unwritable = Run({.synthetic_shoppers = 1, .json_file = "/nonexistent/out.json"});
  CHECK(unwritable.exit_code == kExitBadInput);
  CHECK(unwritable.errors.find("--json '/nonexistent/out.json'") != std::string::npos);
  const Ran no_page = Run({.synthetic_shoppers = 1, .html_file = "/nonexistent/out.html"});
  CHECK(no_page.exit_code == kExitBadInput);
  CHECK(no_page.errors.find("--html '/nonexistent/out.html'") != std::string::npos);
  CHECK(no_page.report.empty());
}

TEST_CASE("sales at the edges of what may be asked go through") {
  for (const ReplayOptions& options :
       {ReplayOptions{.synthetic_shoppers = 1},
        ReplayOptions{.synthetic_shoppers = 500, .units = 1},
        ReplayOptions{.synthetic_shoppers = 100, .units = 1'000'000},
        ReplayOptions{.synthetic_shoppers = 500, .units = 100, .limit_per_user = kMaxUnits},
        ReplayOptions{.synthetic_shoppers = 500, .hold = std::chrono::milliseconds(1)},
        ReplayOptions{.synthetic_shoppers = 500, .hold = std::chrono::days(30)}}) {
    const Ran ran = Run(options);
    CAPTURE(ran.report);
    CAPTURE(ran.errors);
    CHECK(ran.exit_code == kExitOk);
  }
}

TEST_CASE("the crowd of a real web server gets through a sale") {
  const char* const folder = std::getenv("FLASHSALE_SHARED_DIR");
  const std::filesystem::path log =
      std::filesystem::path(folder == nullptr ? FLASHSALE_SHARED_DIR : folder) / "data" /
      "access_log";
  if (!std::filesystem::exists(log)) {
    MESSAGE("skipped: no " << log.string()
                           << "; FLASHSALE_SHARED_DIR names the folder above data/");
    return;
  }
  const TemporaryFile json("real.json");
  for (const Units limit : {1U, 4U}) {
    CAPTURE(limit);
    const Ran ran =
        Run({.log_file = log.string(), .limit_per_user = limit, .json_file = json.path()});
    CAPTURE(ran.report);
    REQUIRE(ran.exit_code == kExitOk);
    const nlohmann::json told = json.Json();
    CheckPromises(told);
    CHECK(told.at("shoppers") == 1'022);
    CHECK(told.at("visits") == 5'000);
    CHECK(told.at("log").at("malformed") == 0);
    CHECK(told.at("units") == 51);
    CHECK(told.at("outcomes").at("SoldOut").get<int>() > 1'000);
    CHECK(told.at("resold_after_expiry").get<int>() > 0);
  }
}

}  // namespace
}  // namespace flashsale::sim
