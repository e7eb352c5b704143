#ifndef FLASHSALE_TESTS_SERVICE_SHOP_WORLD_H_
#define FLASHSALE_TESTS_SERVICE_SHOP_WORLD_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flashsale/backend/memory.h"
#include "flashsale/repository/storage.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/testing/faults.h"
#include "flashsale/testing/simulated_clock.h"

namespace flashsale::service_test {

using namespace std::chrono_literals;

// A service over a storage in memory, in simulated time.  The sale "drop" is open from `start`, an
// hour long, unless a test makes others.
class Shop {
 public:
  static constexpr Time kOpening = kMinTime + std::chrono::hours{1'000};

  using Change = std::function<void(FlashSaleServiceOptions&)>;
  // Without rates, so that a test of something else is not about them.
  explicit Shop(const Change& change = {}, FaultPlan faults = {})
      : storage_(
            NewFaultyStorage(std::move(*OpenMemoryStorage({.hash_seed = 1})), std::move(faults))),
        clock_(kOpening - 1min) {
    service_ = Open(change);
  }

  // Another service over the same storage, as after a restart or on another thread of the host.
  std::unique_ptr<FlashSaleService> Open(const Change& change = {}) {
    FlashSaleServiceOptions options{
        .storage = *storage_, .clock = &clock_, .rate_limits = std::nullopt};
    if (change) change(options);
    auto service = FlashSaleService::New(options);
    REQUIRE_MESSAGE(service.ok(), service.status().ToString());
    return std::move(*service);
  }

  static SaleTerms Terms(Units units = 10, const std::string& id = "drop") {
    return {.id = id,
            .lines = {{.product = "thing", .units = units}},
            .start = kOpening,
            .end = kOpening + 1h};
  }
  static SaleTerms QueuedTerms(Units units = 10, std::uint32_t per_second = 1'000,
                               const std::string& id = "drop") {
    SaleTerms terms = Terms(units, id);
    terms.requires_admission = true;
    terms.admissions_per_second = per_second;
    return terms;
  }
  void Create(const SaleTerms& terms, const QueueSetup& queue = {}) {
    const auto created = service().Create(terms, queue);
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
    REQUIRE(created->code == Code::kDone);
  }

  // To an instant after the opening, with a Poll there.
  void At(Duration after_opening) {
    clock_.Set(kOpening + after_opening);
    service().Poll();
  }
  // Time passes, with a Poll every `step`.
  void Pass(Duration time, Duration step = 100ms) {
    for (Duration passed{0}; passed < time; passed += step) {
      clock_.Advance(step);
      service().Poll();
    }
  }

  Code Reserve(std::uint64_t user, std::uint64_t id = 1, const RequestContext& context = {}) {
    const auto outcome = service().Reserve({.sale = "drop",
                                            .user = UserId::FromInteger(user),
                                            .id = ReservationId::FromInteger(id),
                                            .context = context});
    REQUIRE_MESSAGE(outcome.ok(), outcome.status().ToString());
    return outcome->code;
  }
  Code Confirm(std::uint64_t user, std::uint64_t id = 1) {
    return service()
        .Confirm({.sale = "drop",
                  .user = UserId::FromInteger(user),
                  .id = ReservationId::FromInteger(id)})
        ->code;
  }
  Code Cancel(std::uint64_t user, std::uint64_t id = 1) {
    return service()
        .Cancel({.sale = "drop",
                 .user = UserId::FromInteger(user),
                 .id = ReservationId::FromInteger(id)})
        ->code;
  }
  QueuePlace Join(std::uint64_t user, const std::string& sale = "drop") {
    const auto place = service().Join({.sale = SaleId(sale), .user = UserId::FromInteger(user)});
    REQUIRE_MESSAGE(place.ok(), place.status().ToString());
    return *place;
  }
  QueuePlace Position(std::uint64_t user, const std::string& sale = "drop") {
    return *service().Position(SaleId(sale), UserId::FromInteger(user));
  }
  bool IsAdmitted(std::uint64_t user, const std::string& sale = "drop") {
    return Position(user, sale).entry.state == TicketState::kAdmitted;
  }
  Stock StockNow() { return service().ReadStock("drop")->lines[0]; }
  QueueState Queue(const std::string& sale = "drop") {
    return *service().queue().Read(SaleId(sale), clock_.Now());
  }

  FlashSaleService& service() { return *service_; }
  Storage& storage() { return *storage_; }
  SimulatedClock& clock() { return clock_; }

 private:
  std::unique_ptr<Storage> storage_;
  SimulatedClock clock_;
  std::unique_ptr<FlashSaleService> service_;
};

}  // namespace flashsale::service_test

#endif  // FLASHSALE_TESTS_SERVICE_SHOP_WORLD_H_
