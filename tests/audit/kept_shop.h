#ifndef FLASHSALE_TESTS_AUDIT_KEPT_SHOP_H_
#define FLASHSALE_TESTS_AUDIT_KEPT_SHOP_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "flashsale/repository/storage.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/waitlist.h"
#include "flashsale/testing/simulated_clock.h"

namespace flashsale::audit_test {

using namespace std::chrono_literals;

// A service on a storage that outlives it, in simulated time; the sale is "drop", an hour long.
class KeptShop {
 public:
  static constexpr Time kOpening = kMinTime + std::chrono::hours{1'000};
  using OpenStorage = std::function<Result<std::unique_ptr<Storage>>()>;
  using Change = std::function<void(FlashSaleServiceOptions&)>;

  explicit KeptShop(OpenStorage open, Change change = {})
      : open_(std::move(open)), change_(std::move(change)), clock_(kOpening - 1min) {
    Restart();
  }
  ~KeptShop() { Close(); }
  KeptShop(const KeptShop&) = delete;
  KeptShop& operator=(const KeptShop&) = delete;

  void Close() {
    service_ = nullptr;
    storage_ = nullptr;
  }
  // As after a crash, or a new version.
  void Restart() {
    Close();
    auto storage = open_();
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    storage_ = *std::move(storage);
    FlashSaleServiceOptions options{
        .storage = *storage_, .clock = &clock_, .rate_limits = std::nullopt};
    if (change_) change_(options);
    auto service = FlashSaleService::New(options);
    REQUIRE_MESSAGE(service.ok(), service.status().ToString());
    service_ = *std::move(service);
    service_->Poll();
  }

  static SaleTerms Terms(Units units) {
    return {.id = "drop",
            .lines = {{.product = "thing", .units = units}},
            .start = kOpening,
            .end = kOpening + 1h,
            .requires_admission = true,
            .admissions_per_second = 100};
  }
  void Create(const SaleTerms& terms, const QueueSetup& queue = {},
              const WaitlistSetup& list = {}) {
    const auto created = service_->Create(terms, queue, list);
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
    REQUIRE(created->code == Code::kDone);
  }

  void At(Duration after_opening) {
    clock_.Set(kOpening + after_opening);
    service_->Poll();
  }
  void Pass(Duration time, Duration step = 100ms) {
    for (Duration passed{0}; passed < time; passed += step) {
      clock_.Advance(step);
      service_->Poll();
    }
  }

  bool Join(std::uint64_t user) {
    return service_->Join({.sale = "drop", .user = UserId::FromInteger(user)}).ok();
  }
  Code Leave(std::uint64_t user) {
    return service_->Leave("drop", UserId::FromInteger(user))->code;
  }
  Code Reserve(std::uint64_t user, std::uint64_t id = 1) {
    return service_
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(user),
                   .id = ReservationId::FromInteger(id)})
        ->code;
  }
  Code Confirm(std::uint64_t user, const ReservationId& id = ReservationId::FromInteger(1)) {
    return service_->Confirm({.sale = "drop", .user = UserId::FromInteger(user), .id = id})->code;
  }
  Code Cancel(std::uint64_t user, const ReservationId& id = ReservationId::FromInteger(1)) {
    return service_->Cancel({.sale = "drop", .user = UserId::FromInteger(user), .id = id})->code;
  }

  FlashSaleService& service() { return *service_; }
  Storage& storage() { return *storage_; }
  SimulatedClock& clock() { return clock_; }

 private:
  const OpenStorage open_;
  const Change change_;
  SimulatedClock clock_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<FlashSaleService> service_;
};

}  // namespace flashsale::audit_test

#endif  // FLASHSALE_TESTS_AUDIT_KEPT_SHOP_H_
