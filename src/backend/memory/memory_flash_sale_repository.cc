#include "backend/memory/memory_flash_sale_repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace flashsale::inline v0::memory {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

Status NoSuchSale(const SaleId& id) {
  return Status(StatusCode::kNotFound, fmt::format("id: no sale '{}'", id.view()));
}

Status OtherRevision(const SaleId& id, std::uint64_t given, std::uint64_t present) {
  return Status(StatusCode::kConflict,
                fmt::format("revision: {} of sale '{}', expected {}", given, id.view(), present));
}

bool HasLineOf(const FlashSale& sale, const ProductId& product) {
  return std::any_of(sale.terms.lines.begin(), sale.terms.lines.end(),
                     [&product](const SaleLine& line) { return line.product == product; });
}

}  // namespace

Result<std::uint64_t> MemoryFlashSaleRepository::Put(const FlashSale& sale) {
  try {
    Result<SaleTerms> terms = Validate(sale.terms);
    if (!terms.ok()) return terms.status();
    FlashSale stored{
        .terms = *std::move(terms), .marks = sale.marks, .revision = sale.revision + 1};

    const MutexLock lock(mutex_);
    const auto found = sales_.find(stored.terms.id);
    if (found == sales_.end() && sale.revision != 0) return NoSuchSale(stored.terms.id);
    if (found != sales_.end() && found->second.revision != sale.revision) {
      return OtherRevision(stored.terms.id, sale.revision, found->second.revision);
    }
    // What may fail comes first.  If it does the indices hold more than they need, never less, and
    // look-ups pass over the rest.
    Index(stored);
    const std::uint64_t revision = stored.revision;
    if (found == sales_.end()) {
      try {
        sales_.emplace(stored.terms.id, stored);
      } catch (const std::bad_alloc&) {
        Unindex(stored);
        throw;
      }
    } else {
      std::swap(found->second, stored);
      Unindex(stored);
      Index(found->second);
    }
    return revision;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

void MemoryFlashSaleRepository::Restore(const FlashSale& sale) {
  const MutexLock lock(mutex_);
  Index(sale);
  sales_.emplace(sale.terms.id, sale);
}

Result<FlashSale> MemoryFlashSaleRepository::Get(const SaleId& id) {
  try {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(id);
    if (found == sales_.end()) return NoSuchSale(id);
    return found->second;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<std::vector<FlashSale>> MemoryFlashSaleRepository::FindByWindow(const Window& window,
                                                                       std::size_t max) {
  try {
    std::vector<FlashSale> matches;
    const MutexLock lock(mutex_);
    for (const auto& [start, id] : by_start_) {
      if (start >= window.to || matches.size() == max) break;
      const FlashSale* const sale = IndexedBy(start, id);
      if (sale != nullptr && sale->terms.end > window.from) matches.push_back(*sale);
    }
    return matches;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<std::vector<FlashSale>> MemoryFlashSaleRepository::FindByProduct(const ProductId& product,
                                                                        std::size_t max) {
  try {
    std::vector<FlashSale> matches;
    const MutexLock lock(mutex_);
    const auto found = by_product_.find(product);
    if (found == by_product_.end()) return matches;
    for (const auto& [start, id] : found->second) {
      if (matches.size() == max) break;
      const FlashSale* const sale = IndexedBy(start, id);
      if (sale != nullptr && HasLineOf(*sale, product)) matches.push_back(*sale);
    }
    return matches;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Status MemoryFlashSaleRepository::Remove(const SaleId& id, std::uint64_t revision) {
  const MutexLock lock(mutex_);
  const auto found = sales_.find(id);
  if (found == sales_.end()) return NoSuchSale(id);
  if (found->second.revision != revision) {
    return OtherRevision(id, revision, found->second.revision);
  }
  Unindex(found->second);
  sales_.erase(found);
  return Status();
}

const FlashSale* MemoryFlashSaleRepository::IndexedBy(Time start, const SaleId& id) const {
  const auto found = sales_.find(id);
  const bool is_it = found != sales_.end() && found->second.terms.start == start;
  return is_it ? &found->second : nullptr;
}

void MemoryFlashSaleRepository::Index(const FlashSale& sale) {
  by_start_.emplace(sale.terms.start, sale.terms.id);
  for (const SaleLine& line : sale.terms.lines) {
    by_product_[line.product].emplace(sale.terms.start, sale.terms.id);
  }
}

void MemoryFlashSaleRepository::Unindex(const FlashSale& sale) {
  by_start_.erase({sale.terms.start, sale.terms.id});
  for (const SaleLine& line : sale.terms.lines) {
    const auto found = by_product_.find(line.product);
    if (found == by_product_.end()) continue;
    found->second.erase({sale.terms.start, sale.terms.id});
    if (found->second.empty()) by_product_.erase(found);
  }
}

}  // namespace flashsale::inline v0::memory
