#ifndef FLASHSALE_BENCH_SERVICE_UNDER_TEST_H_
#define FLASHSALE_BENCH_SERVICE_UNDER_TEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "bench/arrivals.h"
#include "bench/crowd.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/domain/quota.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/fingerprint_detector.h"
#include "flashsale/repository/storage.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::bench {

// Where a shopper of the crowd calls from: an address and a device of their own.
inline IpAddress AddressOf(std::uint64_t shopper) {
  const auto number = static_cast<std::uint32_t>(shopper + (1U << 24));
  return IpAddress::FromIpv4(
      {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)});
}
inline LimitKey DeviceOf(const Crowd& crowd, std::uint64_t shopper) {
  return LimitKey::FromBytes(crowd.User(~shopper).bytes());
}

// What a shopper may do, of any gate: nobody who calls once or twice is refused.
inline constexpr Quota kPerUser{.permits = 5, .per = std::chrono::minutes{1}, .burst = 5};
inline constexpr Quota kPerAddress{.permits = 60, .per = std::chrono::minutes{1}, .burst = 60};

// The service with everything on, in front of the memory backend, before one sale of one line:
// rates for users and addresses, device prints, admissions, limit, stock, reservations, expiry,
// events, metrics, and the clock that a host has.  The whole crowd is let in before the first call.
// Thread safety: any thread.
class ServiceUnderTest {
 public:
  // A unit, and room in every table, for each of `shoppers`.
  struct Options {
    std::uint64_t shoppers = 0;
    std::uint64_t seed = 1;
    bool metrics = true;
  };
  explicit ServiceUnderTest(const Options& options);

  // Both throw WrongAnswer unless every answer is Done.
  void Reserve(std::uint64_t shopper) {
    const ReserveRequest request = RequestOf(shopper);
    const Result<Outcome> outcome = service_->Reserve(request);
    Require(outcome.ok() && outcome->code == Code::kDone, "a shopper who was let in was refused");
  }
  // Shoppers `first` to `first + count - 1`, `batch` to a call.
  void ReserveAll(const Arrivals& arrivals);
  // Holds of strangers that all lapse at the same moment, in a second; at most a quarter of the
  // crowd.
  void AddLapsingHolds(std::uint64_t count);

  FlashSaleService& service() { return *service_; }
  const Crowd& crowd() const { return crowd_; }

 private:
  ReserveRequest RequestOf(std::uint64_t shopper) const {
    const Command command = crowd_.Reserve(shopper);
    return {.sale = sale_,
            .user = command.user,
            .id = command.id,
            .context = {.address = AddressOf(shopper), .device = DeviceOf(crowd_, shopper)}};
  }
  void LetAllIn(std::uint64_t shoppers);

  const Crowd crowd_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<FingerprintDetector> prints_;
  std::unique_ptr<CompositeBotDetector> bots_;
  std::unique_ptr<FlashSaleService> service_;
  SaleRef sale_;
  std::uint64_t lapsing_ = 0;  // strangers so far
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_SERVICE_UNDER_TEST_H_
