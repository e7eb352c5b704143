#include "examples/flashsale_sim/simulate.h"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/sim/page_data.h"
#include "tests/sim/temporary_file.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

struct Ran {
  int exit_code;
  std::string report;
  std::string errors;
};

Ran Run(const SimulateOptions& options) {
  std::ostringstream report;
  std::ostringstream errors;
  const int exit_code = Simulate(options, {.report = report, .errors = errors});
  return {.exit_code = exit_code, .report = report.str(), .errors = errors.str()};
}

SimulateOptions Options() {
  return {.plan = {.shoppers = 3'000,
                   .units = 100,
                   .hold = 1min,
                   .duration = 5min,
                   .admissions_per_second = 20,
                   .pre_queue = 1min}};
}

TEST_CASE("the same seed gives the same bytes, another one another sale") {
  for (const Allocation allocation : {Allocation::kFifo, Allocation::kLottery}) {
    const TemporaryFile json("same.json");
    const TemporaryFile html("same.html");
    SimulateOptions options = Options();
    options.plan.allocation = allocation;
    options.reproducible = true;
    options.json_file = json.path();
    options.html_file = html.path();
    const Ran first = Run(options);
    REQUIRE(first.exit_code == kExitOk);
    const std::string first_json = json.Text();
    const std::string first_html = html.Text();
    const Ran second = Run(options);
    CHECK(second.report == first.report);
    CHECK(json.Text() == first_json);
    CHECK(html.Text() == first_html);

    options.seed = 2;
    CHECK(Run(options).report != first.report);
    CHECK(json.Text() != first_json);
  }
}

SimulateOptions WaitingRoom() {
  SimulateOptions options = Options();
  options.plan.allocation = Allocation::kPriority;
  options.plan.tier_order = Allocation::kLottery;
  options.plan.tiers = 3;
  options.plan.credits_for_first = 5;
  options.plan.waves = 2;
  options.plan.waitlist = true;
  return options;
}

TEST_CASE("the same seed gives the same bytes with tiers, draws, waves and a waitlist") {
  const TemporaryFile json("room.json");
  const TemporaryFile html("room.html");
  SimulateOptions options = WaitingRoom();
  options.reproducible = true;
  options.json_file = json.path();
  options.html_file = html.path();
  const Ran first = Run(options);
  CAPTURE(first.report);
  REQUIRE(first.exit_code == kExitOk);
  const std::string first_json = json.Text();
  const std::string first_html = html.Text();
  CHECK(Run(options).report == first.report);
  CHECK(json.Text() == first_json);
  CHECK(html.Text() == first_html);
}

