#include "examples/flashsale_sim/load.h"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>
#include <string>

#include "tests/sim/temporary_file.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

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
    std::ostringstream report;
    std::ostringstream errors;
    const int exit_code = Load(options, {.report = report, .errors = errors});
    CAPTURE(report.str());
    CAPTURE(errors.str());
    REQUIRE(exit_code == kExitOk);
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

TEST_CASE("an open loop makes no more calls than were meant") {
  const TemporaryFile json("open.json");
  LoadOptions options{.rate = 1'000, .threads = 2, .json_file = json.path()};
  options.plan.duration = 300ms;
  options.plan.hold = 50ms;
  std::ostringstream report;
  std::ostringstream errors;
  REQUIRE(Load(options, {.report = report, .errors = errors}) == kExitOk);
  const nlohmann::json told = json.Json();
  // Made or missed, each of them counts; one may end a hold beside.
  const long meant = told.at("ops").get<long>() + told.at("missed").get<long>();
  CHECK(meant <= 300);
  CHECK(meant >= 290);
}

TEST_SUITE_END();

}  // namespace
}  // namespace flashsale::sim
