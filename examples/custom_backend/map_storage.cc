#include "examples/custom_backend/map_storage.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "examples/custom_backend/map_fingerprints.h"
#include "examples/custom_backend/map_queue.h"
#include "examples/custom_backend/map_rates.h"
#include "examples/custom_backend/map_sale.h"

namespace custom_backend {

using namespace flashsale;  // NOLINT(google-build-using-namespace)

namespace {

Status NoSuchSale(const SaleId& id) {
  return {StatusCode::kNotFound, "sale: '" + id.ToString() + "', expected one that exists"};
}

Status BadTime(Time now) {
  return {StatusCode::kInvalidArgument, "now: " + std::to_string(now.time_since_epoch().count()) +
                                            " us, expected 0 to 2^53 - 1 us since 1970"};
}

Status NotOneOutcomeEach(std::span<const Command> commands, std::span<const Outcome> outcomes) {
  return {StatusCode::kInvalidArgument, "outcomes: " + std::to_string(outcomes.size()) +
                                            ", expected one for each of " +
                                            std::to_string(commands.size()) + " commands"};
}

class MapInventory final : public InventoryRepository {
 public:
  explicit MapInventory(const MapOptions& options) : options_(options) {}

  Result<Outcome> Create(const SaleTerms& terms) noexcept override {
    Result<SaleTerms> valid = Validate(terms);
    if (!valid.ok()) return valid.status();
    const std::lock_guard lock(mutex_);
    const auto [sale, is_new] =
        sales_.try_emplace(valid->id, *valid, options_.max_records_per_sale);
    if (is_new) return Outcome{.code = Code::kDone};
    if (sale->second.terms() == *valid) return Outcome{.code = Code::kAlreadyDone};
    return Status(StatusCode::kAlreadyExists,
                  "id: '" + terms.id.ToString() + "', expected no sale with other terms");
  }

  Result<SaleRef> Resolve(const SaleId& id) noexcept override {
    return With(id, [&id](MapSale&) { return Result<SaleRef>(SaleRef(id)); });
  }

  Status Apply(const SaleRef& ref, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) noexcept override {
    if (outcomes.size() != commands.size()) return NotOneOutcomeEach(commands, outcomes);
    const std::lock_guard lock(mutex_);
    const auto sale = sales_.find(ref.id());
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Field shape = FindShapeError(commands[i]);
      if (!ref.id().valid()) {
        outcomes[i] = {.code = Code::kInvalid, .field = Field::kSale};
      } else if (!IsValid(now)) {
        outcomes[i] = {.code = Code::kInvalid, .field = Field::kTime};
      } else if (shape != Field::kNone) {
        outcomes[i] = {.code = Code::kInvalid, .field = shape};
      } else if (sale == sales_.end()) {
        outcomes[i] = {.code = Code::kUnknownSale};
      } else {
        outcomes[i] = sale->second.Apply(commands[i], now);
      }
    }
    return {};
  }

  Result<SaleStock> ReadStock(const SaleRef& ref, Time now) noexcept override {
    if (!IsValid(now)) return BadTime(now);
    return With(ref.id(), [now](MapSale& sale) { return Result(sale.ReadStock(now)); });
  }

  Result<Tally> ReadTally(const SaleRef& ref, const TallyKey& key) noexcept override {
    return With(ref.id(), [&key](MapSale& sale) { return Result(sale.ReadTally(key)); });
  }

  Result<std::optional<Reservation>> Find(const SaleRef& ref, const UserId& user,
                                          const ReservationId& id) noexcept override {
    return With(ref.id(), [&user, &id](MapSale& sale) {
      const Reservation* record = sale.Find(user, id);
      return Result(record == nullptr ? std::nullopt : std::optional(*record));
    });
  }

  Result<ExpireReport> ExpireDue(const SaleRef& ref, Time now,
                                 std::size_t max_holds) noexcept override {
    if (!IsValid(now)) return BadTime(now);
    return With(ref.id(),
                [now, max_holds](MapSale& sale) { return Result(sale.ExpireDue(now, max_holds)); });
  }

  Result<EventPage> ReadEvents(const SaleRef& ref, std::uint64_t after,
                               std::span<Event> events) noexcept override {
    return With(ref.id(),
                [after, events](MapSale& sale) { return sale.ReadEvents(after, events); });
  }

