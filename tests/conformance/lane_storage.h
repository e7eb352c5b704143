#ifndef FLASHSALE_TESTS_CONFORMANCE_LANE_STORAGE_H_
#define FLASHSALE_TESTS_CONFORMANCE_LANE_STORAGE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/repository/storage.h"
#include "flashsale/runtime/lane.h"
#include "flashsale/testing/simulated_clock.h"

namespace flashsale {

// An inventory whose every command goes through a lane.  The lane's clock stands still: each call
// brings its own instant.
class LaneInventory final : public InventoryRepository {
 public:
  static Result<std::unique_ptr<LaneInventory>> New(InventoryRepository& inner,
                                                    LaneOptions options) {
    const bool polled = options.workers == 0;
    auto inventory = std::unique_ptr<LaneInventory>(new LaneInventory(inner, polled));
    auto lane = Lane::New(inner, inventory->clock_, std::move(options));
    if (!lane.ok()) return lane.status();
    inventory->lane_ = std::move(*lane);
    return inventory;
  }

  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override {
    // Nothing to hand over, or an error of the caller's.
    if (commands.empty() || outcomes.size() != commands.size()) {
      return inner_.Apply(sale, now, commands, outcomes);
    }
    std::vector<Answer> answers(commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const LaneCall call{.sale = sale, .command = commands[i], .now = now};
      while (lane_->Submit(call, answers[i]).has_value()) LetOthersWork();
    }
    Status status;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Result<Outcome>& answer = Await(answers[i]);
      if (answer.ok()) outcomes[i] = *answer;
      if (!answer.ok() && status.ok()) status = answer.status();
    }
    return status;
  }

  Result<Outcome> Create(const SaleTerms& terms) override { return inner_.Create(terms); }
  Result<SaleRef> Resolve(const SaleId& sale) override { return inner_.Resolve(sale); }
  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
    return inner_.ReadStock(sale, now);
  }
  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
    return inner_.ReadTally(sale, key);
  }
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) override {
    return inner_.Find(sale, user, id);
  }
  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
    return inner_.ExpireDue(sale, now, max_holds);
  }
  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) override {
    return inner_.ReadEvents(sale, after, events);
  }
  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
    return inner_.Snapshot(sale, visitor);
  }
  Result<Outcome> Forget(const SaleRef& sale, Time now) override {
    return inner_.Forget(sale, now);
  }

 private:
  struct Answer final : LaneCompletion {
    void Complete(const Result<Outcome>& answer) override {
      result = answer;
      // Release pairs with Await: the result.
      there.store(true, std::memory_order_release);
    }
    Result<Outcome> result = Outcome{};
    std::atomic<bool> there{false};
  };

  LaneInventory(InventoryRepository& inner, bool polled) : inner_(inner), polled_(polled) {}

  void LetOthersWork() {
    if (polled_ && lane_->Poll(1)) return;
    std::this_thread::yield();
  }
  const Result<Outcome>& Await(const Answer& answer) {
    while (!answer.there.load(std::memory_order_acquire)) LetOthersWork();
    return answer.result;
  }

  InventoryRepository& inner_;
  const bool polled_;
  SimulatedClock clock_;
  std::unique_ptr<Lane> lane_;
};

// A storage whose inventory is reached through a lane, and all else directly.
class LaneStorage final : public Storage {
 public:
  LaneStorage(std::unique_ptr<Storage> inner, std::unique_ptr<LaneInventory> inventory)
      : inner_(std::move(inner)), inventory_(std::move(inventory)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return *inventory_; }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  const std::unique_ptr<Storage> inner_;
  const std::unique_ptr<LaneInventory> inventory_;
};

inline Result<std::unique_ptr<Storage>> NewLaneStorage(std::unique_ptr<Storage> inner,
                                                       LaneOptions options) {
  auto inventory = LaneInventory::New(inner->inventory(), std::move(options));
  if (!inventory.ok()) return inventory.status();
  return std::unique_ptr<Storage>(
      std::make_unique<LaneStorage>(std::move(inner), std::move(*inventory)));
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_CONFORMANCE_LANE_STORAGE_H_
