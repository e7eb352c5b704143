#include "flashsale/service/countdown_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/field_check.h"
#include "service/guarded_call.h"
#include "service/observer_board.h"

namespace flashsale::inline v0 {

using countdown_internal::Board;
using countdown_internal::Observer;
using countdown_internal::WatchedSale;

namespace {

// How many observers are given to their executors between two looks at the board.
constexpr std::size_t kChunk = 256;

Status Check(const CountdownOptions& options) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  FieldCheck check;
  check.InRange("read_interval", options.read_interval, milliseconds{1}, hours{1})
      .InRange("retry_interval", options.retry_interval, milliseconds{1}, hours{1})
      .InRange("min_interval", options.min_interval, Duration{0}, hours{1})
      .InRange("slow_after", options.slow_after, milliseconds{1}, hours{1})
      .InRange<std::size_t>("max_updates_per_poll", options.max_updates_per_poll, 1, 10'000'000)
      .InRange<std::size_t>("max_observers", options.max_observers, 1, 100'000'000);
  return check.status();
}

Status Check(const CountdownService::Subscription& subscription) {
  FieldCheck check;
  check.That(subscription.sale.valid(), "sale", "invalid", "1 to 64 of A-Z a-z 0-9 . _ -")
      .That(subscription.observer != nullptr, "observer", "null", "an observer")
      .InRange("min_interval", subscription.min_interval, Duration{0}, std::chrono::hours{1});
  return check.status();
}

Countdown CountdownOf(const WatchedSale& sale, const SaleStock& stock, Time now) {
  return CountdownAt({.sale = sale.id,
                      .start = sale.start,
                      .end = sale.end,
                      .marks = stock.marks,
                      .available = std::any_of(stock.lines.begin(), stock.lines.end(),
                                               [](const Stock& s) { return s.available() != 0; }),
                      .sold_out_for_good = stock.sold_out_for_good},
                     now);
}

// An update on its way: all that it needs when it is run after the service is gone.
void Tell(Board& board, Observer& observer) {
  const std::optional<Countdown> countdown = board.Begin(observer);
  if (!countdown.has_value()) return;
  bool threw = false;
  try {
    observer.target->OnUpdate(*countdown);
  } catch (...) {
    threw = true;
  }
  board.End(observer, threw);
}

bool Post(Executor& executor, std::function<void()> task) {
  try {
    return executor.Post(std::move(task));
  } catch (...) {
    return false;  // as if it were full
  }
}

}  // namespace

std::string_view Name(DropReason reason) {
  switch (reason) {
    case DropReason::kSlow:
      return "slow";
    case DropReason::kRefused:
      return "refused";
    case DropReason::kSaleGone:
      return "sale-gone";
  }
  return "?";
}

Countdown CountdownAt(const CountdownFacts& facts, Time now) {
  Countdown countdown{.sale = facts.sale,
                      .as_of = now,
                      .phase = PhaseAt(facts.marks, facts.start, facts.end, now),
                      .sold_out_for_good = facts.sold_out_for_good};
  countdown.state = StateOf(countdown.phase, facts.available);
  const auto at = [&](Time t) {
    return Countdown::Next{.phase = PhaseAt(facts.marks, facts.start, facts.end, t), .at = t};
  };
  switch (countdown.phase) {
    case Phase::kScheduled:
      countdown.next = at(facts.start);
      break;
    case Phase::kOpen:
    case Phase::kPaused:
      countdown.next = at(facts.end);
      break;
    case Phase::kClosed:
    case Phase::kCancelled:
    case Phase::kSettled:
      break;
  }
  return countdown;
}

struct CountdownService::State {
  State(const Repositories& from, const CountdownOptions& chosen)
      : repositories(from), options(chosen), board(std::make_shared<Board>(chosen)) {}

  // A sale as the catalogue describes it, unless it is watched already.
  Result<std::shared_ptr<WatchedSale>> Describe(const SaleId& sale);
  void ReadSales(Time now, Report& report);
  void TellObservers(Time now, Report& report);

  const Repositories repositories;
  const CountdownOptions options;
  const std::shared_ptr<Board> board;
};

Result<std::unique_ptr<CountdownService>> CountdownService::New(const Repositories& repositories,
                                                                const CountdownOptions& options) {
  Status status = Check(options);
  if (!status.ok()) return status;
  return std::unique_ptr<CountdownService>(
      new CountdownService(std::make_unique<State>(repositories, options)));
}

