#include "examples/flashsale_sim/load.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>

#ifdef FLASHSALE_SIM_WITH_SQLITE
#include "flashsale/backend/sqlite.h"
#endif
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

Ran Run(const LoadOptions& options) {
  std::ostringstream report;
  std::ostringstream errors;
  const int exit_code = Load(options, {.report = report, .errors = errors});
  return {.exit_code = exit_code, .report = report.str(), .errors = errors.str()};
}

TEST_CASE("a file of a load's report that cannot be written is named before the run") {
  LoadOptions options{.html_file = "/nonexistent/out.html"};
  const Ran ran = Run(options);
  CHECK(ran.exit_code == kExitBadInput);
  CHECK(ran.errors.find("--html '/nonexistent/out.html': expected a file") != std::string::npos);
  CHECK(ran.report.empty());
}

TEST_SUITE_BEGIN("contention");

// Real threads in real time: what is asserted is that calls were made and that nothing was sold
// twice, never how quick it was.
TEST_CASE("threads that call sale after sale break no promise") {
  for (const Allocation allocation : {Allocation::kFifo, Allocation::kLottery}) {
    const TemporaryFile json("load.json");
    LoadOptions options{.threads = 2, .sale_length = 200ms, .json_file = json.path()};
    options.plan.allocation = allocation;
    options.plan.units = 500;
    options.plan.lines = 2;
    options.plan.limit_per_user = 2;
    options.plan.hold = 50ms;
    options.plan.duration = 1s;
    const Ran ran = Run(options);
    CAPTURE(ran.report);
    CAPTURE(ran.errors);
    REQUIRE(ran.exit_code == kExitOk);
    const nlohmann::json told = json.Json();
    CHECK(told.at("invariants_hold") == true);
    CHECK(told.at("oversold") == 0);
    CHECK(told.at("users_over_limit") == 0);
    CHECK(told.at("unrecorded_answers") == 0);
    CHECK(told.at("counter_mismatches") == 0);
    CHECK(told.at("sales").get<int>() >= 2);
    CHECK(told.at("ops").get<int>() > 100);
    CHECK(told.at("events").get<int>() > 0);
    CHECK(told.at("memory_bytes").at("end").get<long>() > 0);
  }
}

#ifdef FLASHSALE_SIM_WITH_SQLITE

TEST_CASE(
    "on a disk calls share commits, no promise is broken, and the last sales are there again") {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  const TemporaryFile json("disk.json");
  const TemporaryFile html("disk.html");
  LoadOptions options{.sale_length = 200ms, .json_file = json.path(), .html_file = html.path()};
  options.backend = {.kind = BackendKind::kSqlite, .path = folder / "sales"};
  options.plan.shoppers = 100'000;
  options.plan.units = 500;
  options.plan.hold = 50ms;
  options.plan.duration = 1s;
  options.plan.pre_queue = 100ms;
  const Ran ran = Run(options);
  CAPTURE(ran.report);
  CAPTURE(ran.errors);
  REQUIRE(ran.exit_code == kExitOk);
  const nlohmann::json told = json.Json();
  CHECK(told.at("backend") == "sqlite");
  CHECK(told.at("backend_file") == options.backend.path);
  CHECK(told.at("threads") == kThreadsThatWait);
  CHECK(told.at("invariants_hold") == true);
  CHECK(told.at("reopen_mismatches") == 0);
  CHECK(told.at("sales").get<int>() >= 1);
  CHECK(told.at("events").get<int>() > 0);
  CHECK(told.at("commits").get<int>() > 0);
  CHECK(told.at("latency_ns").at("join").at("p50").get<long>() > 0);
  CHECK(ran.report.find("64 threads, backend sqlite") != std::string::npos);
  CHECK(ran.report.find("reopen_mismatches 0") != std::string::npos);
  CHECK(PageData(html.Text()).at("options").dump().find(options.backend.path) != std::string::npos);
  // What the load leaves is a journal like any other.
  const auto opened = OpenSqliteStorage({.path = options.backend.path, .reserved_bytes = 0});
  REQUIRE(opened.ok());
  const auto last = (*opened)->inventory().ReadStock(
      SaleRef("sale-" + std::to_string(told.at("sales").get<int>())), kMaxTime);
  REQUIRE(last.ok());

  const Ran again = Run(options);
  CHECK(again.exit_code == kExitBadInput);
  CHECK(again.errors.find("is there already") != std::string::npos);
  CHECK(json.Json() == told);
}

#endif

