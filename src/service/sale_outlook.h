#ifndef FLASHSALE_SRC_SERVICE_SALE_OUTLOOK_H_
#define FLASHSALE_SRC_SERVICE_SALE_OUTLOOK_H_

#include <cstdint>

#include "flashsale/service/stock_outlook.h"
#include "flashsale/service/waitlist.h"
#include "flashsale/service/wave_schedule.h"

namespace flashsale::inline v0 {

// What the service's other parts know of the stock that people queue for.
class SaleOutlook final : public StockOutlook {
 public:
  // Both must outlive it.
  SaleOutlook(const WaveSchedule& waves, const Waitlist& waitlist)
      : waves_(waves), waitlist_(waitlist) {}

  WavesToCome Waves(const SaleId& sale) const override { return waves_.Read(sale); }
  std::uint64_t Claimed(const SaleId& sale, const SaleStock& stock) const override {
    return waitlist_.Claimed(sale, stock);
  }

 private:
  const WaveSchedule& waves_;
  const Waitlist& waitlist_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SALE_OUTLOOK_H_
