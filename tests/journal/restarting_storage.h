#ifndef FLASHSALE_TESTS_JOURNAL_RESTARTING_STORAGE_H_
#define FLASHSALE_TESTS_JOURNAL_RESTARTING_STORAGE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/repository/storage.h"

namespace flashsale::journal_test {

// A mutex that is had in the order in which it is asked for: whoever has it for long, again and
// again, keeps nobody out.
class FairMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = next_++;
    changed_.wait(lock, [&] { return serving_ == mine; });
  }
  void unlock() {
    const std::lock_guard lock(mutex_);
    ++serving_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0;
  std::uint64_t serving_ = 0;
};

// A storage that is closed and opened anew before every so many calls of its inventory, its
// catalogue, its queues and its waitlists: whoever uses it must not notice, but for people who had
// fallen silent and are given another chance.
class RestartingStorage final : public Storage {
 public:
  using Open = std::function<Result<std::unique_ptr<Storage>>()>;

  static Result<std::unique_ptr<Storage>> New(Open open, std::uint64_t calls_between) {
    auto first = open();
    if (!first.ok()) return first.status();
    return std::unique_ptr<Storage>(
        new RestartingStorage(std::move(open), *std::move(first), calls_between));
  }

  StorageTraits traits() const override { return storage_->traits(); }
  InventoryRepository& inventory() override { return inventory_; }
  FlashSaleRepository& sales() override { return sales_; }
  RateRepository& rates() override { return storage_->rates(); }
  FingerprintRepository& fingerprints() override { return storage_->fingerprints(); }
  QueueRepository& queue() override { return queue_; }
  QueueRepository& waitlists() override { return waitlists_; }
  Time latest_time() override { return storage_->latest_time(); }
  Status KeepTime(Time now) override { return storage_->KeepTime(now); }

 private:
  RestartingStorage(Open open, std::unique_ptr<Storage> first, std::uint64_t calls_between)
      : open_(std::move(open)), calls_between_(calls_between), storage_(std::move(first)) {}

  // Before a call.
  Status Turn() {
    if (++calls_ % calls_between_ != 0) return {};
    storage_.reset();
    auto again = open_();
    if (!again.ok()) return again.status();
    storage_ = *std::move(again);
    return {};
  }