CountdownService::CountdownService(std::unique_ptr<State> state) : state_(std::move(state)) {}

CountdownService::~CountdownService() { state_->board->Stop(); }

Result<std::shared_ptr<WatchedSale>> CountdownService::State::Describe(const SaleId& sale) {
  std::shared_ptr<WatchedSale> watched = board->Find(sale);
  if (watched != nullptr) return watched;
  const Result<FlashSale> found = repositories.sales.Get(sale);
  if (!found.ok()) return found.status();
  watched = std::make_shared<WatchedSale>();
  watched->id = sale;
  watched->start = found->terms.start;
  watched->end = found->terms.end;
  return watched;
}

Result<Countdown> CountdownService::Read(const SaleId& sale, Time now) {
  return Guarded<Result<Countdown>>([&]() -> Result<Countdown> {
    const Result<std::shared_ptr<WatchedSale>> watched = state_->Describe(sale);
    if (!watched.ok()) return watched.status();
    const Result<SaleStock> stock = state_->repositories.inventory.ReadStock(sale, now);
    if (!stock.ok()) return stock.status();
    return CountdownOf(**watched, *stock, now);
  });
}

Result<CountdownService::SubscriptionId> CountdownService::Subscribe(
    const Subscription& subscription) {
  Status valid = Check(subscription);
  if (!valid.ok()) return valid;
  return Guarded<Result<SubscriptionId>>([&]() -> Result<SubscriptionId> {
    const Result<std::shared_ptr<WatchedSale>> sale = state_->Describe(subscription.sale);
    if (!sale.ok()) return sale.status();
    return state_->board->Add(*sale, subscription);
  });
}

bool CountdownService::Unsubscribe(SubscriptionId id) { return state_->board->Remove(id); }

void CountdownService::State::ReadSales(Time now, Report& report) {
  for (const std::shared_ptr<WatchedSale>& sale : board->TakeDueReads(now)) {
    const auto stock =
        Guarded<Result<SaleStock>>([&] { return repositories.inventory.ReadStock(sale->id, now); });
    if (!stock.ok()) {
      ++report.failures;
      report.last_error = stock.status();
      board->ReadFailed(*sale, stock.status().code() == StatusCode::kNotFound,
                        SaturatingAdd(now, options.retry_interval));
      continue;
    }
    const Countdown countdown = CountdownOf(*sale, *stock, now);
    Time next_read = SaturatingAdd(now, options.read_interval);
    if (countdown.next.has_value()) next_read = std::min(next_read, countdown.next->at);
    board->Publish(*sale, countdown, next_read);
  }
}

void CountdownService::State::TellObservers(Time now, Report& report) {
  std::size_t budget = options.max_updates_per_poll;
  for (;;) {
    Board::Work work = board->TakeWork(now, std::min(budget, kChunk));
    report.more = work.more;
    for (std::shared_ptr<Observer>& observer : work.to_tell) {
      Executor& executor = *observer->executor;
      if (Post(executor, [board = board, observer] { Tell(*board, *observer); })) {
        ++report.updates;
        continue;
      }
      std::optional<Board::Dropped> dropped = board->Refuse(*observer);
      if (dropped.has_value()) work.dropped.push_back(std::move(*dropped));
    }
    for (Board::Dropped& dropped : work.dropped) {
      ++report.dropped;
      // Where the executor refuses this too, there is no way to tell it.
      (void)Post(*dropped.executor, [target = dropped.target, reason = dropped.reason] {
        try {
          target->OnDropped(reason);
        } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left who could be told
        }
      });
    }
    const std::size_t done = std::max<std::size_t>(1, work.to_tell.size() + work.dropped.size());
    budget -= std::min(budget, done);
    if (!work.more || budget == 0) return;
  }
}

CountdownService::Report CountdownService::Poll(Time now) {
  Report report;
  Status status = Guarded<Status>([&]() -> Status {
    state_->ReadSales(now, report);
    state_->TellObservers(now, report);
    return Status();
  });
  if (!status.ok()) {
    ++report.failures;
    report.last_error = std::move(status);
  }
  // Never at once where nothing is due: what is with executors needs time too.
  report.next_poll = report.more ? now
                                 : std::max(state_->board->NextPoll(now),
                                            SaturatingAdd(now, std::chrono::milliseconds{1}));
  return report;
}

CountdownStats CountdownService::Stats() const { return state_->board->Stats(); }

}  // namespace flashsale::inline v0
