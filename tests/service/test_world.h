#ifndef FLASHSALE_TESTS_SERVICE_TEST_WORLD_H_
#define FLASHSALE_TESTS_SERVICE_TEST_WORLD_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/repository/storage.h"
#include "flashsale/testing/faults.h"

namespace flashsale::service_test {

inline constexpr Time kStart = kMinTime + std::chrono::hours{1'000};

inline SaleTerms TermsOf(const std::string& id) {
  return {.id = id,
          .lines = {{.product = "shoe", .units = 1'000'000}},
          .start = kStart,
          .end = kStart + std::chrono::hours{1},
          .limit_per_user = 10,
          .max_open_holds = 10,
          .hold = std::chrono::minutes{5}};
}

// A storage in memory, with or without faults, and what tests do to sales in it.
class World {
 public:
  explicit World(FaultPlan plan = {})
      : storage_(NewFaultyStorage(std::move(*OpenMemoryStorage()), std::move(plan))) {}

  InventoryRepository& inventory() { return storage_->inventory(); }
  FlashSaleRepository& sales() { return storage_->sales(); }

  void Create(const SaleTerms& terms) {
    REQUIRE(inventory().Create(terms).ok());
    REQUIRE(sales().Put({.terms = terms}).ok());
  }

  Outcome Apply(const SaleId& sale, Time now, const Command& command) {
    Outcome outcome;
    REQUIRE(inventory().Apply(sale, now, {&command, 1}, {&outcome, 1}).ok());
    return outcome;
  }

  // Holds `units` for a user under the id of that number.
  Outcome Reserve(const SaleId& sale, Time now, std::uint64_t user, std::uint64_t id = 1,
                  Units units = 1) {
    return Apply(sale, now,
                 {.verb = Verb::kReserve,
                  .units = units,
                  .user = UserId::FromInteger(user),
                  .id = ReservationId::FromInteger(id)});
  }
  Outcome Do(Verb verb, const SaleId& sale, Time now, std::uint64_t user, std::uint64_t id = 1) {
    return Apply(
        sale, now,
        {.verb = verb, .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(id)});
  }
  void Act(Verb verb, const SaleId& sale, Time now) {
    REQUIRE(Apply(sale, now, {.verb = verb}).code == Code::kDone);
  }

  // Users from `first` on, one hold each.
  void ReserveMany(const SaleId& sale, Time now, std::uint64_t count, std::uint64_t first = 1) {
    for (std::uint64_t user = first; user < first + count; ++user) {
      REQUIRE(Reserve(sale, now, user).code == Code::kDone);
    }
  }

  Units ReservedUnits(const SaleId& sale, Time now) {
    return inventory().ReadStock(sale, now)->lines[0].reserved;
  }

 private:
  std::unique_ptr<Storage> storage_;
};

}  // namespace flashsale::service_test

#endif  // FLASHSALE_TESTS_SERVICE_TEST_WORLD_H_
