#ifndef FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FLASH_SALE_REPOSITORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FLASH_SALE_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "flashsale/repository/flash_sale_repository.h"

namespace flashsale::inline v0::memory {

// The catalogue under one mutex, with an index by start and one by product.
// Contract: FlashSaleRepository.
class MemoryFlashSaleRepository final : public FlashSaleRepository {
 public:
  Result<std::uint64_t> Put(const FlashSale& sale) override;
  Result<FlashSale> Get(const SaleId& id) override;
  Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) override;
  Result<std::vector<FlashSale>> FindByProduct(const ProductId& product, std::size_t max) override;
  Status Remove(const SaleId& id, std::uint64_t revision) override;

  // Takes up a sale with the revision that it has.  Throws std::bad_alloc, and nothing changed.
  // REQUIRES: the catalogue has none of this id; its terms are valid.
  void Restore(const FlashSale& sale);

 private:
  using ByStart = std::set<std::pair<Time, SaleId>>;

  // The sale that an index entry stands for; null where the entry is left over.
  const FlashSale* IndexedBy(Time start, const SaleId& id) const FLASHSALE_REQUIRES(mutex_);
  void Index(const FlashSale& sale) FLASHSALE_REQUIRES(mutex_);
  void Unindex(const FlashSale& sale) FLASHSALE_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<SaleId, FlashSale> sales_ FLASHSALE_GUARDED_BY(mutex_);
  ByStart by_start_ FLASHSALE_GUARDED_BY(mutex_);
  std::map<ProductId, ByStart> by_product_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_FLASH_SALE_REPOSITORY_H_
