#ifndef FLASHSALE_TESTS_SIM_LYING_INVENTORY_H_
#define FLASHSALE_TESTS_SIM_LYING_INVENTORY_H_

#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

// A store that passes everything on but may change the answers, the events and the stock that come
// back: a broken store, as its callers see it.
class LyingInventory final : public InventoryRepository {
 public:
  explicit LyingInventory(InventoryRepository& honest) : honest_(honest) {}

  // Each may be empty.  Instead of an error that on_apply returns nothing is applied.
  std::function<Status(const Command&)> on_apply;
  std::function<void(const Command&, Outcome&)> on_outcome;
  std::function<void(Event&)> on_event;
  std::function<void(EventPage&)> on_page;
  std::function<void(SaleStock&)> on_stock;

  Result<Outcome> Create(const SaleTerms& terms) override { return honest_.Create(terms); }
  Result<SaleRef> Resolve(const SaleId& sale) override { return honest_.Resolve(sale); }

  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override {
    if (on_apply) {
      if (Status status = on_apply(commands[0]); !status.ok()) return status;
    }
    Status status = honest_.Apply(sale, now, commands, outcomes);
    for (std::size_t i = 0; i < commands.size() && on_outcome; ++i) {
      on_outcome(commands[i], outcomes[i]);
    }
    return status;
  }

  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
    Result<SaleStock> stock = honest_.ReadStock(sale, now);
    if (on_stock) on_stock(*stock);
    return stock;
  }

  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
    return honest_.ReadTally(sale, key);
  }
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) override {
    return honest_.Find(sale, user, id);
  }
  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
    return honest_.ExpireDue(sale, now, max_holds);
  }

  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) override {
    Result<EventPage> page = honest_.ReadEvents(sale, after, events);
    for (std::size_t i = 0; i < page->count && on_event; ++i) on_event(events[i]);
    if (on_page) on_page(*page);
    return page;
  }

  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
    return honest_.Snapshot(sale, visitor);
  }
  Result<Outcome> Forget(const SaleRef& sale, Time now) override {
    return honest_.Forget(sale, now);
  }

 private:
  InventoryRepository& honest_;
};

// A storage as it is, but for its inventory.
class StorageWithInventory final : public Storage {
 public:
  StorageWithInventory(Storage& rest, InventoryRepository& inventory)
      : rest_(rest), inventory_(inventory) {}

  StorageTraits traits() const override { return rest_.traits(); }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return rest_.sales(); }
  RateRepository& rates() override { return rest_.rates(); }
  FingerprintRepository& fingerprints() override { return rest_.fingerprints(); }
  QueueRepository& queue() override { return rest_.queue(); }
  QueueRepository& waitlists() override { return rest_.waitlists(); }

 private:
  Storage& rest_;
  InventoryRepository& inventory_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_TESTS_SIM_LYING_INVENTORY_H_
