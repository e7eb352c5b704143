#include <fmt/format.h>

#include <bit>
#include <memory>
#include <new>
#include <random>
#include <utility>

#include "backend/memory/memory_fingerprint_repository.h"
#include "backend/memory/memory_flash_sale_repository.h"
#include "backend/memory/memory_inventory_repository.h"
#include "backend/memory/memory_queue_repository.h"
#include "backend/memory/memory_rate_repository.h"
#include "flashsale/backend/memory.h"

namespace flashsale::inline v0 {
namespace {

class MemoryStorage final : public Storage {
 public:
  MemoryStorage(const engine::EngineOptions& options, std::unique_ptr<RateRepository> rates,
                std::unique_ptr<FingerprintRepository> fingerprints)
      : inventory_(options),
        queue_(engine::KeyedHash(options.hash_seed)),
        waitlists_(engine::KeyedHash(options.hash_seed)),
        rates_(std::move(rates)),
        fingerprints_(std::move(fingerprints)) {}

  StorageTraits traits() const override { return {}; }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return *rates_; }
  QueueRepository& queue() override { return queue_; }
  QueueRepository& waitlists() override { return waitlists_; }
  FingerprintRepository& fingerprints() override { return *fingerprints_; }

 private:
  memory::MemoryInventoryRepository inventory_;
  memory::MemoryFlashSaleRepository sales_;
  memory::MemoryQueueRepository queue_;
  memory::MemoryQueueRepository waitlists_;
  const std::unique_ptr<RateRepository> rates_;
  const std::unique_ptr<FingerprintRepository> fingerprints_;
};

constexpr std::size_t kFewestEvents = std::size_t{1} << 10;
constexpr std::size_t kMostEvents = std::size_t{1} << 30;
constexpr std::uint64_t kMostRecords = std::uint64_t{1} << 32;
constexpr std::uint64_t kMostRateKeys = std::uint64_t{1} << 32;
constexpr std::uint64_t kMostFingerprintKeys = std::uint64_t{1} << 32;

std::uint64_t DrawSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Result<std::unique_ptr<Storage>> OpenMemoryStorage(const MemoryOptions& options) {
  if (!std::has_single_bit(options.events_per_sale) || options.events_per_sale < kFewestEvents ||
      options.events_per_sale > kMostEvents) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("events_per_sale: {}, expected a power of two from {} to {}",
                              options.events_per_sale, kFewestEvents, kMostEvents));
  }
  if (options.max_records_per_sale < 1 || options.max_records_per_sale > kMostRecords) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("max_records_per_sale: {}, expected 1 to {}",
                              options.max_records_per_sale, kMostRecords));
  }
  if (options.rate_keys < 1 || options.rate_keys > kMostRateKeys) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("rate_keys: {}, expected 1 to {}", options.rate_keys, kMostRateKeys));
  }
  if (options.fingerprint_keys < 1 || options.fingerprint_keys > kMostFingerprintKeys) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("fingerprint_keys: {}, expected 1 to {}", options.fingerprint_keys,
                              kMostFingerprintKeys));
  }
  try {
    const std::uint64_t seed = options.hash_seed == 0 ? DrawSeed() : options.hash_seed;
    std::unique_ptr<RateRepository> rates =
        memory::MemoryRateRepository::New(seed, options.rate_keys);
    if (rates == nullptr) return Status(StatusCode::kResourceExhausted, "out of memory");
    std::unique_ptr<FingerprintRepository> fingerprints =
        memory::MemoryFingerprintRepository::New(seed, options.fingerprint_keys);
    if (fingerprints == nullptr) return Status(StatusCode::kResourceExhausted, "out of memory");
    return std::unique_ptr<Storage>(std::make_unique<MemoryStorage>(
        engine::EngineOptions{.hash_seed = seed,
                              .events_per_sale = options.events_per_sale,
                              .max_records = options.max_records_per_sale,
                              .prefault = options.prefault},
        std::move(rates), std::move(fingerprints)));
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

}  // namespace flashsale::inline v0