  class Inventory final : public InventoryRepository {
   public:
    explicit Inventory(RestartingStorage& outer) : outer_(outer) {}
    Result<Outcome> Create(const SaleTerms& terms) override {
      return Do<Result<Outcome>>([&](auto& inner) { return inner.Create(terms); });
    }
    Result<SaleRef> Resolve(const SaleId& sale) override {
      return Do<Result<SaleRef>>([&](auto& inner) { return inner.Resolve(sale); });
    }
    Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
                 std::span<Outcome> outcomes) override {
      return Do<Status>([&](auto& inner) { return inner.Apply(sale, now, commands, outcomes); });
    }
    Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
      return Do<Result<SaleStock>>([&](auto& inner) { return inner.ReadStock(sale, now); });
    }
    Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
      return Do<Result<Tally>>([&](auto& inner) { return inner.ReadTally(sale, key); });
    }
    Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                            const ReservationId& id) override {
      return Do<Result<std::optional<Reservation>>>(
          [&](auto& inner) { return inner.Find(sale, user, id); });
    }
    Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
      return Do<Result<ExpireReport>>(
          [&](auto& inner) { return inner.ExpireDue(sale, now, max_holds); });
    }
    Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                                 std::span<Event> events) override {
      return Do<Result<EventPage>>(
          [&](auto& inner) { return inner.ReadEvents(sale, after, events); });
    }
    Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
      return Do<Status>([&](auto& inner) { return inner.Snapshot(sale, visitor); });
    }
    Result<Outcome> Forget(const SaleRef& sale, Time now) override {
      return Do<Result<Outcome>>([&](auto& inner) { return inner.Forget(sale, now); });
    }

   private:
    template <typename Answer, typename Call>
    Answer Do(Call call) {
      const std::lock_guard lock(outer_.mutex_);
      Status status = outer_.Turn();
      if (!status.ok()) return status;
      return call(outer_.storage_->inventory());
    }
    RestartingStorage& outer_;
  };

  class Catalogue final : public FlashSaleRepository {
   public:
    explicit Catalogue(RestartingStorage& outer) : outer_(outer) {}
    Result<std::uint64_t> Put(const FlashSale& sale) override {
      return Do<Result<std::uint64_t>>([&](auto& inner) { return inner.Put(sale); });
    }
    Result<FlashSale> Get(const SaleId& id) override {
      return Do<Result<FlashSale>>([&](auto& inner) { return inner.Get(id); });
    }
    Result<std::vector<FlashSale>> FindByWindow(const Window& window, std::size_t max) override {
      return Do<Result<std::vector<FlashSale>>>(
          [&](auto& inner) { return inner.FindByWindow(window, max); });
    }
    Result<std::vector<FlashSale>> FindByProduct(const ProductId& product,
                                                 std::size_t max) override {
      return Do<Result<std::vector<FlashSale>>>(
          [&](auto& inner) { return inner.FindByProduct(product, max); });
    }
    Status Remove(const SaleId& id, std::uint64_t revision) override {
      return Do<Status>([&](auto& inner) { return inner.Remove(id, revision); });
    }

   private:
    template <typename Answer, typename Call>
    Answer Do(Call call) {
      const std::lock_guard lock(outer_.mutex_);
      Status status = outer_.Turn();
      if (!status.ok()) return status;
      return call(outer_.storage_->sales());
    }
    RestartingStorage& outer_;
  };

  class Queues final : public QueueRepository {
   public:
    using Member = QueueRepository& (Storage::*)();
    Queues(RestartingStorage& outer, Member member) : outer_(outer), member_(member) {}
    Result<Outcome> Open(const QueueTerms& terms, Time now) override {
      return Do<Result<Outcome>>([&](auto& inner) { return inner.Open(terms, now); });
    }
    Result<SaleRef> Resolve(const SaleId& sale) override {
      return Do<Result<SaleRef>>([&](auto& inner) { return inner.Resolve(sale); });
    }
    Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
                 std::span<QueueAnswer> answers) override {
      return Do<Status>([&](auto& inner) { return inner.Apply(sale, now, commands, answers); });
    }
    // What was probed is found in the storage of that moment.
    AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override {
      return {.sale = sale, .user = user};
    }
    Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                          std::span<Admission> admissions) override {
      return Do<Status>([&](auto& inner) {
        return inner.FindAdmissions(now, ProbedAnew(inner, probes), admissions);
      });
    }
    Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                    std::span<const std::uint64_t> numbers) override {
      return Do<Status>(
          [&](auto& inner) { return inner.MarkUsed(now, ProbedAnew(inner, probes), numbers); });
    }
    Result<QueueState> Read(const SaleRef& sale, Time now) override {
      return Do<Result<QueueState>>([&](auto& inner) { return inner.Read(sale, now); });
    }
    Result<std::size_t> Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                              std::span<QueueEntry> admitted) override {
      return Do<Result<std::size_t>>(
          [&](auto& inner) { return inner.Admit(sale, now, plan, admitted); });
    }
    Result<LapseReport> LapseDue(const SaleRef& sale, Time now, std::size_t most) override {
      return Do<Result<LapseReport>>([&](auto& inner) { return inner.LapseDue(sale, now, most); });
    }
    Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace) override {
      return Do<Status>([&](auto& inner) { return inner.SetPace(sale, now, pace); });
    }
    Status Pause(const SaleRef& sale, Time now) override {
      return Do<Status>([&](auto& inner) { return inner.Pause(sale, now); });
    }
    Status Resume(const SaleRef& sale, Time now) override {
      return Do<Status>([&](auto& inner) { return inner.Resume(sale, now); });
    }
    Status Freeze(const SaleRef& sale, Time now, std::uint8_t tier) override {
      return Do<Status>([&](auto& inner) { return inner.Freeze(sale, now, tier); });
    }
    Result<std::size_t> ReadEntrants(const SaleRef& sale, std::uint8_t tier, std::uint64_t after,
                                     std::span<Entrant> entrants) override {
      return Do<Result<std::size_t>>(
          [&](auto& inner) { return inner.ReadEntrants(sale, tier, after, entrants); });
    }
    Status Arrange(const SaleRef& sale, const Arrangement& arrangement) override {
      return Do<Status>([&](auto& inner) { return inner.Arrange(sale, arrangement); });
    }
    Status Begin(const SaleRef& sale, Time now, std::uint8_t tier) override {
      return Do<Status>([&](auto& inner) { return inner.Begin(sale, now, tier); });
    }
    Status Close(const SaleRef& sale, Time now) override {
      return Do<Status>([&](auto& inner) { return inner.Close(sale, now); });
    }
    Status Forget(const SaleRef& sale) override {
      return Do<Status>([&](auto& inner) { return inner.Forget(sale); });
    }

   private:
    static std::vector<AdmissionProbe> ProbedAnew(QueueRepository& inner,
                                                  std::span<const AdmissionProbe> probes) {
      std::vector<AdmissionProbe> anew;
      for (const AdmissionProbe& probe : probes) {
        anew.push_back(inner.Probe(probe.sale.id(), probe.user));
      }
      return anew;
    }
    template <typename Answer, typename Call>
    Answer Do(Call call) {
      const std::lock_guard lock(outer_.mutex_);
      Status status = outer_.Turn();
      if (!status.ok()) return status;
      return call((outer_.storage_.get()->*member_)());
    }
    RestartingStorage& outer_;
    const Member member_;
  };

  const Open open_;
  const std::uint64_t calls_between_;
  FairMutex mutex_;  // one call at a time
  std::uint64_t calls_ = 0;
  std::unique_ptr<Storage> storage_;
  Inventory inventory_{*this};
  Catalogue sales_{*this};
  Queues queue_{*this, &Storage::queue};
  Queues waitlists_{*this, &Storage::waitlists};
};

}  // namespace flashsale::journal_test

#endif  // FLASHSALE_TESTS_JOURNAL_RESTARTING_STORAGE_H_