TEST_CASE("the waiting room is told of in words, as JSON and on the page") {
  const TemporaryFile json("told.json");
  const TemporaryFile html("told.html");
  SimulateOptions options = WaitingRoom();
  options.json_file = json.path();
  options.html_file = html.path();
  const Ran ran = Run(options);
  REQUIRE(ran.exit_code == kExitOk);
  const nlohmann::json told = json.Json();
  for (const char* name :
       {"out_of_turn", "too_early", "misplaced", "waves_astray", "waitlist_inversions",
        "waitlist_bypassed", "waitlist_past_queue", "waitlist_unoffered", "waitlist_ticket_breaks",
        "waitlist_wrong_positions", "dishonest_in_stock"}) {
    CAPTURE(name);
    CHECK(told.at(name) == 0);
    CHECK(ran.report.find(name) != std::string::npos);
  }
  CHECK(told.at("weights") == nlohmann::json({3, 2, 1}));
  for (const char* name : {"tier_0", "tier_2", "person", "residential_bot",
                           "people_before_the_start", "bots_after_the_start"}) {
    CAPTURE(name);
    const nlohmann::json& cohort = told.at("cohorts").at(name);
    CHECK(cohort.at("came").get<int>() > 0);
    CHECK(cohort.at("win_rate").get<double>() <= 1);
    CHECK(cohort.at("wait_p50_s") <= cohort.at("wait_p99_s"));
  }
  CHECK(told.at("draws").size() == 3);
  CHECK(told.at("draws").at(1).at("degrees_of_freedom").get<int>() > 0);
  CHECK(told.at("draws").at(1).at("seed") != told.at("draws").at(0).at("seed"));
  CHECK(told.at("fairness").at("jain_index_by_weight").get<double>() > 0.9);
  const nlohmann::json& moments = told.at("fairness").at("moments");
  REQUIRE(moments.size() > 10);
  CHECK(moments.back().at("admitted_by_tier").size() == 3);
  CHECK(moments.back().at("wait_p99_s").get<double>() > 0);
  CHECK(told.at("waitlist_offers").at("offered").get<int>() > 0);
  CHECK(told.at("lapsed_admissions").get<int>() > 0);
  CHECK(told.at("no_shows").get<int>() > 0);
  CHECK(told.at("wasted_unit_seconds").is_number());
  CHECK(told.at("peak_memory_bytes").get<double>() > 0);
  CHECK(told.at("waits_within_share").is_number());
  for (const char* words : {"Jain's index", "waitlist: ", "draw of tier 2", "win rate",
                            "unit-seconds", "by its weight"}) {
    CAPTURE(words);
    CHECK(ran.report.find(words) != std::string::npos);
  }
  const nlohmann::json data = PageData(html.Text());
  CHECK(data.at("tables").size() == 3);
  CHECK(data.at("tables").at(1).at("title") == "Who won, who waited");
}

#ifdef FLASHSALE_SIM_WITH_SQLITE

BackendName NewFile(const sqlite_test::Folder& folder, const std::string& name) {
  return {.kind = BackendKind::kSqlite, .path = folder / name};
}

TEST_CASE("a sale on a disk is the same sale as in memory, and is there afterwards") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  int run = 0;
  for (SimulateOptions options : {Options(), WaitingRoom()}) {
    const TemporaryFile json("backends.json");
    options.plan.shoppers = 1'000;
    options.reproducible = true;
    options.json_file = json.path();
    REQUIRE(Run(options).exit_code == kExitOk);
    nlohmann::json in_memory = json.Json();

    options.backend = NewFile(folder, std::to_string(++run));
    const Ran ran = Run(options);
    CAPTURE(ran.errors);
    CAPTURE(ran.report);
    REQUIRE(ran.exit_code == kExitOk);
    nlohmann::json on_disk = json.Json();
    CHECK(in_memory.at("backend") == "memory");
    CHECK(on_disk.at("backend") == "sqlite");
    CHECK(on_disk.at("reopen_mismatches") == 0);
    // A commit for each ticket, at least: nobody is there to share one with.
    CHECK(on_disk.at("commits") > on_disk.at("tickets"));
    CHECK(on_disk.at("journal_bytes_per_reservation").get<double>() > 0);
    for (const char* name : {"backend", "reopen_mismatches", "commits", "journal_bytes",
                             "journal_bytes_per_reservation"}) {
      in_memory.erase(name);
      on_disk.erase(name);
    }
    CHECK(on_disk == in_memory);
    CHECK(ran.report.find("backend sqlite") != std::string::npos);
    CHECK(ran.report.find("journal: ") != std::string::npos);
    CHECK(ran.report.find("reopen_mismatches 0") != std::string::npos);
  }
}

TEST_CASE("the same seed gives the same bytes in two files") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  const TemporaryFile json("two.json");
  const TemporaryFile html("two.html");
  SimulateOptions options = Options();
  options.plan.shoppers = 500;
  options.reproducible = true;
  options.json_file = json.path();
  options.html_file = html.path();
  options.backend = NewFile(folder, "first");
  const Ran first = Run(options);
  REQUIRE(first.exit_code == kExitOk);
  const std::string first_json = json.Text();
  const std::string first_html = html.Text();
  options.backend = NewFile(folder, "second");
  CHECK(Run(options).report == first.report);
  CHECK(json.Text() == first_json);
  CHECK(html.Text() == first_html);
}

