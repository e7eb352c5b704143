#ifndef FLASHSALE_TESTS_RUNTIME_HOOKED_INVENTORY_H_
#define FLASHSALE_TESTS_RUNTIME_HOOKED_INVENTORY_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "flashsale/backend/memory.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/runtime/lane.h"

namespace flashsale {

inline constexpr Time kOpening = kMinTime + std::chrono::hours{1};

// The memory backend's inventory, with a test's hand on Apply.
class HookedInventory final : public InventoryRepository {
 public:
  struct Batch {
    SaleId sale;
    Time now;
    std::vector<Command> commands;
  };
  // Called before the batch is carried out; an error is answered in its place.
  using Before = std::function<Status(const Batch&)>;

  explicit HookedInventory(Before before = {}) : before_(std::move(before)) {
    auto opened = OpenMemoryStorage({.hash_seed = 1});
    REQUIRE(opened.ok());
    storage_ = std::move(*opened);
  }

  // If it is set, what was done must be kept before it is told, and this keeps all up to a ticket.
  // A batch that did nothing needs none.
  std::function<Status(std::uint64_t)> commit;
  // Hears of each batch that needs one, before its outcomes are returned.
  std::function<void(std::span<const Command>, std::uint64_t)> uncommitted;

  Status ApplyUncommitted(const SaleRef& sale, Time now, std::span<const Command> commands,
                          std::span<Outcome> outcomes, CommitTicket& ticket) override {
    Status status = Apply(sale, now, commands, outcomes);
    const auto done = [](const Outcome& outcome) { return outcome.code == Code::kDone; };
    if (!status.ok() || !commit || std::ranges::none_of(outcomes, done)) return status;
    ticket.number = ++last_ticket_;
    if (uncommitted) uncommitted(commands, ticket.number);
    return status;
  }
  Status AwaitCommit(const CommitTicket& ticket) override {
    return commit ? commit(ticket.number) : Status();
  }

  // A sale that is open at kOpening and sells to anybody.
  void Open(const SaleId& sale, Units units = 1'000'000) {
    const auto created = inner().Create({.id = sale,
                                         .lines = {{.product = "thing", .units = units}},
                                         .start = kOpening,
                                         .end = kOpening + std::chrono::minutes{30}});
    REQUIRE(created.ok());
  }
  Units Reserved(const SaleId& sale) {
    const auto stock = inner().ReadStock(sale, kOpening);
    REQUIRE(stock.ok());
    return static_cast<Units>(stock->lines[0].reserved);
  }

  Result<Outcome> Create(const SaleTerms& terms) override { return inner().Create(terms); }
  Result<SaleRef> Resolve(const SaleId& sale) override { return inner().Resolve(sale); }
  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override {
    if (before_) {
      Status status = before_({sale.id(), now, {commands.begin(), commands.end()}});
      if (!status.ok()) return status;
    }
    return inner().Apply(sale, now, commands, outcomes);
  }
  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
    return inner().ReadStock(sale, now);
  }
  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
    return inner().ReadTally(sale, key);
  }
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) override {
    return inner().Find(sale, user, id);
  }
  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
    return inner().ExpireDue(sale, now, max_holds);
  }
  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) override {
    return inner().ReadEvents(sale, after, events);
  }
  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
    return inner().Snapshot(sale, visitor);
  }
  Result<Outcome> Forget(const SaleRef& sale, Time now) override {
    return inner().Forget(sale, now);
  }

 private:
  InventoryRepository& inner() { return storage_->inventory(); }

  std::unique_ptr<Storage> storage_;
  const Before before_;
  std::atomic<std::uint64_t> last_ticket_{0};
};

// One unit for a user of this number.
inline Command ReserveFor(std::uint64_t user) {
  return {.verb = Verb::kReserve,
          .units = 1,
          .user = UserId::FromInteger(user),
          .id = ReservationId::FromInteger(user)};
}

// Keeps what it is told.
class Heard final : public LaneCompletion {
 public:
  void Complete(const Result<Outcome>& answer) override {
    const MutexLock lock(mutex_);
    answers_.push_back(answer);
  }
  std::vector<Result<Outcome>> answers() const {
    const MutexLock lock(mutex_);
    return answers_;
  }
  std::size_t count() const { return answers().size(); }
  // The codes of outcomes; all must be outcomes.
  std::vector<Code> codes() const {
    std::vector<Code> codes;
    for (const Result<Outcome>& answer : answers()) {
      REQUIRE(answer.ok());
      codes.push_back(answer->code);
    }
    return codes;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Result<Outcome>> answers_ FLASHSALE_GUARDED_BY(mutex_);
};

inline std::unique_ptr<Lane> MakeLane(InventoryRepository& store, Clock& clock,
                                      LaneOptions options = {}) {
  auto lane = Lane::New(store, clock, std::move(options));
  REQUIRE(lane.ok());
  return std::move(*lane);
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_RUNTIME_HOOKED_INVENTORY_H_
