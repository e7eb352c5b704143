#include "examples/flashsale_sim/durability.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/load_report.h"
#include "examples/flashsale_sim/simulate_report.h"
#include "flashsale/repository/command.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

TEST_CASE("what a journal takes is told by the reservation") {
  DurabilityReport report{.path = "a.db",
                          .on_disk = {.commits = 7, .journal_bytes = 500, .file_bytes = 4'096},
                          .reservations = 20,
                          .reopen_mismatches = 0,
                          .findings = {}};
  CHECK(report.ok());
  CHECK(report.JournalBytesPerReservation() == 25);
  Json json;
  AddDurability(report, true, json);
  CHECK(json.at("backend_file") == "a.db");
  CHECK(json.at("commits") == 7);
  CHECK(json.at("journal_bytes") == 500);
  CHECK(json.at("journal_bytes_per_reservation") == 25);
  CHECK(json.at("disk_bytes") == 4'096);
  Json reproducible;
  AddDurability(report, false, reproducible);
  CHECK_FALSE(reproducible.contains("backend_file"));
  CHECK_FALSE(reproducible.contains("disk_bytes"));

  report.reservations = 0;
  CHECK(report.JournalBytesPerReservation() == 0);
  report.reopen_mismatches = 1;
  CHECK_FALSE(report.ok());
  CHECK(ChecksOf(report).front().found == 1);
}

TEST_CASE("a run whose store lost something is not well") {
  const SimulationPlan plan;
  const Timeline timeline;
  const SimulationResult result;
  const AuditReport audit;
  const LoadOptions options;
  SimulateReport simulated{.plan = plan,
                           .seed = 1,
                           .backend = "sqlite",
                           .timeline = timeline,
                           .result = result,
                           .audit = audit};
  LoadReport loaded{.options = options};
  CHECK(simulated.ok());
  CHECK(loaded.ok());
  const std::size_t checks = ChecksOf(simulated).size();
  simulated.durability = DurabilityReport{.path = "a.db", .reopen_mismatches = 1};
  loaded.durability = simulated.durability;
  CHECK_FALSE(simulated.ok());
  CHECK_FALSE(loaded.ok());
  CHECK(ChecksOf(simulated).size() == checks + 1);
  CHECK(ChecksOf(loaded).back().found == 1);
}

#ifdef FLASHSALE_SIM_WITH_SQLITE

constexpr Time kStart{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};

// A sale of which somebody has a unit.
class Shop {
 public:
  Shop() {
    auto opened = Backend::Open({.kind = BackendKind::kSqlite, .path = folder_ / "sale.db"},
                                {.events_per_sale = 1'024});
    REQUIRE(opened.ok());
    backend_ = *std::move(opened);
    const SaleTerms terms{.id = "drop",
                          .lines = {{.product = "thing", .units = 3}},
                          .start = kStart,
                          .end = kStart + 1h};
    REQUIRE(storage().inventory().Create(terms).ok());
    REQUIRE(storage().sales().Put(FlashSale(terms)).ok());
    REQUIRE(storage().queue().Open({.sale = "drop"}, kStart).ok());
    Reserve(1);
  }

  Backend& backend() { return *backend_; }
  Storage& storage() { return backend_->storage(); }

  void Reserve(std::uint64_t user) {
    const std::array commands{Command{.verb = Verb::kReserve,
                                      .units = 1,
                                      .user = UserId::FromInteger(user),
                                      .id = ReservationId::FromInteger(user)}};
    std::array<Outcome, 1> outcomes;
    REQUIRE(storage().inventory().Apply("drop", kStart, commands, outcomes).ok());
    REQUIRE(outcomes[0].code == Code::kDone);
  }
  void Join(std::uint64_t user) {
    const std::array commands{
        QueueCommand{.verb = QueueVerb::kJoin, .user = UserId::FromInteger(user)}};
    std::array<QueueAnswer, 1> answers;
    REQUIRE(storage().queue().Apply("drop", kStart, commands, answers).ok());
  }

 private:
  const sqlite_test::Folder folder_{sqlite_test::Folder::Kind::kMemory};
  std::unique_ptr<Backend> backend_;
};

DurabilityReport Reopened(DurabilityCheck& check) {
  Result<DurabilityReport> report = check.Reopen(1);
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  return *std::move(report);
}

TEST_CASE("a store that holds what it held has no mismatch") {
  Shop shop;
  DurabilityCheck check(shop.backend());
  REQUIRE(check.Remember("drop", kStart).ok());
  check.RememberForgotten("never");
  const DurabilityReport report = Reopened(check);
  CHECK(report.ok());
  CHECK(report.findings.empty());
  CHECK(report.on_disk.commits >= 3);
}

TEST_CASE("a store that holds more or less than it held is found out") {
  SUBCASE("of what it sold") {
    Shop shop;
    DurabilityCheck check(shop.backend());
    REQUIRE(check.Remember("drop", kStart).ok());
    shop.Reserve(2);
    const DurabilityReport report = Reopened(check);
    CHECK(report.reopen_mismatches == 1);
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].find("has of drop: 2 of 1 events") != std::string::npos);
    CHECK(report.findings[0].find("another digest, the same catalogue") != std::string::npos);
  }
  SUBCASE("of who waits") {
    Shop shop;
    DurabilityCheck check(shop.backend());
    REQUIRE(check.Remember("drop", kStart).ok());
    shop.Join(2);
    const DurabilityReport report = Reopened(check);
    CHECK(report.reopen_mismatches == 1);
    CHECK(report.findings.at(0).find("1 of 0 tickets") != std::string::npos);
  }
  SUBCASE("of the whole sale") {
    Shop shop;
    DurabilityCheck check(shop.backend());
    REQUIRE(check.Remember("drop", kStart).ok());
    REQUIRE(shop.storage().sales().Remove("drop", 1).ok());
    const DurabilityReport report = Reopened(check);
    CHECK(report.reopen_mismatches == 1);
    CHECK(report.findings.at(0).find("cannot tell of drop: NotFound") != std::string::npos);
  }
  SUBCASE("of what was forgotten") {
    Shop shop;
    DurabilityCheck check(shop.backend());
    check.RememberForgotten("drop");
    const DurabilityReport report = Reopened(check);
    CHECK(report.reopen_mismatches == 1);
    CHECK(report.findings.at(0).find("knows drop, which was forgotten") != std::string::npos);
  }
}

#endif

}  // namespace
}  // namespace flashsale::sim
