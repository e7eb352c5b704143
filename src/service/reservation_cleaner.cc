#include "flashsale/service/reservation_cleaner.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/field_check.h"
#include "base/mutex.h"
#include "service/backoff.h"
#include "service/guarded_call.h"

namespace flashsale::inline v0 {
namespace {

Status Check(const ReservationCleanerOptions& options) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  constexpr Duration kYear = hours{24 * 365};
  FieldCheck check;
  check.InRange<std::size_t>("max_holds_per_poll", options.max_holds_per_poll, 1, 10'000'000)
      .InRange<std::size_t>("slice", options.slice, 1, options.max_holds_per_poll)
      .InRange("max_interval", options.max_interval, milliseconds{1}, hours{1})
      .InRange("min_interval", options.min_interval, milliseconds{1}, options.max_interval)
      .InRange("longest_backoff", options.longest_backoff, milliseconds{1}, hours{1})
      .InRange("first_backoff", options.first_backoff, milliseconds{1}, options.longest_backoff)
      .InRange("look_back", options.look_back, Duration{0}, kYear)
      .InRange("look_ahead", options.look_ahead, Duration{0}, kYear)
      .InRange<std::size_t>("max_found", options.max_found, 1, 1'000'000)
      .InRange("find_interval", options.find_interval, milliseconds{1}, hours{24});
  return check.status();
}

Time Before(Time t, Duration d) { return t - kMinTime <= d ? kMinTime : t - d; }

}  // namespace

struct ReservationCleaner::State {
  struct Sale {
    explicit Sale(const ReservationCleanerOptions& options)
        : backoff(options.first_backoff, options.longest_backoff) {}

    Backoff backoff;
    // No hold that was there when it was last looked at lapses before.
    Time next_due = kMinTime;
    bool added = false;  // by the host: the catalogue does not remove it
    bool found = false;  // in the catalogue
    bool claimed = false;
    bool removed = false;  // while it was claimed
  };
  // Nodes do not move, so a Poll may keep the address of one that it has claimed.
  using Sales = std::map<SaleId, Sale>;

  State(InventoryRepository& repository, const ReservationCleanerOptions& from)
      : inventory(repository),
        options(from),
        find_backoff(from.first_backoff, from.longest_backoff) {}

  // Brings the sales in line with the catalogue, if it is time to.
  void FindSales(Time now, Report& report);
  // The sales of one Poll, in the order of their turns, beginning where the last one ended.
  std::vector<SaleId> Turns();
  // Null where it is gone, rests, or is another Poll's just now.
  Sale* Claim(const SaleId& id, Time now, Report& report);
  void Erase(Sales::iterator sale) FLASHSALE_REQUIRES(mutex);
  // One slice.  Returns whether the sale has more to do in this Poll.
  bool Clean(const SaleId& id, Sale& sale, Time now, std::size_t& budget, Report& report);
  void Release(const SaleId& id);

  InventoryRepository& inventory;
  const ReservationCleanerOptions options;

  mutable Mutex mutex;
  Sales sales FLASHSALE_GUARDED_BY(mutex);
  SaleId begin_after FLASHSALE_GUARDED_BY(mutex);
  Time next_find FLASHSALE_GUARDED_BY(mutex) = kMinTime;
  Backoff find_backoff FLASHSALE_GUARDED_BY(mutex);
  bool finding FLASHSALE_GUARDED_BY(mutex) = false;
};

Result<std::unique_ptr<ReservationCleaner>> ReservationCleaner::New(
    InventoryRepository& inventory, const ReservationCleanerOptions& options) {
  Status status = Check(options);
  if (!status.ok()) return status;
  return std::unique_ptr<ReservationCleaner>(
      new ReservationCleaner(std::make_unique<State>(inventory, options)));
}

