#include "examples/flashsale_sim/load_caller.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "examples/flashsale_sim/virtual_clock.h"
#include "flashsale/backend/memory.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1h};

TEST_CASE("who joined before the start comes back and buys; nobody else is let in before them") {
  const Dice dice(1);
  VirtualClock clock(kStart - 10min);
  const auto storage = OpenMemoryStorage();
  REQUIRE(storage.ok());
  const auto service = FlashSaleService::New({.storage = **storage,
                                              .clock = &clock,
                                              .rate_limits = std::nullopt,
                                              .join_on_reserve = false});
  REQUIRE(service.ok());
  const SaleTerms terms{.id = "early",
                        .lines = {{.product = "thing", .units = 1'000}},
                        .start = kStart,
                        .end = kStart + 1h,
                        .hold = 5min,
                        .requires_admission = true,
                        .admissions_per_second = 100};
  const auto sale = LoadSale::Open({.service = **service, .inventory = (*storage)->inventory()},
                                   {.terms = terms, .queue = {.heartbeat_timeout = 1h}});
  REQUIRE(sale.ok());
  LoadDoors doors;
  doors.OpenForGathering(**sale);
  CHECK(doors.Look().selling == nullptr);
  LoadCaller caller({.service = **service,
                     .dice = dice,
                     .doors = doors,
                     .shoppers = 1'000'000'000,
                     .limit_per_user = 1});
  const auto run = [&caller] {
    caller.Run(std::nullopt, std::chrono::steady_clock::now() + 200ms);
    REQUIRE(caller.status().ok());
  };

  run();
  CHECK(caller.answers().Of(Operation::kJoin, Code::kDone) > 10);
  CHECK(caller.answers().Of(Operation::kPosition) == 0);
  CHECK(caller.answers().Of(Operation::kReserve) == 0);

  // At the start the first tenth of a second's are let in, and as the clock stands, nobody after
  // them: newcomers, all of them somebody else, find the queue before them.
  clock.MoveTo(kStart);
  (*service)->Poll();
  doors.OpenForSelling(**sale);
  CHECK(doors.Look().gathering == nullptr);
  const std::uint64_t seen = caller.tally().people().seen;
  run();
  CHECK(caller.answers().Of(Operation::kReserve, Code::kDone) >= 1);
  CHECK(caller.answers().Of(Operation::kReserve, Code::kDone) <= 10);
  CHECK(caller.tally().people().admitted >= 1);
  CHECK(caller.tally().people().seen >= seen);
  CHECK((*sale)->CancelSale().ok());
}

TEST_CASE("who stands for few shoppers comes back to each of them soon") {
  // Fewer calls than a thread stands for shoppers, if nothing else is said, and nobody is let in.
  const auto positions_of_crowd = [](std::uint32_t at_once) {
    const Dice dice(1);
    VirtualClock clock(kStart);
    const auto storage = OpenMemoryStorage();
    REQUIRE(storage.ok());
    const auto service = FlashSaleService::New({.storage = **storage,
                                                .clock = &clock,
                                                .rate_limits = std::nullopt,
                                                .join_on_reserve = false});
    REQUIRE(service.ok());
    const SaleTerms terms{.id = "open",
                          .lines = {{.product = "thing", .units = 1'000}},
                          .start = kStart,
                          .end = kStart + 1h,
                          .requires_admission = true};
    const auto sale = LoadSale::Open({.service = **service, .inventory = (*storage)->inventory()},
                                     {.terms = terms});
    REQUIRE(sale.ok());
    LoadDoors doors;
    doors.OpenForSelling(**sale);
    LoadCaller caller({.service = **service,
                       .dice = dice,
                       .doors = doors,
                       .shoppers = 1'000'000'000,
                       .at_once = at_once,
                       .yields = true});
    const auto now = std::chrono::steady_clock::now();
    caller.Run(Pacer(now, {.per_second = 1'000}), now + 200ms);
    REQUIRE(caller.status().ok());
    CHECK(caller.answers().Of(Operation::kJoin) > 0);
    CHECK((*sale)->CancelSale().ok());
    return caller.answers().Of(Operation::kPosition);
  };
  CHECK(positions_of_crowd(LoadCaller::kAtOnce) == 0);
  CHECK(positions_of_crowd(1) > 0);
}

}  // namespace
}  // namespace flashsale::sim
