#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <utility>

#include "backend/journal/group_commit.h"
#include "backend/journal/journaled_catalogue.h"
#include "backend/journal/journaled_inventory.h"
#include "backend/journal/journaled_queue.h"
#include "backend/journal/recovery.h"
#include "base/field_check.h"
#include "flashsale/backend/journal.h"

namespace flashsale::inline v0 {

Status JournalMedium::OverwriteNames(std::span<const JournalCommit> commits) {
  (void)commits;
  return {StatusCode::kFailedPrecondition, "this medium cannot overwrite names"};
}

namespace {

using journal::GroupCommit;
using journal::Recovery;

std::uint64_t DrawSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

class JournaledStorage final : public Storage {
 public:
  JournaledStorage(std::unique_ptr<JournalMedium> medium, std::unique_ptr<Storage> volatile_parts)
      : medium_(std::move(medium)), volatile_parts_(std::move(volatile_parts)) {}
  // What was gathered and nobody waited for is kept, too, if it can be.
  ~JournaledStorage() override {
    if (commits_.has_value()) (void)commits_->Await(commits_->Last());
  }

  // Throws std::bad_alloc.
  Status Recover(const JournalOptions& options) {
    const engine::EngineOptions engine_options{
        .hash_seed = options.memory.hash_seed == 0 ? DrawSeed() : options.memory.hash_seed,
        .events_per_sale = options.memory.events_per_sale,
        .max_records = options.memory.max_records_per_sale,
        .prefault = options.memory.prefault,
        .full = &full_};
    Recovery recovery(engine_options);
    Status status = medium_->Read(0, recovery);
    if (status.ok()) status = recovery.Finish();
    if (!status.ok()) return status;
    commits_.emplace(*medium_, full_, recovery.last(), recovery.last_hash(),
                     GroupCommit::Options{.window = options.commit_window,
                                          .max_pending_bytes = options.max_pending_bytes});
    inventory_.emplace(*medium_, *commits_, engine_options);
    sales_.emplace(*commits_);
    inventory_->set_next_number(recovery.last_sale() + 1);
    for (auto& [number, sale] : recovery.sales()) {
      inventory_->Add(number, sale.engine, std::move(sale.history));
    }
    for (const auto& [id, sale] : recovery.catalogue()) sales_->Add(sale);
    next_line_ = recovery.last_line() + 1;
    const engine::KeyedHash hash(engine_options.hash_seed);
    queues_.emplace(*commits_, journal::LineUse::kQueue, next_line_, hash);
    waitlists_.emplace(*commits_, journal::LineUse::kWaitlist, next_line_, hash);
    for (auto& [number, line] : recovery.lines()) {
      journal::JournaledQueue& lines =
          line.use == journal::LineUse::kQueue ? *queues_ : *waitlists_;
      lines.Add(number, line.line);
    }
    commits_->Append(
        [&](journal::RecordWriter& writer) { writer.Session(recovery.last().latest); });
    return {};
  }

  StorageTraits traits() const override {
    return {.durability = Durability::kPowerLoss, .may_block = true};
  }
  InventoryRepository& inventory() override { return *inventory_; }
  FlashSaleRepository& sales() override { return *sales_; }
  RateRepository& rates() override { return volatile_parts_->rates(); }
  QueueRepository& queue() override { return *queues_; }
  QueueRepository& waitlists() override { return *waitlists_; }
  FingerprintRepository& fingerprints() override { return volatile_parts_->fingerprints(); }
  Time latest_time() override { return commits_->latest(); }
  Status KeepTime(Time now) override { return commits_->KeepTime(now); }

 private:
  const std::unique_ptr<JournalMedium> medium_;
  std::atomic<bool> full_{false};
  std::optional<GroupCommit> commits_;
  std::optional<journal::JournaledInventory> inventory_;
  std::optional<journal::JournaledCatalogue> sales_;
  journal::LineNumber next_line_ = 1;
  std::optional<journal::JournaledQueue> queues_;
  std::optional<journal::JournaledQueue> waitlists_;
  const std::unique_ptr<Storage> volatile_parts_;
};

Status Validate(const JournalMedium* medium, const JournalOptions& options) {
  constexpr std::size_t kFewestPending = std::size_t{64} << 10;
  constexpr std::size_t kMostPending = std::size_t{1} << 30;
  FieldCheck check;
  check.That(medium != nullptr, "medium", "null", "one")
      .InRange("commit_window", options.commit_window, Duration(0), std::chrono::seconds{1})
      .InRange<std::size_t>("max_pending_bytes", options.max_pending_bytes, kFewestPending,
                            kMostPending);
  return check.status();
}

}  // namespace

Result<std::unique_ptr<Storage>> OpenJournaledStorage(std::unique_ptr<JournalMedium> medium,
                                                      const JournalOptions& options) {
  Status status = Validate(medium.get(), options);
  if (!status.ok()) return status;
  Result<std::unique_ptr<Storage>> volatile_parts = OpenMemoryStorage(options.memory);
  if (!volatile_parts.ok()) {
    return Status(volatile_parts.status().code(), "memory." + volatile_parts.status().message());
  }
  try {
    auto storage =
        std::make_unique<JournaledStorage>(std::move(medium), *std::move(volatile_parts));
    status = storage->Recover(options);
    if (!status.ok()) return status;
    return std::unique_ptr<Storage>(std::move(storage));
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
