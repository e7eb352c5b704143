#include "backend/journal/journaled_catalogue.h"

#include <utility>

namespace flashsale::inline v0::journal {

template <typename Answer, typename Change, typename Write>
Answer JournaledCatalogue::Changed(Change change, Write write) {
  Status status = commits_.Admit();
  if (!status.ok()) return status;
  Answer answer = [&] {
    const std::lock_guard lock(change_mutex_);
    Answer changed = change();
    if (changed.ok()) last_commit_.store(commits_.Append(write), std::memory_order_release);
    return changed;
  }();
  status = commits_.Await(last_commit_.load(std::memory_order_acquire));
  if (!status.ok()) return status;
  return answer;
}

template <typename Answer, typename Read>
Answer JournaledCatalogue::Kept(Read read) {
  Status status = commits_.Admit();
  if (!status.ok()) return status;
  Answer answer = read();
  status = commits_.Await(last_commit_.load(std::memory_order_acquire));
  if (!status.ok()) return status;
  return answer;
}

Result<std::uint64_t> JournaledCatalogue::Put(const FlashSale& sale) {
  return Changed<Result<std::uint64_t>>(
      [&] { return sales_.Put(sale); },
      [&](RecordWriter& writer) { writer.CataloguePut(*sales_.Get(sale.terms.id)); });
}

Result<FlashSale> JournaledCatalogue::Get(const SaleId& id) {
  return Kept<Result<FlashSale>>([&] { return sales_.Get(id); });
}

Result<std::vector<FlashSale>> JournaledCatalogue::FindByWindow(const Window& window,
                                                                std::size_t max) {
  return Kept<Result<std::vector<FlashSale>>>([&] { return sales_.FindByWindow(window, max); });
}

Result<std::vector<FlashSale>> JournaledCatalogue::FindByProduct(const ProductId& product,
                                                                 std::size_t max) {
  return Kept<Result<std::vector<FlashSale>>>([&] { return sales_.FindByProduct(product, max); });
}

Status JournaledCatalogue::Remove(const SaleId& id, std::uint64_t revision) {
  return Changed<Status>([&] { return sales_.Remove(id, revision); },
                         [&](RecordWriter& writer) { writer.CatalogueRemoved(id); });
}

}  // namespace flashsale::inline v0::journal
