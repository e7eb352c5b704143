#ifndef FLASHSALE_SRC_TESTING_STORAGE_DECORATOR_H_
#define FLASHSALE_SRC_TESTING_STORAGE_DECORATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/repository/storage.h"
#include "flashsale/testing/faults.h"
#include "testing/queue_decorator.h"

namespace flashsale::inline v0 {

// A storage every call of which goes through `around`, which makes the inner call once, several
// times or never: `around.operator()<Answer>(call, inner)`.  An outcome is passed on only with OK.
// Thread safety: any thread, if `around` is.  Ownership: of the inner storage.
template <typename Around>
class StorageDecorator final : public Storage {
 public:
  StorageDecorator(std::unique_ptr<Storage> inner, Around around)
      : inner_(std::move(inner)),
        around_(std::move(around)),
        inventory_(inner_->inventory(), around_),
        sales_(inner_->sales(), around_),
        rates_(inner_->rates(), around_),
        fingerprints_(inner_->fingerprints(), around_),
        queue_(inner_->queue(), around_),
        waitlists_(inner_->waitlists(), around_) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return rates_; }
  FingerprintRepository& fingerprints() override { return fingerprints_; }
  QueueRepository& queue() override { return queue_; }
  QueueRepository& waitlists() override { return waitlists_; }
  Time latest_time() override { return inner_->latest_time(); }
  Status KeepTime(Time now) override { return inner_->KeepTime(now); }

 private:
  class Inventories final : public InventoryRepository {
   public:
    Inventories(InventoryRepository& inner, Around& around) : inner_(inner), around_(around) {}