TEST_CASE("where the sale lies on the disk is told in words, as JSON and on the page") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  const TemporaryFile json("disk.json");
  const TemporaryFile html("disk.html");
  SimulateOptions options = Options();
  options.plan.shoppers = 500;
  options.json_file = json.path();
  options.html_file = html.path();
  options.backend = NewFile(folder, "sale");
  const Ran ran = Run(options);
  REQUIRE(ran.exit_code == kExitOk);
  CHECK(ran.report.find("'" + options.backend.path + "' and those beside it") != std::string::npos);
  const nlohmann::json told = json.Json();
  CHECK(told.at("backend_file") == options.backend.path);
  CHECK(told.at("disk_bytes") > told.at("journal_bytes"));
  const nlohmann::json data = PageData(html.Text());
  CHECK(data.at("figures").back().at("name") == "Journal");
  CHECK(data.at("options").dump().find(options.backend.path) != std::string::npos);
}

TEST_CASE("who looks on is told what a sale on a disk waits for") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  SimulateOptions options = Options();
  options.plan.shoppers = 10;
  for (const bool on_disk : {false, true}) {
    if (on_disk) options.backend = NewFile(folder, "sale");
    std::ostringstream report;
    std::ostringstream errors;
    REQUIRE(Simulate(options, {.report = report, .errors = errors, .shows_progress = true}) ==
            kExitOk);
    CHECK((errors.str().find("each change waits for the disk") != std::string::npos) == on_disk);
  }
}

TEST_CASE("a sale is not played into a file that is there, and nothing is written over") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  const TemporaryFile json("kept.json");
  SimulateOptions options = Options();
  options.plan.shoppers = 100;
  options.json_file = json.path();
  options.backend = NewFile(folder, "sale");
  REQUIRE(Run(options).exit_code == kExitOk);
  const std::vector<char> before = sqlite_test::Contents(options.backend.path);
  json.Write("of another run");
  const Ran again = Run(options);
  CHECK(again.exit_code == kExitBadInput);
  CHECK(again.errors == "--backend 'sqlite:" + options.backend.path +
                            "': expected the name of a new file; '" + options.backend.path +
                            "' is there already\n");
  CHECK(again.report.empty());
  CHECK(sqlite_test::Contents(options.backend.path) == before);
  CHECK(json.Text() == "of another run");

  options.backend = NewFile(folder, "no/such");
  const Ran lost = Run(options);
  CHECK(lost.exit_code == kExitBadInput);
  CHECK(lost.errors.find("no/such': there is no directory") != std::string::npos);
}

#endif

TEST_CASE("any audit that found something makes a result that is not well") {
  SimulationResult result;
  CHECK(result.ok());
  result.turns.out_of_turn = 1;
  CHECK_FALSE(result.ok());
  result.turns.out_of_turn = 0;
  result.waves.astray = 1;
  CHECK_FALSE(result.ok());
  result.waves.astray = 0;
  result.waitlist.emplace();
  CHECK(result.ok());
  for (std::uint64_t WaitlistReport::* const member :
       {&WaitlistReport::inversions, &WaitlistReport::bypassed, &WaitlistReport::past_queue,
        &WaitlistReport::unoffered, &WaitlistReport::ticket_breaks,
        &WaitlistReport::wrong_positions, &WaitlistReport::dishonest_in_stock}) {
    (*result.waitlist).*member = 1;
    CHECK_FALSE(result.ok());
    (*result.waitlist).*member = 0;
  }
  result.queue.fifo_inversions = 1;
  CHECK_FALSE(result.ok());
}

