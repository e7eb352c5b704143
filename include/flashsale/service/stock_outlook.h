#ifndef FLASHSALE_SERVICE_STOCK_OUTLOOK_H_
#define FLASHSALE_SERVICE_STOCK_OUTLOOK_H_

#include <cstdint>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What the waves of a sale, or of one of its lines, are going to bring.
struct WavesToCome {
  // When the next of them is due, in the past where the sale is paused; kMaxTime: none is to come.
  Time next_at = kMaxTime;
  // How many units come then.
  Units next_units = 0;
  // How many units all of them together release.
  Units units = 0;

  friend bool operator==(const WavesToCome&, const WavesToCome&) = default;
};

// What the stock of a sale is going to be, and for whom, beside what its inventory tells.
//
// Thread safety and implementer's duty: any thread; quick, for who waits is told of it; throws
// nothing.
class FLASHSALE_EXPORT StockOutlook {
 public:
  virtual ~StockOutlook() = default;
  virtual WavesToCome Waves(const SaleId& sale) const = 0;
  // How many of the units that are available in `stock` others than the queue's people are going to
  // be asked about first.
  virtual std::uint64_t Claimed(const SaleId& sale, const SaleStock& stock) const = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_STOCK_OUTLOOK_H_
