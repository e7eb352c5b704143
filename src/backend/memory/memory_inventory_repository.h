#ifndef FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_INVENTORY_REPOSITORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_INVENTORY_REPOSITORY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/directory.h"
#include "base/mutex.h"
#include "engine/sale_engine.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::memory {

// Hears of the sales that come and go, one at a time.
class SaleKeeper {
 public:
  virtual ~SaleKeeper() = default;
  // A sale that nobody else knows yet.  May throw std::bad_alloc: then it does not come.
  virtual void OnCreate(engine::SaleEngine& sale) = 0;
  // A sale that goes, whether or not anybody else came to know it.
  virtual void OnForget(engine::SaleEngine& sale) noexcept = 0;
};

// One engine a sale, behind a directory.  Contract: InventoryRepository.
class MemoryInventoryRepository final : public InventoryRepository {
 public:
  using Engines = Directory<engine::SaleEngine>;

  // `keeper`, if it is not null, must outlive it.
  explicit MemoryInventoryRepository(const engine::EngineOptions& options,
                                     SaleKeeper* keeper = nullptr)
      : options_(options), keeper_(keeper) {}

  // Takes up a sale that there was before: its keeper knows it.  Throws std::bad_alloc, and nothing
  // changed.
  void Add(std::unique_ptr<engine::SaleEngine>& sale) { directory_.Add(sale->terms().id, sale); }
  // The sale, for as long as this lives; or null.
  Engines::Pinned Pin(const SaleRef& sale) { return {directory_, sale.id(), sale.hint()}; }

  Result<Outcome> Create(const SaleTerms& terms) override;
  Result<SaleRef> Resolve(const SaleId& sale) override;
  void Prefetch(const SaleRef& sale, std::span<const UserId> users) override;
  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override;
  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override;
  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override;
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) override;
  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override;
  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) override;
  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override;
  Result<Outcome> Forget(const SaleRef& sale, Time now) override;

 private:
  // Calls `use(engine)`; its result, or NotFound, or what an exception that it let out means.
  template <typename R, typename Use>
  R With(const SaleRef& sale, Use use);

  const engine::EngineOptions options_;
  SaleKeeper* const keeper_;
  Engines directory_;
  // Creation and removal, which look before they act.
  Mutex lifetime_mutex_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_INVENTORY_REPOSITORY_H_
