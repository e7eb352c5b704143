#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flashsale/backend/memory.h"
#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("of 64 threads that want the last unit one gets it and 63 are told SoldOut") {
  for (int round = 0; round < Rounds(200); ++round) {
    Shop shop(SmallSale(1));
    Tallies answers;
    AtOnce(64, [&](std::size_t i) { answers.Add(shop.Do(kStart, Reserve(User(i), Id(i)))); });
    REQUIRE(answers[Code::kDone] == 1);
    REQUIRE(answers[Code::kSoldOut] == 63);
    REQUIRE(shop.StockOf() == Stock{.limit = 1, .released = 1, .reserved = 1});
  }
}

TEST_CASE("10,000 callers for 100 units: 100 buy, nobody else, and each has their own record") {
  constexpr std::size_t kThreads = 16;
  constexpr std::size_t kCallers = 10'000;
  Shop shop(SmallSale(100));
  Tallies answers;
  std::array<std::atomic<bool>, kCallers> holds{};
  AtOnce(kThreads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < kCallers; i += kThreads) {
      const Code code = shop.Do(kStart, Reserve(User(i), Id(i)));
      answers.Add(code);
      holds[i] = code == Code::kDone;
    }
  });
  CHECK(answers[Code::kDone] == 100);
  CHECK(answers[Code::kSoldOut] == 9'900);
  AtOnce(kThreads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < kCallers; i += kThreads) {
      const Code code = shop.Do(kStart + 1s, About(Verb::kConfirm, User(i), Id(i)));
      answers.Add(code);
      if ((code == Code::kDone) != holds[i]) answers.Add(Code::kInvalid);
    }
  });
  CHECK(answers[Code::kDone] == 200);
  CHECK(answers[Code::kUnknownReservation] == 9'900);
  CHECK(answers[Code::kInvalid] == 0);
  CHECK(shop.StockOf() == Stock{.limit = 100, .released = 100, .sold = 100});
  shop.CheckBooks();
}

TEST_CASE("batches of a crowd sell exactly what there is") {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kBatch = 48;
  Shop shop(SmallSale(1'000));
  Tallies answers;
  AtOnce(kThreads, [&](std::size_t thread) {
    for (std::size_t first = 0; first < 480; first += kBatch) {
      std::vector<Command> commands;
      for (std::size_t i = 0; i < kBatch; ++i) {
        const std::size_t caller = thread * 1'000 + first + i;
        commands.push_back(Reserve(User(caller), Id(caller)));
      }
      std::vector<Outcome> outcomes(commands.size());
      if (!shop.inventory().Apply(shop.sale(), kStart, commands, outcomes).ok()) return;
      for (const Outcome& outcome : outcomes) answers.Add(outcome.code);
    }
  });
  CHECK(answers[Code::kDone] == 1'000);
  CHECK(answers[Code::kSoldOut] == 8 * 480 - 1'000);
  CHECK(shop.StockOf().reserved == 1'000);
  shop.CheckBooks();
}

TEST_CASE("one id sent 1,000 times at once is one hold and one answer") {
  constexpr std::size_t kThreads = 20;
  Shop shop(SmallSale(1'000));
  Tallies answers;
  std::atomic<int> other_answers = 0;
  const Outcome due{.code = Code::kDone,
                    .state = ReservationState::kActive,
                    .units = 1,
                    .when_us = (kStart + 5min).time_since_epoch().count()};
  AtOnce(kThreads, [&](std::size_t) {
    for (int i = 0; i < 50; ++i) {
      Outcome outcome = shop.Ask(kStart, Reserve(User(1), Id(1)));
      answers.Add(outcome.code);
      outcome.code = Code::kDone;
      if (outcome != due) ++other_answers;
    }
  });
  CHECK(answers[Code::kDone] == 1);
  CHECK(answers[Code::kAlreadyDone] == 999);
  CHECK(other_answers == 0);
  CHECK(shop.StockOf().reserved == 1);
  CHECK(shop.Events().size() == 1);
}

TEST_CASE("a thousand sales at once do not touch one another") {
  constexpr std::size_t kSales = 1'000;
  constexpr std::size_t kThreads = 8;
  Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage({.events_per_sale = 1'024});
  REQUIRE(storage.ok());
  InventoryRepository& inventory = (*storage)->inventory();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kSales; ++i) {
    names.push_back("sale-" + std::to_string(i));
    SaleTerms terms = SmallSale(3);
    terms.id = names.back();
    REQUIRE(inventory.Create(terms)->code == Code::kDone);
  }
  Tallies answers;
  AtOnce(kThreads, [&](std::size_t thread) {
    for (std::size_t i = 0; i < kSales; ++i) {
      const Command command = Reserve(User(thread), Id(thread));
      Outcome outcome;
      const SaleId sale = names[(i + thread * 125) % kSales];
      if (inventory.Apply(sale, kStart, {&command, 1}, {&outcome, 1}).ok()) {
        answers.Add(outcome.code);
      }
    }
  });
  CHECK(answers[Code::kDone] == 3 * kSales);
  CHECK(answers[Code::kSoldOut] == (kThreads - 3) * kSales);
  for (const std::string& name : names) {
    const Result<SaleStock> stock = inventory.ReadStock(SaleId(name), kStart);
    REQUIRE(stock.ok());
    REQUIRE(stock->lines[0].reserved == 3);
    REQUIRE(stock->seq == 3);
  }
}

}  // namespace
}  // namespace flashsale