    Result<Outcome> Create(const SaleTerms& terms) override {
      return Call<Result<Outcome>>(StorageCall::kCreate, [&] { return inner_.Create(terms); });
    }
    Result<SaleRef> Resolve(const SaleId& sale) override {
      return Call<Result<SaleRef>>(StorageCall::kResolve, [&] { return inner_.Resolve(sale); });
    }
    void Prefetch(const SaleRef& sale, std::span<const UserId> users) override {
      inner_.Prefetch(sale, users);  // changes nothing, so nothing can go wrong with it
    }
    Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
                 std::span<Outcome> outcomes) override {
      Status status = Call<Status>(StorageCall::kApply,
                                   [&] { return inner_.Apply(sale, now, commands, outcomes); });
      // A caller that does not look at the status must not be right by chance.  InvalidArgument:
      // the spans do not belong together, and nothing is written.
      const bool writes = !status.ok() && status.code() != StatusCode::kInvalidArgument;
      if (writes) std::fill(outcomes.begin(), outcomes.end(), Outcome{});
      return status;
    }
    Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
      return Call<Result<SaleStock>>(StorageCall::kReadStock,
                                     [&] { return inner_.ReadStock(sale, now); });
    }
    Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
      return Call<Result<Tally>>(StorageCall::kReadTally,
                                 [&] { return inner_.ReadTally(sale, key); });
    }
    Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                            const ReservationId& id) override {
      return Call<Result<std::optional<Reservation>>>(StorageCall::kFind,
                                                      [&] { return inner_.Find(sale, user, id); });
    }
    Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
      return Call<Result<ExpireReport>>(StorageCall::kExpireDue,
                                        [&] { return inner_.ExpireDue(sale, now, max_holds); });
    }
    Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                                 std::span<Event> events) override {
      return Call<Result<EventPage>>(StorageCall::kReadEvents,
                                     [&] { return inner_.ReadEvents(sale, after, events); });
    }
    Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
      return Call<Status>(StorageCall::kSnapshot, [&] { return inner_.Snapshot(sale, visitor); });
    }
    Result<Outcome> Forget(const SaleRef& sale, Time now) override {
      return Call<Result<Outcome>>(StorageCall::kForget, [&] { return inner_.Forget(sale, now); });
    }

   private:
    template <typename Answer, typename Inner>
    Answer Call(StorageCall call, const Inner& inner) {
      return around_.template operator()<Answer>(call, inner);
    }

    InventoryRepository& inner_;
    Around& around_;
  };

  class Sales final : public FlashSaleRepository {
   public:
    Sales(FlashSaleRepository& inner, Around& around) : inner_(inner), around_(around) {}

    Result<std::uint64_t> Put(const FlashSale& sale) override {
      return Call<Result<std::uint64_t>>(StorageCall::kPutSale, [&] { return inner_.Put(sale); });
    }
    Result<FlashSale> Get(const SaleId& id) override {
      return Call<Result<FlashSale>>(StorageCall::kGetSale, [&] { return inner_.Get(id); });
    }
    Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) override {
      return Call<Result<std::vector<FlashSale>>>(StorageCall::kFindSales,
                                                  [&] { return inner_.FindByWindow(window, max); });
    }
    Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                                 std::size_t max) override {
      return Call<Result<std::vector<FlashSale>>>(
          StorageCall::kFindSales, [&] { return inner_.FindByProduct(product, max); });
    }
    Status Remove(const SaleId& id, std::uint64_t revision) override {
      return Call<Status>(StorageCall::kRemoveSale, [&] { return inner_.Remove(id, revision); });
    }

   private:
    template <typename Answer, typename Inner>
    Answer Call(StorageCall call, const Inner& inner) {
      return around_.template operator()<Answer>(call, inner);
    }

    FlashSaleRepository& inner_;
    Around& around_;
  };

  class Rates final : public RateRepository {
   public:
    Rates(RateRepository& inner, Around& around) : inner_(inner), around_(around) {}

    RateProbe Probe(const RateKey& key) override {
      return Make<RateProbe>([&] { return inner_.Probe(key); });
    }
    Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
      return Call(StorageCall::kTakeRates, verdict,
                  [&] { return inner_.Take(now, charges, verdict); });
    }
    Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
      return Call(StorageCall::kLookAtRates, verdict,
                  [&] { return inner_.Look(now, charges, verdict); });
    }
    Status Return(Time now, std::span<const RateCharge> charges) override {
      RateVerdict none;
      return Call(StorageCall::kReturnRates, none, [&] { return inner_.Return(now, charges); });
    }
    Time Poll(Time now) override {
      return Make<Time>([&] { return inner_.Poll(now); });
    }

   private:
    template <typename Answer, typename Inner>
    Answer Make(const Inner& inner) {
      if constexpr (requires { around_.template Make<Answer>(inner); }) {
        return around_.template Make<Answer>(inner);
      } else {
        return inner();
      }
    }
    template <typename Inner>
    Status Call(StorageCall call, RateVerdict& verdict, const Inner& inner) {
      Status status = around_.template operator()<Status>(call, inner);
      if (!status.ok()) verdict = RateVerdict{};
      return status;
    }

    RateRepository& inner_;
    Around& around_;
  };

  class Fingerprints final : public FingerprintRepository {
   public:
    Fingerprints(FingerprintRepository& inner, Around& around) : inner_(inner), around_(around) {}

    PrintProbe Probe(const PrintKey& key) override {
      if constexpr (requires { around_.template Make<PrintProbe>([] { return PrintProbe(); }); }) {
        return around_.template Make<PrintProbe>([&] { return inner_.Probe(key); });
      } else {
        return inner_.Probe(key);
      }
    }
    Status Note(Time now, std::span<const Sighting> sightings,
                std::span<std::uint32_t> users) override {
      return Call(StorageCall::kNoteSightings, users,
                  [&] { return inner_.Note(now, sightings, users); });
    }
    Status Count(Time now, std::span<const PrintProbe> probes,
                 std::span<std::uint32_t> users) override {
      return Call(StorageCall::kCountUsers, users,
                  [&] { return inner_.Count(now, probes, users); });
    }

   private:
    template <typename Inner>
    Status Call(StorageCall call, std::span<std::uint32_t> users, const Inner& inner) {
      Status status = around_.template operator()<Status>(call, inner);
      if (!status.ok()) std::fill(users.begin(), users.end(), 0);
      return status;
    }

    FingerprintRepository& inner_;
    Around& around_;
  };

  const std::unique_ptr<Storage> inner_;
  Around around_;
  Inventories inventory_;
  Sales sales_;
  Rates rates_;
  Fingerprints fingerprints_;
  QueueDecorator<Around> queue_;
  QueueDecorator<Around> waitlists_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_STORAGE_DECORATOR_H_
