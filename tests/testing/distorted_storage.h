#ifndef FLASHSALE_TESTS_TESTING_DISTORTED_STORAGE_H_
#define FLASHSALE_TESTS_TESTING_DISTORTED_STORAGE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/repository/storage.h"
#include "flashsale/testing/reference_model.h"

namespace flashsale {

// What a faulty backend does in the place of a call; where it is not set, the right thing.
struct Distortion {
  std::function<Status(InventoryRepository& inner, const SaleRef& sale, Time now,
                       std::span<const Command> commands, std::span<Outcome> outcomes)>
      apply = {};
  std::function<Result<SaleStock>(InventoryRepository& inner, const SaleRef& sale, Time now)>
      read_stock = {};
  std::function<Result<std::optional<Reservation>>(InventoryRepository& inner, const SaleRef& sale,
                                                   const UserId& user, const ReservationId& id)>
      find = {};
  std::function<Result<ExpireReport>(InventoryRepository& inner, const SaleRef& sale, Time now,
                                     std::size_t max_holds)>
      expire_due = {};
  std::function<Status(InventoryRepository& inner, const SaleRef& sale, SnapshotVisitor& visitor)>
      snapshot = {};
  // How names are kept.
  std::function<SaleId(const SaleId&)> sale_id = {};
  std::function<ProductId(const ProductId&)> product_id = {};
  // Before a poll of the rates.
  std::function<void()> poll = {};
};

// Every command of a call changed.
inline Distortion Changing(std::function<void(Command&)> change) {
  return {.apply = [change = std::move(change)](InventoryRepository& inner, const SaleRef& sale,
                                                Time now, std::span<const Command> commands,
                                                std::span<Outcome> outcomes) {
    std::vector<Command> changed(commands.begin(), commands.end());
    for (Command& command : changed) change(command);
    return inner.Apply(sale, now, changed, outcomes);
  }};
}

// The reference model, distorted.
// Thread safety: that of the distortion.
class DistortedStorage final : public Storage {
 public:
  explicit DistortedStorage(const Distortion& distortion)
      : inner_(NewReferenceStorage()),
        inventory_(inner_->inventory(), distortion),
        sales_(inner_->sales(), distortion),
        rates_(inner_->rates(), distortion) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return rates_; }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  static SaleTerms Kept(const Distortion& d, SaleTerms terms) {
    if (d.sale_id) terms.id = d.sale_id(terms.id);
    if (!d.product_id) return terms;
    for (SaleLine& line : terms.lines) line.product = d.product_id(line.product);
    return terms;
  }
  static SaleId Kept(const Distortion& d, const SaleId& id) {
    return d.sale_id && id.valid() ? d.sale_id(id) : id;
  }

  class Inventories final : public InventoryRepository {
   public:
    Inventories(InventoryRepository& inner, const Distortion& d) : inner_(inner), d_(d) {}

    Result<Outcome> Create(const SaleTerms& terms) override {
      return inner_.Create(terms.id.valid() ? Kept(d_, terms) : terms);
    }
    Result<SaleRef> Resolve(const SaleId& sale) override { return inner_.Resolve(Kept(d_, sale)); }
    Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
                 std::span<Outcome> outcomes) override {
      const SaleRef kept = Of(sale);
      return d_.apply ? d_.apply(inner_, kept, now, commands, outcomes)
                      : inner_.Apply(kept, now, commands, outcomes);
    }
    Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
      return d_.read_stock ? d_.read_stock(inner_, Of(sale), now) : inner_.ReadStock(Of(sale), now);
    }
    Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
      return inner_.ReadTally(Of(sale), key);
    }
    Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                            const ReservationId& id) override {
      return d_.find ? d_.find(inner_, Of(sale), user, id) : inner_.Find(Of(sale), user, id);
    }
    Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
      return d_.expire_due ? d_.expire_due(inner_, Of(sale), now, max_holds)
                           : inner_.ExpireDue(Of(sale), now, max_holds);
    }
    Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                                 std::span<Event> events) override {
      return inner_.ReadEvents(Of(sale), after, events);
    }
    Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
      return d_.snapshot ? d_.snapshot(inner_, Of(sale), visitor)
                         : inner_.Snapshot(Of(sale), visitor);
    }
    Result<Outcome> Forget(const SaleRef& sale, Time now) override {
      return inner_.Forget(Of(sale), now);
    }

   private:
    SaleRef Of(const SaleRef& sale) const {
      return d_.sale_id ? SaleRef(Kept(d_, sale.id())) : sale;
    }

    InventoryRepository& inner_;
    const Distortion& d_;
  };

  class Sales final : public FlashSaleRepository {
   public:
    Sales(FlashSaleRepository& inner, const Distortion& d) : inner_(inner), d_(d) {}

    Result<std::uint64_t> Put(const FlashSale& sale) override {
      FlashSale kept = sale;
      if (sale.terms.id.valid()) kept.terms = Kept(d_, sale.terms);
      return inner_.Put(kept);
    }
    Result<FlashSale> Get(const SaleId& id) override { return inner_.Get(Kept(d_, id)); }
    Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) override {
      return inner_.FindByWindow(window, max);
    }
    Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                                 std::size_t max) override {
      return inner_.FindByProduct(d_.product_id ? d_.product_id(product) : product, max);
    }
    Status Remove(const SaleId& id, std::uint64_t revision) override {
      return inner_.Remove(Kept(d_, id), revision);
    }

   private:
    FlashSaleRepository& inner_;
    const Distortion& d_;
  };

  class Rates final : public RateRepository {
   public:
    Rates(RateRepository& inner, const Distortion& d) : inner_(inner), d_(d) {}

    RateProbe Probe(const RateKey& key) override { return inner_.Probe(key); }
    Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
      return inner_.Take(now, charges, verdict);
    }
    Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
      return inner_.Look(now, charges, verdict);
    }
    Status Return(Time now, std::span<const RateCharge> charges) override {
      return inner_.Return(now, charges);
    }
    Time Poll(Time now) override {
      if (d_.poll) d_.poll();
      return inner_.Poll(now);
    }

   private:
    RateRepository& inner_;
    const Distortion& d_;
  };

  const std::unique_ptr<Storage> inner_;
  Inventories inventory_;
  Sales sales_;
  Rates rates_;
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_TESTING_DISTORTED_STORAGE_H_