TEST_CASE("an open loop makes no more calls than were meant") {
  const TemporaryFile json("open.json");
  LoadOptions options{.rate = 1'000, .threads = 2, .json_file = json.path()};
  options.plan.duration = 300ms;
  options.plan.hold = 50ms;
  REQUIRE(Run(options).exit_code == kExitOk);
  const nlohmann::json told = json.Json();
  // Made or missed, each of them counts; one may end a hold beside.
  const long meant = told.at("ops").get<long>() + told.at("missed").get<long>();
  CHECK(meant <= 300);
  CHECK(meant >= 290);
}

TEST_CASE("bots, waves and a pre-queue have a meaning, and the page tells of them") {
  for (const Allocation allocation : {Allocation::kFifo, Allocation::kLottery}) {
    const TemporaryFile json("bots.json");
    const TemporaryFile html("bots.html");
    LoadOptions options{
        .threads = 2, .sale_length = 300ms, .json_file = json.path(), .html_file = html.path()};
    options.plan = {.shoppers = 100'000,
                    .bots_per_million = 400'000,
                    .units = 600,
                    .lines = 2,
                    .waves = 3,
                    .hold = 50ms,
                    .duration = 1s,
                    .allocation = allocation,
                    .admissions_per_second = 10'000,
                    .pre_queue = 150ms};
    const Ran ran = Run(options);
    CAPTURE(ran.report);
    CAPTURE(ran.errors);
    REQUIRE(ran.exit_code == kExitOk);
    const nlohmann::json told = json.Json();
    CHECK(told.at("invariants_hold") == true);
    CHECK(told.at("bots_share") == 0.4);
    CHECK(told.at("waves") == 3);
    CHECK(told.at("pre_queue_us") == 150'000);
    CHECK(told.at("bots_seen").get<long>() > 0);
    CHECK(told.at("people_seen").get<long>() > told.at("bots_seen").get<long>() / 2);
    for (const char* name :
         {"bots_bought", "people_bought", "people_denied", "people_challenged"}) {
      CAPTURE(name);
      CHECK(told.at(name).is_number());
    }
    CHECK(told.at("bots_bought").get<long>() + told.at("people_bought").get<long>() <=
          told.at("sold").get<long>());
    // Somebody on a farm's devices, or who clicks by a timer, was found out.
    CHECK(told.at("outcomes").contains("Challenge"));
    CHECK(ran.report.find("scalper_farm") != std::string::npos);

    const nlohmann::json data = PageData(html.Text());
    CHECK(data.at("summary") == told);
    CHECK(data.at("series").size() >= 2);
    CHECK(data.at("series").size() <= 1'000 / 50 + 3);
    CHECK(data.at("series").front().contains("waiting"));
    CHECK(data.at("latencies").at("operations").contains("join"));
    CHECK(data.at("tables").at(0).at("title") == "The crowd");
    std::size_t waves = 0;
    for (const nlohmann::json& turn : data.at("timeline")) {
      const auto what = turn.at("what").get<std::string>();
      if (what.find("a wave of ") != std::string::npos) ++waves;
    }
    CHECK(waves >= 1);
  }
}

TEST_CASE("without bots no detector is asked, of bots alone no person comes") {
  const TemporaryFile json("kinds.json");
  LoadOptions options{.threads = 1, .json_file = json.path()};
  options.plan.duration = 100ms;
  options.plan.hold = 50ms;
  REQUIRE(Run(options).exit_code == kExitOk);
  CHECK(json.Json().at("bots_seen") == 0);
  CHECK(json.Json().at("people_seen").get<long>() > 0);
  CHECK_FALSE(json.Json().at("outcomes").contains("Challenge"));
  CHECK_FALSE(json.Json().at("outcomes").contains("Denied"));

  options.plan.bots_per_million = 1'000'000;
  REQUIRE(Run(options).exit_code == kExitOk);
  CHECK(json.Json().at("people_seen") == 0);
  CHECK(json.Json().at("bots_seen").get<long>() > 0);
}

TEST_CASE("before its start a sale may be joined, and nothing is sold") {
  const TemporaryFile json("early.json");
  LoadOptions options{.threads = 1, .sale_length = 1h, .json_file = json.path()};
  options.plan.duration = 400ms;
  options.plan.hold = 50ms;
  options.plan.pre_queue = 1h;
  REQUIRE(Run(options).exit_code == kExitOk);
  const nlohmann::json told = json.Json();
  CHECK(told.at("outcomes_by_verb").at("join").at("Done").get<long>() > 0);
  CHECK_FALSE(told.at("outcomes_by_verb").contains("reserve"));
  CHECK(told.at("sold") == 0);
  CHECK(told.at("sales") == 1);
}

TEST_SUITE_END();

}  // namespace
}  // namespace flashsale::sim
