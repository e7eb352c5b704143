#include "examples/flashsale_sim/shop.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "examples/flashsale_sim/replay_report.h"
#include "examples/flashsale_sim/shopper.h"
#include "flashsale/backend/memory.h"
#include "flashsale/testing/reference_model.h"
#include "tests/sim/lying_inventory.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kShoppers = 2'000;
constexpr std::uint64_t kSeed = 11;

// One sale to a synthetic crowd.
struct Sale {
  explicit Sale(std::unique_ptr<Storage> opened, Units limit = 1)
      : plan{.units = 100, .limit_per_user = limit, .hold = 5min},
        crowd(SyntheticCrowd(kShoppers, OpenFor(plan.hold), dice)),
        audit(TermsOf(plan)),
        storage(std::move(opened)),
        store(storage->inventory()),
        front(*storage, store) {}

  Status Run() {
    Result<SaleResult> ran = RunSale({.plan = plan,
                                      .crowd = crowd,
                                      .dice = dice,
                                      .storage = front,
                                      .limits = limits,
                                      .audit = audit,
                                      .timeline = timeline});
    if (!ran.ok()) return ran.status();
    result = *std::move(ran);
    return {};
  }
  std::string Json() const {
    const AuditReport report = audit.Report();
    return ToJson({.plan = plan,
                   .crowd = crowd,
                   .timeline = timeline,
                   .result = result,
                   .audit = report,
                   .seed = kSeed})
        .dump();
  }

  Dice dice{kSeed};
  SalePlan plan;
  Crowd crowd;
  Audit audit;
  Timeline timeline;
  std::unique_ptr<Storage> storage;
  LyingInventory store;
  StorageWithInventory front;
  RateLimits limits = GenerousLimits();
  SaleResult result;
};

std::unique_ptr<Storage> OpenMemory() {
  Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage();
  REQUIRE(storage.ok());
  return *std::move(storage);
}

TEST_CASE("a sale in memory keeps every promise and shows every turn") {
  Sale sale(OpenMemory());
  REQUIRE(sale.Run().ok());
  const AuditReport report = sale.audit.Report();
  for (const std::string& finding : report.findings) MESSAGE(finding);
  CHECK(report.ok());
  CHECK(report.released == 100);
  CHECK(report.reserved == 0);
  CHECK(report.sold + report.available == 100);
  CHECK(report.sold > 80);
  CHECK(report.resold_after_expiry > 0);
  const Answers& answers = sale.result.answers;
  CHECK(answers.Of(Operation::kReserve, Code::kSoldOut) > kShoppers);
  CHECK(answers.Of(Operation::kReserve, Code::kAlreadyDone) > 0);
  CHECK(answers.Of(Operation::kReserve, Code::kRateLimited) == 0);
  CHECK(answers.Of(Operation::kConfirm, Code::kExpired) > 0);
  CHECK(answers.Of(Operation::kCancel, Code::kDone) > 0);
  CHECK(answers.Of(Operation::kRelease, Code::kDone) == 1);
  CHECK(answers.Of(Operation::kSettle, Code::kDone) == 1);
  CHECK(sale.timeline.moments().size() >= 6);
}

TEST_CASE("greedy shoppers meet their limit") {
  Sale sale(OpenMemory(), 3);
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().ok());
  CHECK(sale.result.answers.Of(Operation::kReserve, Code::kUserLimit) > 0);
}

TEST_CASE("a shopper's address and browser reach the gates") {
  const auto sell = [](const RateLimits& limits) {
    auto sale = std::make_unique<Sale>(OpenMemory());
    // Everybody comes from the same house.
    for (Crowd::Origin& origin : sale->crowd.origins) origin = sale->crowd.origins[0];
    sale->limits = limits;
    REQUIRE(sale->Run().ok());
    CHECK(sale->audit.Report().ok());
    return sale;
  };
  const auto limited = sell({.per_ipv4 = Quota{.permits = 3, .per = 1min, .burst = 3}});
  CHECK(limited->result.answers.Of(Operation::kReserve, Code::kRateLimited) > kShoppers);
  const auto suspected = sell(GenerousLimits());
  CHECK(suspected->result.suspicions.judged[static_cast<std::size_t>(BotAction::kChallenge)] > 0);
  CHECK(suspected->result.answers.Of(Operation::kReserve, Code::kChallenge) == 0);
}

