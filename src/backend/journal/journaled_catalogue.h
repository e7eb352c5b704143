#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_CATALOGUE_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_CATALOGUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "backend/journal/group_commit.h"
#include "backend/memory/memory_flash_sale_repository.h"
#include "flashsale/repository/flash_sale_repository.h"

namespace flashsale::inline v0::journal {

// The catalogue in memory; what is put into it is in the journal before anybody is told.
// Contract: FlashSaleRepository.
class JournaledCatalogue final : public FlashSaleRepository {
 public:
  explicit JournaledCatalogue(GroupCommit& commits) : commits_(commits) {}

  // Takes up a sale that was recovered.  Throws std::bad_alloc.
  void Add(const FlashSale& sale) { sales_.Restore(sale); }

  Result<std::uint64_t> Put(const FlashSale& sale) override;
  Result<FlashSale> Get(const SaleId& id) override;
  Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) override;
  Result<std::vector<FlashSale>> FindByProduct(const ProductId& product, std::size_t max) override;
  Status Remove(const SaleId& id, std::uint64_t revision) override;

 private:
  // What change() answers; where it did something, write(writer) writes that down.
  template <typename Answer, typename Change, typename Write>
  Answer Changed(Change change, Write write);
  // What read() tells, once it is kept.
  template <typename Answer, typename Read>
  Answer Kept(Read read);

  GroupCommit& commits_;
  std::mutex change_mutex_;  // changes are written down in the order in which they are made
  std::atomic<GroupCommit::Ticket> last_commit_{0};
  memory::MemoryFlashSaleRepository sales_;
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_CATALOGUE_H_
