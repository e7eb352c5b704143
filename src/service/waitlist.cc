#include "flashsale/service/waitlist.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/directory.h"
#include "base/field_check.h"
#include "base/mutex.h"
#include "flashsale/base/executor.h"
#include "flashsale/service/event_publisher.h"
#include "service/served_waitlist.h"
#include "service/waitlist_terms.h"

namespace flashsale::inline v0 {
namespace {

// What fails is tried again after this.
constexpr Duration kBackOff = std::chrono::seconds{1};
constexpr const char* kSinkName = "waitlist";
constexpr Duration kShortestPoll = std::chrono::milliseconds{10};
constexpr Duration kLongestPoll = std::chrono::hours{1};

Status Validate(const WaitlistOptions& options) {
  FieldCheck check;
  check
      .InRange("period", options.period, Duration(std::chrono::milliseconds{1}),
               Duration(std::chrono::seconds{10}))
      .InRange("batch", options.batch, std::size_t{1}, std::size_t{100'000})
      .InRange("shortest_poll", options.shortest_poll, kShortestPoll, options.longest_poll)
      .InRange("longest_poll", options.longest_poll, options.shortest_poll, kLongestPoll);
  return check.status();
}

Status NotServed(const SaleRef& sale) {
  return Status(StatusCode::kNotFound,
                fmt::format("sale: {}, expected one with waitlists that are served here",
                            Printable(sale.id().view())));
}

// The waitlists of one sale.
class SaleWaitlists {
 public:
  // `over`: the sale was over before.
  SaleWaitlists(SaleRef sale, std::vector<std::unique_ptr<ServedWaitlist>> lines, bool over)
      : sale_(std::move(sale)), lines_(std::move(lines)), is_over_(over) {}

  const SaleRef& sale() const { return sale_; }
  std::size_t size() const { return lines_.size(); }
  ServedWaitlist& line(std::size_t number) const { return *lines_[number]; }

  // True once: for the first who sees that the sale is over.
  bool SeeOver() { return !is_over_.exchange(true, std::memory_order_relaxed); }
  std::uint64_t waited() const {
    std::uint64_t waited = 0;
    for (const auto& line : lines_) waited += line->waited();
    return waited;
  }

  Time due() const { return Time(Duration(due_us_.load(std::memory_order_relaxed))); }
  void SetDue(Time due) {
    due_us_.store(due.time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  const SaleRef sale_;
  const std::vector<std::unique_ptr<ServedWaitlist>> lines_;
  std::atomic<Duration::rep> due_us_{0};
  std::atomic<bool> is_over_;
};

class RunsAtOnce final : public Executor {
 public:
  bool Post(std::function<void()> task) override {
    task();
    return true;
  }
};

}  // namespace

void WaitlistObserver::OnOver(Time /*now*/, const SaleId& /*sale*/, std::uint64_t /*waited*/) {}

struct Waitlist::State {
  using Sales = Directory<SaleWaitlists>;

  // Hears how offers ended, whoever ended them.
  class Ends final : public EventSink {
   public:
    explicit Ends(State& state) : state_(state) {}

    SinkAnswer Deliver(const SaleId& sale, std::span<const Event> batch) override {
      return state_.FollowEvents(sale, batch) ? SinkAnswer::kAccepted : SinkAnswer::kBusy;
    }
    // Who is asked about, or joins again, is found to be through; of the others the turn ends.
    void OnLost(const SaleId& /*sale*/, const EventPage::Lost& /*lost*/) override {}

   private:
    State& state_;
  };

  State(const Parts& given, const WaitlistOptions& with, std::unique_ptr<EventPublisher> publisher)
      : parts(given), options(with), events(std::move(publisher)) {}

  // Calls use(list) for the line; its result, or NotFound, or Invalid (line).  What it has to tell
  // is told.
  template <typename Answer, typename Use>
  Result<Answer> With(const SaleRef& sale, std::uint16_t line, Time now, Use use) {
    const Sales::Pinned lists(served, sale.id(), sale.hint());
    if (lists.get() == nullptr) return NotServed(sale);
    if (line >= lists->size())
      return Refused<Answer>({.code = Code::kInvalid, .field = Field::kLine});
    WaitlistNews news;
    Result<Answer> answer = use(lists->line(line), news);
    Tell(now, news);
    return answer;
  }
  template <typename Answer>
  static Answer Refused(const Outcome& outcome) {
    if constexpr (std::is_same_v<Answer, Outcome>) {
      return outcome;
    } else {
      return Answer{.outcome = outcome};
    }
  }

  Status OpenLists(const SaleTerms& terms, const WaitlistSetup& setup, Time now);
  Status Serve(const SaleTerms& terms, const WaitlistSetup& setup, Time now);
  Time Poll(SaleWaitlists& lists, Time now);
  bool FollowEvents(const SaleId& sale, std::span<const Event> sale_events);
  void Tell(Time now, const WaitlistNews& news);
  // Calls call(observer), if there is one; what it throws is counted.
  template <typename Call>
  void TellObserver(Call call) FLASHSALE_EXCLUDES(mutex);
  void Note(const Status& status) FLASHSALE_EXCLUDES(mutex);

  const Parts parts;
  const WaitlistOptions options;
  RunsAtOnce at_once;  // outlives the publisher that posts to it
  const std::unique_ptr<EventPublisher> events;
  Sales served;
  std::atomic<Time> polled_at{Time{}};  // relaxed: nothing is published with it
  std::atomic<WaitlistObserver*> observer{nullptr};
  std::atomic<bool> observer_fails{false};  // relaxed: a flag for logs, read on its own

  Mutex mutex;
  std::vector<SaleId> ids FLASHSALE_GUARDED_BY(mutex);
  Failures failures FLASHSALE_GUARDED_BY(mutex);
};

void Waitlist::State::Note(const Status& status) {
  if (status.ok() || status.code() == StatusCode::kConflict) return;  // another server lets in
  const MutexLock lock(mutex);
  ++failures.store;
  failures.last = status;
}

void Waitlist::State::Tell(Time now, const WaitlistNews& news) {
  if (news.offered.empty() && news.ended.empty()) return;
  TellObserver([&](WaitlistObserver& told) {
    if (!news.offered.empty()) told.OnOffered(now, news.offered);
    for (const WaitlistNews::End& end : news.ended) {
      told.OnEnded(now, end.offer, end.end, end.outcome);
    }
  });
}

template <typename Call>
void Waitlist::State::TellObserver(Call call) {
  // Acquire pairs with the release of Observe.
  WaitlistObserver* const told = observer.load(std::memory_order_acquire);
  if (told == nullptr) return;
  try {
    call(*told);
    observer_fails.store(false, std::memory_order_relaxed);
  } catch (...) {
    observer_fails.store(true, std::memory_order_relaxed);
    const MutexLock lock(mutex);
    ++failures.observer;
    failures.last = Status(StatusCode::kInternal, "the waitlist observer threw");
  }
}

Result<std::unique_ptr<Waitlist>> Waitlist::New(const Parts& parts,
                                                const WaitlistOptions& options) {
  if (Status status = Validate(options); !status.ok()) return status;
  try {
    Result<std::unique_ptr<EventPublisher>> events = EventPublisher::New(parts.inventory);
    if (!events.ok()) return events.status();
    auto state = std::make_unique<State>(parts, options, *std::move(events));
    Status status = state->events->AddSink({.name = kSinkName,
                                            .sink = std::make_shared<State::Ends>(*state),
                                            .executor = state->at_once,
                                            .cursors = {}});
    if (!status.ok()) return status;
    return std::unique_ptr<Waitlist>(new Waitlist(std::move(state)));
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Waitlist::Waitlist(std::unique_ptr<State> state) : state_(std::move(state)) {}
Waitlist::~Waitlist() = default;

Status Waitlist::State::OpenLists(const SaleTerms& terms, const WaitlistSetup& setup, Time now) {
  for (std::size_t line = 0; line < terms.lines.size(); ++line) {
    const QueueTerms asked = ListTermsOf(terms, setup, static_cast<std::uint16_t>(line));
    const Result<Outcome> opened = parts.lists.Open(asked, now);
    if (opened.ok()) continue;
    if (opened.status().code() != StatusCode::kAlreadyExists) return opened.status();
    const Result<QueueState> there = parts.lists.Read(asked.sale, now);
    const std::optional<WaitlistSetup> made = there.ok() ? SetupOf(there->terms) : std::nullopt;
    return made.has_value() ? OtherWaitlist(Completed(terms, setup), *made) : opened.status();
  }
  return {};
}

Status Waitlist::State::Serve(const SaleTerms& terms, const WaitlistSetup& setup, Time now) {
  if (Sales::Pinned(served, terms.id, 0).get() != nullptr) return {};
  const Result<SaleRef> sale = parts.inventory.Resolve(terms.id);
  if (!sale.ok()) return sale.status();
  const Result<SaleStock> stock = parts.inventory.ReadStock(*sale, now);
  if (!stock.ok()) return stock.status();
  try {
    std::vector<std::unique_ptr<ServedWaitlist>> lines;
    for (std::size_t i = 0; i < terms.lines.size(); ++i) {
      const auto number = static_cast<std::uint16_t>(i);
      const Result<SaleRef> list = parts.lists.Resolve(WaitlistName(terms.id, number));
      if (!list.ok()) return list.status();
      lines.push_back(std::make_unique<ServedWaitlist>(
          ServedWaitlist::Parts{parts.lists, parts.inventory, parts.queues, options},
          ServedWaitlist::Line{.sale = *sale,
                               .number = number,
                               .list = *list,
                               .offer_hold = OfferHold(terms, setup),
                               .requires_admission = terms.requires_admission,
                               .limit_per_user = terms.limit_per_user,
                               .end_policy = terms.end_policy,
                               .end = terms.end}));
    }
    const MutexLock lock(mutex);
    ids.reserve(ids.size() + 1);
    if (!served.Add(terms.id, std::make_unique<SaleWaitlists>(*sale, std::move(lines),
                                                              IsOver(stock->phase)))) {
      return {};
    }
    ids.push_back(terms.id);
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
  // Of what ended before, whoever asks finds it.
  if (Status status = events->AddSale(terms.id); !status.ok()) return status;
  return events->SetCursor(kSinkName, {.sale = terms.id, .seq = stock->seq});
}

Status Waitlist::Open(const SaleTerms& terms, const WaitlistSetup& setup, Time now) {
  if (Status status = Check(terms, setup); !status.ok()) return status;
  if (Status status = state_->OpenLists(terms, setup, now); !status.ok()) return status;
  return state_->Serve(terms, setup, now);
}

Result<bool> Waitlist::Serve(const SaleTerms& terms, Time now) {
  const Result<QueueState> first = state_->parts.lists.Read(WaitlistName(terms.id, 0), now);
  if (!first.ok()) {
    if (first.status().code() == StatusCode::kNotFound) return false;
    return first.status();
  }
  const std::optional<WaitlistSetup> setup = SetupOf(first->terms);
  if (!setup.has_value()) {
    return Status(
        StatusCode::kFailedPrecondition,
        fmt::format("waitlist: {}, expected the terms of one", Printable(first->terms.strategy)));
  }
  // Whoever made the first may have come no further.
  if (Status status = Open(terms, *setup, now); !status.ok()) return status;
  return true;
}

Result<SaleRef> Waitlist::Resolve(const SaleId& sale) {
  const std::uint64_t hint = state_->served.HintFor(sale);
  if (hint == 0) return NotServed(sale);
  return SaleRef(sale, hint);
}

void Waitlist::Detach(const SaleId& sale) {
  state_->events->RemoveSale(sale);
  {
    const MutexLock lock(state_->mutex);
    std::erase(state_->ids, sale);
  }
  // Waits for turns that are under way, and they may want to note a failure.
  state_->served.Remove(sale);
}

Status Waitlist::Forget(const SaleId& sale, std::size_t lines) {
  for (std::size_t line = 0; line < lines; ++line) {
    Status status =
        state_->parts.lists.Forget(WaitlistName(sale, static_cast<std::uint16_t>(line)));
    if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  }
  return {};
}

void Waitlist::Observe(WaitlistObserver* observer) {
  // Release pairs with the acquire of Tell.
  state_->observer.store(observer, std::memory_order_release);
}

Result<WaitlistPlace> Waitlist::Join(const SaleRef& sale, std::uint16_t line, const UserId& user,
                                     Time now) {
  return state_->With<WaitlistPlace>(
      sale, line, now,
      [&](ServedWaitlist& list, WaitlistNews& news) { return list.Join(user, now, news); });
}

Result<WaitlistPlace> Waitlist::Position(const SaleRef& sale, std::uint16_t line,
                                         const UserId& user, Time now) {
  return state_->With<WaitlistPlace>(
      sale, line, now,
      [&](ServedWaitlist& list, WaitlistNews& news) { return list.Position(user, now, news); });
}

Result<Outcome> Waitlist::Leave(const SaleRef& sale, std::uint16_t line, const UserId& user,
                                Time now) {
  return state_->With<Outcome>(sale, line, now, [&](ServedWaitlist& list, WaitlistNews& news) {
    return list.Leave(user, now, news);
  });
}

bool Waitlist::AsksFirst(const SaleRef& sale, std::uint16_t line) const {
  const State::Sales::Pinned lists(state_->served, sale.id(), sale.hint());
  return lists.get() != nullptr && line < lists->size() && lists->line(line).claims() != 0;
}

std::uint64_t Waitlist::Claimed(const SaleRef& sale, const SaleStock& stock) const {
  const State::Sales::Pinned lists(state_->served, sale.id(), sale.hint());
  if (lists.get() == nullptr) return 0;
  std::uint64_t claimed = 0;
  for (std::size_t i = 0; i < std::min(lists->size(), stock.lines.size()); ++i) {
    claimed += std::min<std::uint64_t>(stock.lines[i].available(), lists->line(i).claims());
  }
  return claimed;
}

std::optional<WaitlistStats> Waitlist::Read(const SaleRef& sale) const {
  const State::Sales::Pinned lists(state_->served, sale.id(), sale.hint());
  if (lists.get() == nullptr) return std::nullopt;
  WaitlistStats stats;
  for (std::size_t i = 0; i < lists->size(); ++i) lists->line(i).AddTo(stats);
  return stats;
}

Waitlist::Failures Waitlist::failures() const {
  const MutexLock lock(state_->mutex);
  Failures failures = state_->failures;
  failures.observer_fails = state_->observer_fails.load(std::memory_order_relaxed);
  return failures;
}

bool Waitlist::State::FollowEvents(const SaleId& sale, std::span<const Event> sale_events) {
  const Sales::Pinned lists(served, sale, 0);
  if (lists.get() == nullptr) return true;
  const Time now = polled_at.load(std::memory_order_relaxed);
  bool followed = true;
  for (std::size_t i = 0; i < lists->size(); ++i) {
    WaitlistNews news;
    const Status status = lists->line(i).FollowEvents(sale_events, now, news);
    Tell(now, news);
    Note(status);
    followed = followed && status.ok();
  }
  return followed;
}

Time Waitlist::State::Poll(SaleWaitlists& lists, Time now) {
  Time next = SaturatingAdd(now, options.period);
  const Result<SaleStock> stock = parts.inventory.ReadStock(lists.sale(), now);
  if (!stock.ok() || stock->lines.size() != lists.size()) {
    if (stock.status().code() != StatusCode::kNotFound) Note(stock.status());
    next = SaturatingAdd(now, kBackOff);
    lists.SetDue(next);
    return next;
  }
  std::size_t over = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    WaitlistNews news;
    const ServedWaitlist::Turn turn = lists.line(i).TakeTurn(*stock, now, news);
    Tell(now, news);
    Note(turn.status);
    if (turn.more) next = now;
    if (turn.over) ++over;
  }
  if (over == lists.size()) {
    next = kMaxTime;  // a sale that is over stays so
    if (lists.SeeOver()) {
      TellObserver(
          [&](WaitlistObserver& told) { told.OnOver(now, lists.sale().id(), lists.waited()); });
    }
  }
  lists.SetDue(next);
  return next;
}

Time Waitlist::Poll(Time now) {
  std::vector<SaleId> ids;
  {
    const MutexLock lock(state_->mutex);
    ids = state_->ids;
  }
  if (ids.empty()) return kMaxTime;
  Time next = kMaxTime;
  for (const SaleId& id : ids) {
    const State::Sales::Pinned lists(state_->served, id, 0);
    if (lists.get() == nullptr) continue;
    next = std::min(next, lists->due() > now ? lists->due() : state_->Poll(*lists, now));
  }
  state_->polled_at.store(now, std::memory_order_relaxed);
  const EventPublisher::Report ends = state_->events->Poll(now);
  state_->Note(ends.last_error);
  return std::min(next, ends.more ? now : SaturatingAdd(now, state_->options.period));
}

Time Waitlist::Poll(const SaleId& sale, Time now) {
  const State::Sales::Pinned lists(state_->served, sale, 0);
  return lists.get() == nullptr ? kMaxTime : state_->Poll(*lists, now);
}

}  // namespace flashsale::inline v0
