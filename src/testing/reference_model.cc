#include "flashsale/testing/reference_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "testing/reference_fingerprints.h"
#include "testing/reference_queue.h"
#include "testing/reference_rates.h"
#include "testing/reference_sale.h"

namespace flashsale::inline v0 {
namespace {

Status NoSuchSale(const SaleId& id) {
  return {StatusCode::kNotFound, "no sale \"" + id.ToString() + "\""};
}

Status InvalidTime() {
  return {StatusCode::kInvalidArgument, "now: expected 0 to 2^53 - 1 us since 1970"};
}

Status NotOneOutcomeEach(std::span<const Command> commands, std::span<const Outcome> outcomes) {
  return {StatusCode::kInvalidArgument, "outcomes: " + std::to_string(outcomes.size()) +
                                            ", expected one for each of " +
                                            std::to_string(commands.size()) + " commands"};
}

class ReferenceInventory final : public InventoryRepository {
 public:
  explicit ReferenceInventory(const ReferenceOptions& options) : options_(options) {}

  Result<Outcome> Create(const SaleTerms& terms) noexcept override {
    Result<SaleTerms> valid = Validate(terms);
    if (!valid.ok()) return valid.status();
    const MutexLock lock(mutex_);
    const auto found = sales_.find(valid->id);
    if (found == sales_.end()) {
      const SaleId id = valid->id;
      sales_.try_emplace(id, *std::move(valid), options_.max_records_per_sale);
      return Outcome{.code = Code::kDone};
    }
    if (found->second.terms() == *valid) return Outcome{.code = Code::kAlreadyDone};
    return Status(StatusCode::kAlreadyExists,
                  "sale \"" + terms.id.ToString() + "\" exists with other terms");
  }

  Result<SaleRef> Resolve(const SaleId& sale) noexcept override {
    const MutexLock lock(mutex_);
    if (!sales_.contains(sale)) return NoSuchSale(sale);
    return SaleRef(sale);
  }

  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) noexcept override {
    if (outcomes.size() != commands.size()) return NotOneOutcomeEach(commands, outcomes);
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      outcomes[i] = ApplyOne(sale.id(), now, commands[i]);
    }
    return {};
  }

  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) noexcept override {
    if (!IsValid(now)) return InvalidTime();
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    return found->second.ReadStock(now);
  }

  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    return found->second.ReadTally(key);
  }

  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    const Reservation* record = found->second.Find(user, id);
    return record == nullptr ? std::nullopt : std::optional<Reservation>(*record);
  }

  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now,
                                 std::size_t max_holds) noexcept override {
    if (!IsValid(now)) return InvalidTime();
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    return found->second.ExpireDue(now, max_holds);
  }

  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    const std::uint64_t last = found->second.last_seq();
    if (after <= last) return found->second.ReadEvents(after, events);
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("after: {}, expected no more than {}, the last event", after, last));
  }

  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return NoSuchSale(sale.id());
    found->second.Show(visitor);
    return {};
  }

  Result<Outcome> Forget(const SaleRef& sale, Time now) noexcept override {
    if (!sale.id().valid()) return Outcome{.code = Code::kInvalid, .field = Field::kSale};
    if (!IsValid(now)) return Outcome{.code = Code::kInvalid, .field = Field::kTime};
    const MutexLock lock(mutex_);
    const auto found = sales_.find(sale.id());
    if (found == sales_.end()) return Outcome{.code = Code::kUnknownSale};
    const Code answer = found->second.AnswerToForget(now);
    if (answer == Code::kDone) sales_.erase(found);
    return Outcome{.code = answer};
  }

 private:
  Outcome ApplyOne(const SaleId& sale, Time now, const Command& command)
      FLASHSALE_REQUIRES(mutex_) {
    if (!sale.valid()) return {.code = Code::kInvalid, .field = Field::kSale};
    if (!IsValid(now)) return {.code = Code::kInvalid, .field = Field::kTime};
    const auto found = sales_.find(sale);
    if (found != sales_.end()) return found->second.Apply(command, now);
    const Field error = contract::ShapeErrorOf(command);
    if (error != Field::kNone) return {.code = Code::kInvalid, .field = error};
    return {.code = Code::kUnknownSale};
  }

  const ReferenceOptions options_;
  Mutex mutex_;
  std::map<SaleId, ReferenceSale> sales_ FLASHSALE_GUARDED_BY(mutex_);
};

