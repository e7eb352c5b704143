#ifndef FLASHSALE_TESTS_TESTING_LYING_STORAGE_H_
#define FLASHSALE_TESTS_TESTING_LYING_STORAGE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/repository/storage.h"

namespace flashsale {

struct Batch {
  Time now;
  std::vector<Command> commands;

  friend bool operator==(const Batch&, const Batch&) = default;
};

// A fault of a backend, as a change to what goes into or comes out of a right one.
struct Lie {
  std::function<void(SaleTerms&)> terms = {};
  std::function<void(Command&, Time&)> command = {};
  std::function<void(const Command&, Outcome&)> outcome = {};
  // Asked before each batch; answers it in the truth's stead where it returns true.
  std::function<bool(const Batch&, std::span<Outcome>)> batch = {};
  // Told of each batch that the truth has answered.
  std::function<void(const Batch&, std::span<const Outcome>)> answered = {};
  // May drop events; they are numbered anew after that.
  std::function<bool(const Event&)> hides_event = {};
  std::function<void(Event&)> event = {};
  std::function<void(SaleStock&)> stock = {};
  std::function<void(Tally&)> tally = {};
  std::function<void(Reservation&)> record = {};
  std::function<void(ExpireReport&)> expire_report = {};
  std::function<bool(const UserId&)> hides_user = {};
  // Refuses by the stock as recorded, whatever has lapsed.
  bool sold_out_by_the_books = false;
  bool never_expires = false;
  bool forgets_at_once = false;
};

// Tells the lie about an otherwise right storage.  It may remember more in the lie's closures.
// Thread safety: once its sales are created, that of the closures.  Ownership: of `inner`.
class LyingStorage final : public Storage, private InventoryRepository {
 public:
  LyingStorage(std::unique_ptr<Storage> inner, Lie lie)
      : inner_(std::move(inner)), truth_(inner_->inventory()), lie_(std::move(lie)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return *this; }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  // Shows the terms that were asked for, and hides whom the lie hides.
  class Filter final : public SnapshotVisitor {
   public:
    Filter(SnapshotVisitor& visitor, const SaleTerms& terms, const Lie& lie)
        : visitor_(visitor), terms_(terms), lie_(lie) {}
    void OnSale(const Sale& sale) override {
      visitor_.OnSale({.terms = terms_, .marks = sale.marks, .seq = sale.seq, .lines = sale.lines});
    }
    void OnUser(const UserId& user, const Tally& tally,
                std::span<const Reservation> records) override {
      if (!lie_.hides_user || !lie_.hides_user(user)) visitor_.OnUser(user, tally, records);
    }
    void OnKey(const TallyKey& key, const Tally& tally) override { visitor_.OnKey(key, tally); }

   private:
    SnapshotVisitor& visitor_;
    const SaleTerms& terms_;
    const Lie& lie_;
  };

  Result<Outcome> Create(const SaleTerms& terms) override {
    SaleTerms changed = terms;
    if (lie_.terms) lie_.terms(changed);
    const Result<SaleTerms> completed = Validate(terms);
    if (completed.ok()) terms_[terms.id] = *completed;
    return truth_.Create(changed);
  }
  Result<SaleRef> Resolve(const SaleId& sale) override { return truth_.Resolve(sale); }

  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes) override {
    if (outcomes.size() != commands.size()) return truth_.Apply(sale, now, commands, outcomes);
    const Batch batch{.now = now, .commands = {commands.begin(), commands.end()}};
    if (lie_.batch && lie_.batch(batch, outcomes)) return {};
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Command changed = commands[i];
      Time changed_now = now;
      if (lie_.command) lie_.command(changed, changed_now);
      if (changed.verb == Verb::kReserve && lie_.sold_out_by_the_books) {
        const Result<SaleStock> stock = truth_.ReadStock(sale, now);
        const Result<std::optional<Reservation>> found =
            truth_.Find(sale, changed.user, changed.id);
        const bool known = found.ok() && found->has_value();
        if (stock.ok() && !known && stock->phase == Phase::kOpen &&
            changed.line < stock->lines.size() &&
            stock->lines[changed.line].available() < changed.units) {
          outcomes[i] = {.code = Code::kSoldOut};
          continue;
        }
      }
      const Status status =
          truth_.Apply(sale, changed_now, std::span(&changed, 1), outcomes.subspan(i, 1));
      if (!status.ok()) return status;
      if (lie_.outcome) lie_.outcome(commands[i], outcomes[i]);
    }
    if (lie_.answered) lie_.answered(batch, outcomes);
    return {};
  }

  Result<SaleStock> ReadStock(const SaleRef& sale, Time now) override {
    Result<SaleStock> stock = truth_.ReadStock(sale, now);
    if (stock.ok() && lie_.stock) lie_.stock(*stock);
    return stock;
  }
  Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) override {
    Result<Tally> tally = truth_.ReadTally(sale, key);
    if (tally.ok() && lie_.tally) lie_.tally(*tally);
    return tally;
  }
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id) override {
    Result<std::optional<Reservation>> found = truth_.Find(sale, user, id);
    if (found.ok() && found->has_value() && lie_.record) lie_.record(**found);
    return found;
  }
  Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) override {
    if (lie_.never_expires) return ExpireReport{};
    Result<ExpireReport> report = truth_.ExpireDue(sale, now, max_holds);
    if (report.ok() && lie_.expire_report) lie_.expire_report(*report);
    return report;
  }
  Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                               std::span<Event> events) override {
    if (!lie_.hides_event) {
      Result<EventPage> page = truth_.ReadEvents(sale, after, events);
      if (!page.ok()) return page;
      for (Event& event : events.first(page->count)) {
        if (lie_.event) lie_.event(event);
      }
      return page;
    }
    // From the first on each time, because the numbers depend on what was hidden.
    std::vector<Event> all(100'000);
    Result<EventPage> page = truth_.ReadEvents(sale, 0, all);
    if (!page.ok()) return page;
    all.resize(page->count);
    std::erase_if(all, lie_.hides_event);
    EventPage shown{.count = 0, .cursor = after};
    while (shown.count < events.size() && shown.cursor < all.size()) {
      events[shown.count] = all[shown.cursor];
      events[shown.count++].seq = ++shown.cursor;
    }
    return shown;
  }
  Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) override {
    Filter filter(visitor, terms_[sale.id()], lie_);
    return truth_.Snapshot(sale, filter);
  }
  Result<Outcome> Forget(const SaleRef& sale, Time now) override {
    if (lie_.forgets_at_once) return Outcome{.code = Code::kDone};
    return truth_.Forget(sale, now);
  }

  std::unique_ptr<Storage> inner_;
  InventoryRepository& truth_;
  Lie lie_;
  std::map<SaleId, SaleTerms> terms_;
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_TESTING_LYING_STORAGE_H_
