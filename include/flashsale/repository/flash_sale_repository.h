#ifndef FLASHSALE_REPOSITORY_FLASH_SALE_REPOSITORY_H_
#define FLASHSALE_REPOSITORY_FLASH_SALE_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// The catalogue of sales: what is sold when, on which terms.  It decides no reserve; the marks here
// are the operators' intent as last written, those that commands are judged by stand in the
// InventoryRepository.
//
// Thread safety and implementer's duty: any thread; an update is atomic; what Put returned is seen
// by every later read; no exception leaves an implementation.
class FLASHSALE_EXPORT FlashSaleRepository {
 public:
  virtual ~FlashSaleRepository() = default;

  // Writes `sale` if the catalogue still has the revision it carries (0: if it has no such sale),
  // and returns the new revision.  Errors: InvalidArgument, Conflict (names both revisions),
  // NotFound (there is no such sale, but sale.revision is not 0).
  virtual Result<std::uint64_t> Put(const FlashSale& sale) = 0;

  // Errors: NotFound.
  virtual Result<FlashSale> Get(const SaleId& id) = 0;

  // Sales whose [start, end) meets [from, to), by start, then id.  At most `max`.
  struct Window {
    Time from = kMinTime;
    Time to = kMaxTime;
  };
  virtual Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) = 0;

  // Sales that have a line of `product`, by start, then id.  At most `max`.
  virtual Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                                       std::size_t max) = 0;

  // Removes a sale if the catalogue still has that revision.  Errors: NotFound, Conflict.
  virtual Status Remove(const SaleId& id, std::uint64_t revision) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_FLASH_SALE_REPOSITORY_H_