class ReferenceCatalogue final : public FlashSaleRepository {
 public:
  Result<std::uint64_t> Put(const FlashSale& sale) noexcept override {
    Result<SaleTerms> valid = Validate(sale.terms);
    if (!valid.ok()) return valid.status();
    const MutexLock lock(mutex_);
    const auto found = sales_.find(valid->id);
    const std::uint64_t present = found == sales_.end() ? 0 : found->second.revision;
    if (present == 0 && sale.revision != 0) return NoSuchSale(valid->id);
    if (present != sale.revision) return Conflict(sale.revision, present);
    FlashSale stored{.terms = *std::move(valid), .marks = sale.marks, .revision = present + 1};
    const SaleId id = stored.terms.id;
    sales_.insert_or_assign(id, std::move(stored));
    return present + 1;
  }

  Result<FlashSale> Get(const SaleId& id) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(id);
    if (found == sales_.end()) return NoSuchSale(id);
    return found->second;
  }

  Result<std::vector<FlashSale>> FindByWindow(const Window& window,
                                              std::size_t max) noexcept override {
    return FindWhere(max, [&window](const FlashSale& sale) {
      return sale.terms.start < window.to && sale.terms.end > window.from;
    });
  }

  Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                               std::size_t max) noexcept override {
    return FindWhere(max, [&product](const FlashSale& sale) {
      return std::any_of(sale.terms.lines.begin(), sale.terms.lines.end(),
                         [&product](const SaleLine& line) { return line.product == product; });
    });
  }

  Status Remove(const SaleId& id, std::uint64_t revision) noexcept override {
    const MutexLock lock(mutex_);
    const auto found = sales_.find(id);
    if (found == sales_.end()) return NoSuchSale(id);
    if (found->second.revision != revision) return Conflict(revision, found->second.revision);
    sales_.erase(found);
    return {};
  }

 private:
  static Status Conflict(std::uint64_t given, std::uint64_t present) {
    return {StatusCode::kConflict,
            "revision: " + std::to_string(given) + ", expected " + std::to_string(present)};
  }

  template <typename Predicate>
  std::vector<FlashSale> FindWhere(std::size_t max, const Predicate& predicate) {
    const MutexLock lock(mutex_);
    std::vector<FlashSale> found;
    for (const auto& [id, sale] : sales_) {
      if (predicate(sale)) found.push_back(sale);
    }
    std::sort(found.begin(), found.end(), [](const FlashSale& a, const FlashSale& b) {
      return std::tie(a.terms.start, a.terms.id) < std::tie(b.terms.start, b.terms.id);
    });
    if (found.size() > max) found.resize(max);
    return found;
  }

  Mutex mutex_;
  std::map<SaleId, FlashSale> sales_ FLASHSALE_GUARDED_BY(mutex_);
};

class ReferenceStorage final : public Storage {
 public:
  explicit ReferenceStorage(const ReferenceOptions& options) : inventory_(options) {}

  StorageTraits traits() const override { return {}; }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return rates_; }
  FingerprintRepository& fingerprints() override { return fingerprints_; }
  QueueRepository& queue() override { return queue_; }
  QueueRepository& waitlists() override { return waitlists_; }

 private:
  ReferenceInventory inventory_;
  ReferenceCatalogue sales_;
  ReferenceRates rates_;
  ReferenceFingerprints fingerprints_;
  ReferenceQueues queue_;
  ReferenceQueues waitlists_;
};

}  // namespace

std::unique_ptr<Storage> NewReferenceStorage(const ReferenceOptions& options) {
  return std::make_unique<ReferenceStorage>(options);
}

}  // namespace flashsale::inline v0
