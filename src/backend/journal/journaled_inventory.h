#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_INVENTORY_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_INVENTORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/journal/group_commit.h"
#include "backend/journal/sale_history.h"
#include "backend/memory/memory_inventory_repository.h"
#include "engine/sale_engine.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::journal {

// Writes the events of one sale down.
class SaleScribe final : public engine::EventSink {
 public:
  // What was written of the sale so far is in the commit `last`, or in earlier ones.
  SaleScribe(GroupCommit& commits, SaleNumber number, std::unique_ptr<SaleHistory> history,
             GroupCommit::Ticket last)
      : commits_(commits), number_(number), history_(std::move(history)), last_commit_(last) {}

  SaleNumber number() const { return number_; }
  const SaleHistory& history() const { return *history_; }
  // The sale was forgotten, and so is what may still happen to it.
  void Stop() { stopped_.store(true, std::memory_order_release); }

  void OnEvents(std::span<const engine::LoggedEvent> events) noexcept override;
  // The last commit that has anything of the sale that was folded.
  GroupCommit::Ticket last_commit() const { return last_commit_.load(std::memory_order_acquire); }

 private:
  // Whether the party was not mentioned before, which it is from here on.  Throws std::bad_alloc.
  bool Introduce(engine::Place place);

  GroupCommit& commits_;
  const SaleNumber number_;
  const std::unique_ptr<SaleHistory> history_;
  std::atomic<bool> stopped_{false};
  std::atomic<GroupCommit::Ticket> last_commit_;
  std::vector<std::uint64_t> introduced_;  // a bit for each place
};

// The inventory in memory; what it changes is in the journal before anybody is told.
// Contract: InventoryRepository.
class JournaledInventory final : public InventoryRepository, private memory::SaleKeeper {
 public:
  JournaledInventory(JournalMedium& medium, GroupCommit& commits,
                     const engine::EngineOptions& options)
      : medium_(medium), commits_(commits), engines_(options, this) {}

  // Takes up a sale that was recovered.  Throws std::bad_alloc.
  void Add(SaleNumber number, std::unique_ptr<engine::SaleEngine>& sale,
           std::unique_ptr<SaleHistory> history);
  // No sale had this number or one beyond it.
  void set_next_number(SaleNumber number) { next_number_ = number; }

  Result<Outcome> Create(const SaleTerms& terms) override;
  Result<SaleRef> Resolve(const SaleId& sale) override { return engines_.Resolve(sale); }
  void Prefetch(const SaleRef& sale, std::span<const UserId> users) override {
    engines_.Prefetch(sale, users);
  }
  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override;
  Status ApplyUncommitted(const SaleRef& sale, Time now, std::span<const Command> commands,
                          std::span<Outcome> outcomes, CommitTicket& ticket) override;
  Status AwaitCommit(const CommitTicket& ticket) override { return commits_.Await(ticket.number); }
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
  void OnCreate(engine::SaleEngine& sale) override;
  void OnForget(engine::SaleEngine& sale) noexcept override;

  // The commit that has all that anybody can have seen of the sale; of one that there is not: that
  // has all there is.
  GroupCommit::Ticket TicketOf(const SaleRef& sale);
  // What read() tells, once it is kept.
  template <typename Answer, typename Read>
  Answer Kept(const SaleRef& sale, Read read);

  JournalMedium& medium_;
  GroupCommit& commits_;
  memory::MemoryInventoryRepository engines_;
  SaleNumber next_number_ = 1;  // under the engines' own mutex
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_INVENTORY_H_