TEST_CASE("the JSON has every field, those of the machine unless they are left out") {
  const TemporaryFile json("fields.json");
  SimulateOptions options = Options();
  options.json_file = json.path();
  REQUIRE(Run(options).exit_code == kExitOk);
  const nlohmann::json told = json.Json();
  for (const char* name :
       {"oversold", "undersold", "users_over_limit", "fifo_inversions", "ticket_breaks",
        "over_max_in_flight", "over_pace", "dishonest_user_limit", "illegal_transitions",
        "unrecorded_answers", "sequence_gaps", "lost_events", "counter_mismatches"}) {
    CAPTURE(name);
    CHECK(told.at(name) == 0);
  }
  CHECK(told.at("invariants_hold") == true);
  CHECK(told.at("bots_seen").get<int>() > 0);
  CHECK(told.at("bots_bought").is_number());
  CHECK(told.at("people_denied").is_number());
  CHECK(told.at("people_challenged").get<int>() > 0);
  CHECK(told.at("wait_p50_s").get<double>() <= told.at("wait_p99_s").get<double>());
  CHECK(told.at("seconds_to_sell_out").get<double>() > 0);
  CHECK(told.at("ops").get<int>() > 3'000);
  CHECK(told.at("ops_per_second").get<double>() > 0);
  for (const char* operation : {"join", "position", "reserve", "confirm"}) {
    CAPTURE(operation);
    const nlohmann::json& latency = told.at("latency_ns").at(operation);
    CHECK(latency.at("p50").get<long>() > 0);
    CHECK(latency.at("p50") <= latency.at("p99"));
    CHECK(latency.at("p99") <= latency.at("p999"));
  }
  CHECK(told.at("wall_time_s").get<double>() > 0);

  options.reproducible = true;
  REQUIRE(Run(options).exit_code == kExitOk);
  for (const char* name : {"ops_per_second", "latency_ns", "wall_time_s", "peak_memory_bytes"}) {
    CAPTURE(name);
    CHECK_FALSE(json.Json().contains(name));
  }
}

TEST_CASE("the page holds all that it needs, and its data as it was") {
  const TemporaryFile json("page.json");
  const TemporaryFile html("page.html");
  SimulateOptions options = Options();
  options.json_file = json.path();
  options.html_file = html.path();
  REQUIRE(Run(options).exit_code == kExitOk);
  const std::string page = html.Text();
  CHECK(page.find("{{") == page.find("{{\""));  // every placeholder is filled
  CHECK(page.find("src=") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  CHECK(page.find("The MIT License") != std::string::npos);
  const nlohmann::json data = PageData(page);
  CHECK(data.at("summary") == json.Json());
  CHECK(data.at("series").size() > 100);
  CHECK(data.at("waits").back().at(1) == 100);
  CHECK(data.at("latencies").at("operations").contains("join"));
}

TEST_CASE("the table of answers has the operators' calls too, so that it adds up") {
  SimulateOptions options = Options();
  options.plan.waves = 2;
  options.plan.operator_waves = true;
  const Ran ran = Run(options);
  REQUIRE(ran.exit_code == kExitOk);
  CHECK(ran.report.find("\nrelease            Done                            1\n") !=
        std::string::npos);
  CHECK(ran.report.find("\nsettle             Done                            1\n") !=
        std::string::npos);
}

TEST_CASE("a file of a report that cannot be written is named before the run") {
  SimulateOptions options = Options();
  options.json_file = "/nonexistent/out.json";
  const Ran json = Run(options);
  CHECK(json.exit_code == kExitBadInput);
  CHECK(json.errors.find("--json '/nonexistent/out.json': expected a file that can be written") !=
        std::string::npos);
  CHECK(json.report.empty());
  options.json_file = "";
  options.html_file = "/nonexistent/out.html";
  CHECK(Run(options).errors.find("--html '/nonexistent/out.html'") != std::string::npos);
}

}  // namespace
}  // namespace flashsale::sim