  Status Snapshot(const SaleRef& ref, SnapshotVisitor& visitor) noexcept override {
    return With(ref.id(),
                [&visitor](MapSale& sale) {
                  sale.Show(visitor);
                  return Result(true);
                })
        .status();
  }

  Result<Outcome> Forget(const SaleRef& ref, Time now) noexcept override {
    if (!ref.id().valid()) return Outcome{.code = Code::kInvalid, .field = Field::kSale};
    if (!IsValid(now)) return Outcome{.code = Code::kInvalid, .field = Field::kTime};
    const std::lock_guard lock(mutex_);
    const auto sale = sales_.find(ref.id());
    if (sale == sales_.end()) return Outcome{.code = Code::kUnknownSale};
    const Code answer = sale->second.AnswerToForget(now);
    if (answer == Code::kDone) sales_.erase(sale);
    return Outcome{.code = answer};
  }

 private:
  // What `act` returns for the sale, which is held still meanwhile.
  template <typename Act>
  auto With(const SaleId& id, Act act) -> decltype(act(std::declval<MapSale&>())) {
    const std::lock_guard lock(mutex_);
    const auto sale = sales_.find(id);
    if (sale == sales_.end()) return NoSuchSale(id);
    return act(sale->second);
  }

  const MapOptions options_;
  std::mutex mutex_;
  std::map<SaleId, MapSale> sales_;
};

class MapCatalogue final : public FlashSaleRepository {
 public:
  Result<std::uint64_t> Put(const FlashSale& sale) noexcept override {
    Result<SaleTerms> valid = Validate(sale.terms);
    if (!valid.ok()) return valid.status();
    const std::lock_guard lock(mutex_);
    const auto found = sales_.find(valid->id);
    const std::uint64_t present = found == sales_.end() ? 0 : found->second.revision;
    if (present == 0 && sale.revision != 0) return NoSuchSale(valid->id);
    if (present != sale.revision) return Conflict(sale.revision, present);
    sales_[valid->id] = {.terms = *valid, .marks = sale.marks, .revision = present + 1};
    return present + 1;
  }

  Result<FlashSale> Get(const SaleId& id) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = sales_.find(id);
    if (found == sales_.end()) return NoSuchSale(id);
    return found->second;
  }

  Result<std::vector<FlashSale>> FindByWindow(const Window& window,
                                              std::size_t max) noexcept override {
    return Where(max, [&window](const SaleTerms& terms) {
      return terms.start < window.to && window.from < terms.end;
    });
  }

  Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                               std::size_t max) noexcept override {
    return Where(max, [&product](const SaleTerms& terms) {
      return std::any_of(terms.lines.begin(), terms.lines.end(),
                         [&product](const auto& line) { return line.product == product; });
    });
  }

  Status Remove(const SaleId& id, std::uint64_t revision) noexcept override {
    const std::lock_guard lock(mutex_);
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

  // The sales whose terms `matches`, by start, then id; at most `max`.
  template <typename Matches>
  std::vector<FlashSale> Where(std::size_t max, Matches matches) {
    const std::lock_guard lock(mutex_);
    std::vector<FlashSale> found;
    for (const auto& [id, sale] : sales_) {
      if (matches(sale.terms)) found.push_back(sale);
    }
    std::sort(found.begin(), found.end(), [](const FlashSale& a, const FlashSale& b) {
      return std::tie(a.terms.start, a.terms.id) < std::tie(b.terms.start, b.terms.id);
    });
    if (found.size() > max) found.resize(max);
    return found;
  }

  std::mutex mutex_;
  std::map<SaleId, FlashSale> sales_;
};

class MapStorage final : public Storage {
 public:
  explicit MapStorage(const MapOptions& options) : inventory_(options) {}

  StorageTraits traits() const override { return {}; }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return rates_; }
  QueueRepository& queue() override { return queue_; }
  QueueRepository& waitlists() override { return waitlists_; }
  FingerprintRepository& fingerprints() override { return fingerprints_; }

 private:
  MapInventory inventory_;
  MapCatalogue sales_;
  MapRates rates_;
  MapQueues queue_;
  MapQueues waitlists_;
  MapFingerprints fingerprints_;
};

}  // namespace

std::unique_ptr<Storage> OpenMapStorage(const MapOptions& options) {
  return std::make_unique<MapStorage>(options);
}

}  // namespace custom_backend