ReservationCleaner::ReservationCleaner(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReservationCleaner::~ReservationCleaner() = default;

Status ReservationCleaner::Add(const SaleId& sale) {
  if (!sale.valid()) {
    return Status(StatusCode::kInvalidArgument,
                  "sale: invalid, expected 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  return Guarded<Status>([&]() -> Status {
    const MutexLock lock(state_->mutex);
    State::Sale& entry = state_->sales.try_emplace(sale, state_->options).first->second;
    entry.added = true;
    entry.removed = false;
    return Status();
  });
}

bool ReservationCleaner::Remove(const SaleId& sale) {
  const MutexLock lock(state_->mutex);
  const auto entry = state_->sales.find(sale);
  if (entry == state_->sales.end() || entry->second.removed) return false;
  state_->Erase(entry);
  return true;
}

std::size_t ReservationCleaner::sale_count() const {
  const MutexLock lock(state_->mutex);
  return static_cast<std::size_t>(
      std::count_if(state_->sales.begin(), state_->sales.end(),
                    [](const auto& entry) { return !entry.second.removed; }));
}

void ReservationCleaner::State::Erase(Sales::iterator sale) {
  if (sale->second.claimed) {
    sale->second.removed = true;  // whoever has claimed it erases it
  } else {
    sales.erase(sale);
  }
}

void ReservationCleaner::State::FindSales(Time now, Report& report) {
  if (options.catalogue == nullptr) return;
  {
    const MutexLock lock(mutex);
    if (finding || now < next_find || find_backoff.Rests(now)) return;
    finding = true;
  }
  using Found = Result<std::vector<FlashSale>>;
  const Found found = Guarded<Found>([&] {
    return options.catalogue->FindByWindow(
        {.from = Before(now, options.look_back), .to = SaturatingAdd(now, options.look_ahead)},
        options.max_found);
  });
  Status status = found.status();
  const MutexLock lock(mutex);
  if (found.ok()) {
    status = Guarded<Status>([&]() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS -> Status {
      for (const FlashSale& sale : *found) {
        Sale& entry = sales.try_emplace(sale.terms.id, options).first->second;
        entry.removed = false;
      }
      for (auto& [id, sale] : sales) sale.found = false;
      for (const FlashSale& sale : *found) sales.find(sale.terms.id)->second.found = true;
      for (auto sale = sales.begin(); sale != sales.end();) {
        const auto next = std::next(sale);
        if (!sale->second.added && !sale->second.found) Erase(sale);
        sale = next;
      }
      return Status();
    });
  }
  finding = false;
  next_find = SaturatingAdd(now, options.find_interval);
  if (status.ok()) {
    find_backoff.Succeeded();
  } else {
    find_backoff.Failed(now);
    next_find = find_backoff.until();
    ++report.failures;
    report.last_error = std::move(status);
  }
}

std::vector<SaleId> ReservationCleaner::State::Turns() {
  const MutexLock lock(mutex);
  std::vector<SaleId> turns;
  turns.reserve(sales.size());
  const auto first = sales.upper_bound(begin_after);
  for (auto sale = first; sale != sales.end(); ++sale) turns.push_back(sale->first);
  for (auto sale = sales.begin(); sale != first; ++sale) turns.push_back(sale->first);
  return turns;
}

ReservationCleaner::State::Sale* ReservationCleaner::State::Claim(const SaleId& id, Time now,
                                                                  Report& report) {
  const MutexLock lock(mutex);
  const auto found = sales.find(id);
  if (found == sales.end() || found->second.claimed) return nullptr;
  if (found->second.backoff.Rests(now)) {
    ++report.resting;
    return nullptr;
  }
  found->second.claimed = true;
  return &found->second;
}

void ReservationCleaner::State::Release(const SaleId& id) {
  const MutexLock lock(mutex);
  const auto found = sales.find(id);
  found->second.claimed = false;
  begin_after = id;
  if (found->second.removed) sales.erase(found);
}

bool ReservationCleaner::State::Clean(const SaleId& id, Sale& sale, Time now, std::size_t& budget,
                                      Report& report) {
  using Answer = Result<ExpireReport>;
  const Answer answer = Guarded<Answer>(
      [&] { return inventory.ExpireDue(id, now, std::min(options.slice, budget)); });
  const MutexLock lock(mutex);
  if (!answer.ok()) {
    budget -= 1;
    sale.backoff.Failed(now);
    if (answer.status().code() == StatusCode::kNotFound && !sale.added) {
      sale.removed = true;  // forgotten; the catalogue says so if it comes back
      return false;
    }
    ++report.failures;
    report.last_error = answer.status();
    return false;
  }
  budget -= std::min<std::size_t>(
      budget, std::max<std::size_t>(1, static_cast<std::size_t>(answer->expired)));
  sale.backoff.Succeeded();
  sale.next_due = answer->next_due;
  report.expired += answer->expired;
  // That of the last slice counts: the others are part of it.
  if (!answer->more) report.quarantined += answer->quarantined;
  return answer->more;
}

ReservationCleaner::Report ReservationCleaner::Poll(Time now) {
  State& s = *state_;
  Report report;
  Status status = Guarded<Status>([&]() -> Status {
    s.FindSales(now, report);
    std::size_t budget = s.options.max_holds_per_poll;
    const std::vector<SaleId> all = s.Turns();
    std::deque<SaleId> turns(all.begin(), all.end());
    std::size_t first_turns = turns.size();
    while (!turns.empty() && budget != 0) {
      const SaleId id = turns.front();
      turns.pop_front();
      const bool is_first = first_turns != 0;
      if (is_first) --first_turns;
      // Claimed for a slice only, so that another Poll need not wait for this one's whole round.
      State::Sale* const sale = s.Claim(id, now, report);
      if (sale == nullptr) continue;
      const bool more = s.Clean(id, *sale, now, budget, report);
      s.Release(id);
      if (is_first) ++report.sales;
      if (more) turns.push_back(id);
    }
    report.more = !turns.empty();
    return Status();
  });
  if (!status.ok()) {
    ++report.failures;
    report.last_error = std::move(status);
  }

  Time next = SaturatingAdd(now, s.options.max_interval);
  {
    const MutexLock lock(s.mutex);
    for (const auto& [id, sale] : s.sales) {
      next = std::min(next, sale.backoff.Rests(now) ? sale.backoff.until() : sale.next_due);
    }
    if (s.options.catalogue != nullptr) next = std::min(next, s.next_find);
  }
  next = std::max(next, SaturatingAdd(now, s.options.min_interval));
  report.next_poll = report.more ? now : next;
  return report;
}

}  // namespace flashsale::inline v0