TEST_CASE("the memory backend and the reference model tell the same story") {
  Sale ours(OpenMemory());
  Sale reference(NewReferenceStorage());
  REQUIRE(ours.Run().ok());
  REQUIRE(reference.Run().ok());
  CHECK(ours.result.answers == reference.result.answers);
  CHECK(ours.result.stock.lines == reference.result.stock.lines);
}

TEST_CASE("the same seed gives the same bytes") {
  Sale first(OpenMemory());
  Sale second(OpenMemory());
  REQUIRE(first.Run().ok());
  REQUIRE(second.Run().ok());
  CHECK(first.Json() == second.Json());
  second.crowd.visits.pop_back();
  CHECK(first.Json() != second.Json());
}

TEST_CASE("a store that says SoldOut too early is found out") {
  Sale sale(NewReferenceStorage());
  sale.store.on_apply = [](const Command&) { return Status(); };
  std::uint64_t reserves = 0;
  sale.store.on_outcome = [&reserves](const Command& command, Outcome& outcome) {
    // The hold stays in the store, the shopper is told that there is none.
    if (command.verb == Verb::kReserve && outcome.code == Code::kDone && ++reserves == 3) {
      outcome = {.code = Code::kSoldOut};
    }
  };
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().undersold == 1);
  CHECK(sale.audit.Report().oversold == 0);
}

TEST_CASE("a store that promises what it does not record is found out") {
  Sale sale(NewReferenceStorage());
  std::uint64_t refusals = 0;
  sale.store.on_outcome = [&refusals](const Command& command, Outcome& outcome) {
    if (outcome.code == Code::kSoldOut && ++refusals == 100) {
      outcome = {.code = Code::kDone, .state = ReservationState::kActive, .units = command.units};
    }
  };
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().unrecorded_answers > 0);
}

TEST_CASE("a store that records more than it has is found out") {
  Sale sale(NewReferenceStorage());
  sale.store.on_event = [](Event& event) {
    if (event.type == EventType::kReleased) event.units -= 1;
  };
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().counter_mismatches > 0);
}

TEST_CASE("a store whose counters drift is found out") {
  Sale sale(NewReferenceStorage());
  sale.store.on_stock = [](SaleStock& stock) { ++stock.lines[0].sold; };
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().counter_mismatches == 1);
}

TEST_CASE("a store that loses events is found out") {
  Sale sale(NewReferenceStorage());
  bool lost = false;
  sale.store.on_page = [&lost](EventPage& page) {
    if (lost || page.count != 1 || page.cursor < 50) return;
    lost = true;
    page.count = 0;
    page.lost = {.from = page.cursor, .to = page.cursor};
  };
  REQUIRE(sale.Run().ok());
  CHECK(sale.audit.Report().lost_events == 1);
}

TEST_CASE("an error of the store ends the run with that error") {
  Sale sale(NewReferenceStorage());
  std::uint64_t calls = 0;
  sale.store.on_apply = [&calls](const Command&) {
    return ++calls == 500 ? Status(StatusCode::kUnavailable, "unplugged") : Status();
  };
  CHECK(sale.Run() == Status(StatusCode::kUnavailable, "unplugged"));
}

TEST_CASE("shoppers do what their shares say") {
  const Dice dice(3);
  std::uint64_t pays = 0;
  std::uint64_t late = 0;
  for (std::uint32_t shopper = 0; shopper < 10'000; ++shopper) {
    const Decision decision = Decide(dice, shopper, 0, 5min);
    CHECK(decision.after <= 390s);
    if (decision.intent == Intent::kPays) {
      ++pays;
      CHECK(decision.after < 5min);
    }
    if (decision.intent == Intent::kPaysLate && decision.after >= 5min) ++late;
    CHECK(UnitsWanted(dice, shopper, 3) >= 1);
    CHECK(UnitsWanted(dice, shopper, 3) <= 3);
  }
  CHECK(pays > 5'900);
  CHECK(pays < 6'500);
  CHECK(late > 900);
  CHECK(late < 1'350);
}

}  // namespace
}  // namespace flashsale::sim
