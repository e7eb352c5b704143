#include "flashsale/service/flash_sale_service.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/field_check.h"
#include "service/other_queue.h"
#include "service/queue_setup.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {
namespace {

// A sale has holds for at most so long after its end, and is looked for so long before its start.
constexpr Duration kLookBack = std::chrono::hours{24 * 30};
constexpr Duration kLookAhead = std::chrono::hours{24};
constexpr std::size_t kMostSales = 10'000;
// How long a service whose clock is held sleeps.
constexpr Duration kHeldPeriod = std::chrono::seconds{1};

void CheckMode(FieldCheck& check, std::string_view field, WhenGateFails mode) {
  check.That(mode == WhenGateFails::kLetPass || mode == WhenGateFails::kRefuse, std::string(field),
             fmt::format("{}", static_cast<int>(mode)), "kLetPass or kRefuse");
}

Status Validate(const FlashSaleServiceOptions& options) {
  FieldCheck check;
  CheckMode(check, "when_rates_fail", options.when_rates_fail);
  CheckMode(check, "when_queue_fails", options.when_queue_fails);
  const std::int64_t mark_us = options.time.high_water_mark.time_since_epoch().count();
  check.That(IsValid(options.time.high_water_mark), "time.high_water_mark",
             fmt::format("{} us", mark_us), "0 to 2^53 - 1");
  check.InRange("time.clock_guard", options.time.clock_guard, Duration(0), kMaxTime - kMinTime);
  check.InRange("resend_lookups_per_second", options.resend_lookups_per_second, 1U, 1'000'000U)
      .InRange("refresh_interval", options.refresh_interval, Duration(std::chrono::milliseconds{1}),
               Duration(std::chrono::hours{1}));
  for (std::size_t i = 0; i < options.strategies.size(); ++i) {
    const AllocationStrategy* const strategy = options.strategies[i];
    const std::string field = fmt::format("strategies[{}]", i);
    check.That(strategy != nullptr, field, "null", "a strategy");
    if (!check.ok()) return check.status();
    const auto before = options.strategies.begin() + static_cast<std::ptrdiff_t>(i);
    check.That(std::none_of(options.strategies.begin(), before,
                            [&](const auto* other) { return other->name() == strategy->name(); }),
               field, Printable(strategy->name()), "names that differ");
  }
  return check.status();
}

// Time goes on where an earlier run has left it.
ServiceClockOptions ClockOptions(const FlashSaleServiceOptions& options) {
  ServiceClockOptions time = options.time;
  time.high_water_mark = std::max(time.high_water_mark, options.storage.latest_time());
  return time;
}

// Takes an error's message under the name of the options that it is about.
Status Within(std::string_view field, const Status& status) {
  return Status(status.code(), fmt::format("{}.{}", field, status.message()));
}

// TokenVerifier calls it "jwt_issuer".
Status WithinToken(const Status& status) {
  return Status(status.code(), fmt::format("token_issuer, as {}", status.message()));
}

// RateLimiter calls its limits "limits".
Status WithinRateLimits(const Status& status) {
  return Status(status.code(), fmt::format("rate_{}", status.message()));
}

// The same breaker, whose transitions are logged before the host hears of them.
CircuitBreakerOptions LoggedBy(Logger& logger, CircuitBreakerOptions options) {
  options.on_transition =
      [&logger, told = std::move(options.on_transition)](const CircuitTransition& transition) {
        const std::array<LogField, 2> fields = {LogField{"from", Name(transition.from)},
                                                LogField{"to", Name(transition.to)}};
        logger.Log({.at = transition.at,
                    .level = LogLevel::kWarning,
                    .event = "breaker_turned",
                    .fields = fields});
        if (told) told(transition);
      };
  return options;
}

bool IsDue(std::atomic<Duration::rep>& next_us, Time now, Time next) {
  Duration::rep due = next_us.load(std::memory_order_relaxed);
  const Duration::rep now_us = now.time_since_epoch().count();
  // Relaxed: it only picks one of those who could do the work.
  return due <= now_us && next_us.compare_exchange_strong(due, next.time_since_epoch().count(),
                                                          std::memory_order_relaxed);
}

Time At(const std::atomic<Duration::rep>& us) {
  return Time(Duration(us.load(std::memory_order_relaxed)));
}

}  // namespace

FlashSaleService::State::State(const FlashSaleServiceOptions& given, Made&& parts)
    : options(given),
      made(std::move(parts)),
      inventory(given.storage.inventory()),
      catalogue(given.storage.sales()),
      rates(given.storage.rates()),
      admissions(given.storage.queue()),
      shared(given.storage.traits().shared_across_processes),
      clock(given.clock != nullptr ? *given.clock : *made.own_clock, ClockOptions(given)),
      limits(inventory, catalogue),
      gates({.inventory = inventory,
             .queue = *made.queue,
             .waitlist = *made.waitlist,
             .admissions = given.storage.queue(),
             .limiter = made.limiter.get(),
             .bots = given.bots,
             .breaker = made.breaker.get(),
             .when_rates_fail = given.when_rates_fail,
             .when_queue_fails = given.when_queue_fails,
             .join_on_reserve = given.join_on_reserve,
             .queue_period = given.queue.period,
             .shared = shared,
             .resend_lookups_per_second = given.resend_lookups_per_second}),
      deliveries({.events = *made.events,
                  .countdown = *made.countdown,
                  .queue = *made.queue,
                  .waitlist = *made.waitlist,
                  .logger = *made.logger}) {}

Result<std::unique_ptr<FlashSaleService>> FlashSaleService::New(
    const FlashSaleServiceOptions& options) {
  try {
    if (Status status = Validate(options); !status.ok()) return status;
    State::Made made;
    if (options.clock == nullptr) made.own_clock = NewSystemClock();
    if (options.rate_limits.has_value()) {
      auto limiter = RateLimiter::New(options.storage.rates(), *options.rate_limits);
      if (!limiter.ok()) return WithinRateLimits(limiter.status());
      made.limiter = *std::move(limiter);
    }
    auto tokens = ServiceTokens::New(options);
    if (!tokens.ok()) return WithinToken(tokens.status());
    made.tokens = *std::move(tokens);
    made.waves = std::make_unique<WaveSchedule>(options.storage.inventory());
    auto waitlist = Waitlist::New({.lists = options.storage.waitlists(),
                                   .inventory = options.storage.inventory(),
                                   .queues = options.storage.queue()},
                                  options.waitlist);
    if (!waitlist.ok()) return Within("waitlist", waitlist.status());
    made.waitlist = *std::move(waitlist);
    made.outlook = std::make_unique<SaleOutlook>(*made.waves, *made.waitlist);
    VirtualQueueOptions queue_options = options.queue;
    queue_options.outlook = made.outlook.get();
    auto queue =
        VirtualQueue::New(options.storage.queue(), options.storage.inventory(), queue_options);
    if (!queue.ok()) return Within("queue", queue.status());
    made.queue = *std::move(queue);
    auto cleaner = ReservationCleaner::New(options.storage.inventory(), options.cleaning);
    if (!cleaner.ok()) return Within("cleaning", cleaner.status());
    made.cleaner = *std::move(cleaner);
    auto events = EventPublisher::New(options.storage.inventory(), options.events);
    if (!events.ok()) return Within("events", events.status());
    made.events = *std::move(events);
    auto lapsed = LapsedAdmissions::New(options.storage.inventory(), options.storage.queue());
    if (!lapsed.ok()) return lapsed.status();
    made.lapsed = *std::move(lapsed);
    auto countdown = CountdownService::New(
        {.inventory = options.storage.inventory(), .sales = options.storage.sales()},
        options.countdown);
    if (!countdown.ok()) return Within("countdown", countdown.status());
    made.countdown = *std::move(countdown);
    auto logger = Logger::New(options.log);
    if (!logger.ok()) return Within("log", logger.status());
    made.logger = *std::move(logger);
    if (options.metrics.has_value()) {
      auto metrics = Metrics::New(*options.metrics);
      if (!metrics.ok()) return Within("metrics", metrics.status());
      made.metrics = *std::move(metrics);
    }
    if (options.breaker.has_value()) {
      auto breaker = CircuitBreaker::New(LoggedBy(*made.logger, *options.breaker));
      if (!breaker.ok()) return Within("breaker", breaker.status());
      made.breaker = *std::move(breaker);
    }
    std::unique_ptr<FlashSaleService> service(
        new FlashSaleService(std::make_unique<State>(options, std::move(made))));
    const Time now = service->state_->Now();
    service->state_->next_refresh_us = (now + options.refresh_interval).time_since_epoch().count();
    if (service->state_->clock.held()) {
      service->state_->Log(LogLevel::kError, "clock_held", {}, {});
    }
    service->state_->Refresh(now);
    return service;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  } catch (...) {
    return Status(StatusCode::kInternal, "a strategy threw what is no std::exception");
  }
}

FlashSaleService::FlashSaleService(std::unique_ptr<State> state) : state_(std::move(state)) {}
FlashSaleService::~FlashSaleService() {
  state_->late->door.Close();
  state_->late->door.WaitUntilEmpty();
}

VirtualQueue& FlashSaleService::queue() { return *state_->made.queue; }
Waitlist& FlashSaleService::waitlist() { return *state_->made.waitlist; }
EventPublisher& FlashSaleService::events() { return *state_->made.events; }
CountdownService& FlashSaleService::countdown() { return *state_->made.countdown; }
PurchaseLimitTracker& FlashSaleService::limits() { return state_->limits; }
ServiceClock& FlashSaleService::clock() { return state_->clock; }
Storage& FlashSaleService::storage() { return state_->options.storage; }
bool FlashSaleService::MayWaitForDetectors() const { return state_->gates.MayWaitForBots(); }

const AllocationStrategy* FlashSaleService::State::StrategyNamed(std::string_view name) const {
  const auto found =
      std::find_if(options.strategies.begin(), options.strategies.end(),
                   [name](const auto* strategy) { return strategy->name() == name; });
  if (found != options.strategies.end()) return *found;
  return name == fifo.name() ? &fifo : nullptr;
}

Status FlashSaleService::State::OpenQueue(const QueueTerms& terms,
                                          const AllocationStrategy* strategy,
                                          const SaleWindow& window) {
  Status status = made.queue->Open(terms, Now(), strategy, window).status();
  if (status.code() != StatusCode::kAlreadyExists) return status;
  const Result<QueueState> there = admissions.Read(terms.sale, Now());
  return there.ok() ? OtherQueue(terms, there->terms) : status;
}

Status FlashSaleService::State::Serve(const SaleTerms& terms, const SaleMarks& marks, bool queued) {
  ServedSale::Names names;
  Result<SaleRef> found = inventory.Resolve(terms.id);
  if (!found.ok()) return found.status();
  names.inventory = *found;
  if (queued) {
    found = made.queue->Resolve(terms.id);
    if (!found.ok()) return found.status();
    names.queue = *found;
    found = options.storage.queue().Resolve(terms.id);
    if (!found.ok()) return found.status();
    names.admissions = *found;
    const bool is_known = Sales::Pinned(sales, terms.id, 0).get() != nullptr;
    if (!is_known) {
      if (Status status = made.lapsed->Add(terms, Now()); !status.ok()) return status;
    }
  }
  if (Status status = made.cleaner->Add(terms.id); !status.ok()) return status;
  if (Status status = made.events->AddSale(terms.id); !status.ok()) return status;
  if (Status status = made.waves->Add(terms); !status.ok()) return status;
  const Result<SaleRef> waitlist = made.waitlist->Resolve(terms.id);
  try {
    auto sale = std::make_unique<ServedSale>(terms, marks, names, Now());
    if (waitlist.ok()) sale->NoteWaitlist(*waitlist);
    const MutexLock lock(mutex);
    served.reserve(served.size() + 1);
    if (sales.Add(terms.id, std::move(sale))) {
      served.push_back(terms.id);
      return {};
    }
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
  if (waitlist.ok()) {
    const Sales::Pinned known(sales, terms.id, 0);
    if (known.get() != nullptr) known->NoteWaitlist(*waitlist);
  }
  // It was served already, and may have turned since its marks were read.
  (void)RefreshMarks(terms.id, Now());
  return {};
}

Result<Outcome> FlashSaleService::Create(const SaleTerms& terms, const QueueSetup& queue,
                                         const WaitlistSetup& waitlist) {
  return state_->Counted<Result<Outcome>>(Operation::kCreate, terms.id, [&] {
    Result<Outcome> created = state_->Create(terms, queue, waitlist);
    if (created.ok()) {
      const std::array<LogField, 1> fields = {LogField{"answer", Name(created->code)}};
      state_->Log(LogLevel::kInfo, "sale_created", terms.id, fields);
    }
    return created;
  });
}

Status FlashSaleService::State::CheckQueue(const SaleTerms& terms, const QueueTerms& queue) {
  FieldCheck check;
  check.That(StrategyNamed(queue.strategy) != nullptr, "strategy", Printable(queue.strategy),
             "one of the service's strategies, where it is looked for after a restart");
  const Time now = Now();
  // Whoever serves it is the first to make it, or comes later, when less of the sale is left.
  const bool outlasts = queue.restore_window > Duration(0) && now < terms.end &&
                        SaturatingAdd(now, queue.restore_window) >= terms.end &&
                        admissions.Read(terms.id, now).status().code() == StatusCode::kNotFound;
  check.That(!outlasts, "restore_window", fmt::format("{} us", queue.restore_window.count()),
             fmt::format("less than {} us, in which the sale ends: until the window does nobody is "
                         "let in",
                         (terms.end - now).count()));
  return check.status();
}

Result<Outcome> FlashSaleService::State::Create(const SaleTerms& terms, const QueueSetup& queue,
                                                const WaitlistSetup& waitlist) {
  const Result<SaleTerms> valid = flashsale::Validate(terms);
  if (!valid.ok()) return valid.status();
  if (!valid->requires_admission && queue != QueueSetup{}) {
    return Status(StatusCode::kInvalidArgument,
                  "requires_admission: false, expected true where a queue is set up");
  }
  QueueTerms queue_terms;
  if (valid->requires_admission) {
    Result<QueueTerms> made_of = QueueTermsOf(*valid, queue);
    if (!made_of.ok()) return Within("queue", made_of.status());
    queue_terms = *std::move(made_of);
    if (Status status = CheckQueue(*valid, queue_terms); !status.ok())
      return Within("queue", status);
  }
  if (!waitlist.enabled && waitlist != WaitlistSetup{}) {
    return Status(StatusCode::kInvalidArgument,
                  "waitlist.enabled: false, expected true where a waitlist is set up");
  }
  if (waitlist.enabled) {
    if (Status status = Waitlist::Check(*valid, waitlist); !status.ok()) {
      return Within("waitlist", status);
    }
  }
  const Result<Outcome> created = inventory.Create(*valid);
  if (!created.ok()) return created.status();
  if (valid->requires_admission) {
    const Status status = OpenQueue(queue_terms, queue.strategy, {valid->start, valid->end});
    if (!status.ok()) return Within("queue", status);
  }
  if (waitlist.enabled) {
    if (Status status = made.waitlist->Open(*valid, waitlist, Now()); !status.ok()) {
      return Within("waitlist", status);
    }
  } else {
    const Result<bool> has_some = made.waitlist->Serve(*valid, Now());
    if (!has_some.ok()) return has_some.status();
    if (*has_some) {
      return Status(StatusCode::kAlreadyExists,
                    "waitlist.enabled: false, expected true, with which the sale was made");
    }
  }
  // Last: other servers that find the sale in the catalogue serve it with what it has by then.
  const Result<std::uint64_t> put = catalogue.Put({.terms = *valid});
  if (!put.ok() && put.status().code() != StatusCode::kConflict) return put.status();

  const Result<SaleStock> stock = inventory.ReadStock(valid->id, Now());
  if (!stock.ok()) return stock.status();
  if (Status status = Serve(*valid, stock->marks, valid->requires_admission); !status.ok()) {
    return status;
  }
  return *created;
}

Status FlashSaleService::State::ServeFromCatalogue(const FlashSale& sale, Time now) {
  const SaleId& id = sale.terms.id;
  const Result<SaleStock> stock = inventory.ReadStock(id, now);
  if (!stock.ok()) return stock.status();
  if (sale.terms.requires_admission) {
    const Result<QueueState> queue = options.storage.queue().Read(id, now);
    if (!queue.ok()) return queue.status();
    const AllocationStrategy* const strategy = StrategyNamed(queue->terms.strategy);
    if (strategy == nullptr) {
      return Status(StatusCode::kFailedPrecondition,
                    fmt::format("strategies: the queue of sale {} needs one named {}",
                                Printable(id.view()), Printable(queue->terms.strategy)));
    }
    const Result<Outcome> opened =
        made.queue->Open(queue->terms, now, strategy, {sale.terms.start, sale.terms.end});
    if (!opened.ok()) return opened.status();
  }
  const Result<bool> waitlist = made.waitlist->Serve(sale.terms, now);
  if (!waitlist.ok()) return waitlist.status();
  return Serve(sale.terms, stock->marks, sale.terms.requires_admission);
}

Status FlashSaleService::Serve(const SaleId& sale) {
  const Result<FlashSale> found = state_->catalogue.Get(sale);
  Status status = found.ok() ? state_->ServeFromCatalogue(*found, state_->Now()) : found.status();
  if (status.ok()) {
    state_->Log(LogLevel::kInfo, "sale_served", sale, {});
  } else {
    state_->LogNotServed(sale, status);
  }
  return status;
}

Status FlashSaleService::State::Drop(const SaleId& sale) {
  made.cleaner->Remove(sale);
  made.queue->Detach(sale);
  made.events->RemoveSale(sale);
  made.lapsed->Remove(sale);
  made.waves->Remove(sale);
  made.waitlist->Detach(sale);
  {
    const MutexLock lock(mutex);
    std::erase(served, sale);
  }
  // Waits for calls that are under way, and what a host does in them may ask for metrics.
  sales.Remove(sale);
  return {};
}

Result<SaleRef> FlashSaleService::Resolve(const SaleId& sale) {
  const std::uint64_t hint = state_->sales.HintFor(sale);
  if (hint != 0) return SaleRef(sale, hint);
  return Status(StatusCode::kNotFound,
                fmt::format("sale: {}, expected one that is served here", Printable(sale.view())));
}

Status FlashSaleService::State::RefreshMarks(const SaleId& sale, Time now) {
  const Sales::Pinned known(sales, sale, 0);
  if (known.get() == nullptr) return {StatusCode::kNotFound, "not served here"};
  const std::uint32_t version = known->marks_version();
  const Result<SaleStock> stock = inventory.ReadStock(known->inventory(), now);
  if (!stock.ok()) return stock.status();
  known->NoteRead(stock->marks, version);
  return {};
}

void FlashSaleService::State::Refresh(Time now) {
  LogPoll("time_not_kept", options.storage.KeepTime(now));
  const Result<std::vector<FlashSale>> found = catalogue.FindByWindow(
      {.from = Time(std::max(now.time_since_epoch() - kLookBack, Duration(0))),
       .to = SaturatingAdd(now, kLookAhead)},
      kMostSales);
  if (!found.ok()) return;
  for (const FlashSale& sale : *found) {
    if (sale.marks.settled) continue;
    // What cannot be served now is tried again at the next refresh.
    Status status = RefreshMarks(sale.terms.id, now);
    if (status.code() == StatusCode::kNotFound) status = ServeFromCatalogue(sale, now);
    if (!status.ok()) LogNotServed(sale.terms.id, status);
  }
}

void FlashSaleService::State::LogNotServed(const SaleId& sale, const Status& error) {
  const std::array<LogField, 1> fields = {LogField{"error", error.message()}};
  Log(LogLevel::kWarning, "sale_not_served", sale, fields);
}

void FlashSaleService::State::LogPoll(std::string_view event, const Status& error) {
  if (error.ok()) return;
  const std::array<LogField, 1> fields = {LogField{"error", error.message()}};
  Log(LogLevel::kWarning, event, {}, fields);
}

void FlashSaleService::State::LogQueueFailures() {
  const VirtualQueue::Failures failures = made.queue->failures();
  const std::uint64_t all = failures.store + failures.strategy;
  // Relaxed: two Polls at once may log the same failure twice.
  if (queue_failures_told.exchange(all, std::memory_order_relaxed) == all) return;
  LogPoll("queue_failed", failures.last);
}

void FlashSaleService::State::LogWaitlistFailures() {
  const Waitlist::Failures failures = made.waitlist->failures();
  if (waitlist_failures_told.exchange(failures.store, std::memory_order_relaxed) ==
      failures.store) {
    return;
  }
  LogPoll("waitlist_failed", failures.last);
}

Time FlashSaleService::Poll() {
  const Time now = state_->Now();
  if (state_->clock.held()) return SaturatingAdd(now, kHeldPeriod);
  if (IsDue(state_->next_refresh_us, now, now + state_->options.refresh_interval)) {
    state_->Refresh(now);
  }
  if (IsDue(state_->next_rates_us, now, now + std::chrono::milliseconds{1})) {
    const Time next = state_->rates.Poll(now);
    state_->next_rates_us.store(next.time_since_epoch().count(), std::memory_order_relaxed);
  }
  const WaveSchedule::Report waves = state_->made.waves->Poll(now);
  state_->LogPoll("waves_failed", waves.last_error);
  const ReservationCleaner::Report cleaned = state_->made.cleaner->Poll(now);
  if (state_->made.metrics != nullptr) state_->made.metrics->CountExpired(cleaned.expired);
  state_->LogPoll("cleaner_failed", cleaned.last_error);
  state_->LogPoll("lapsed_admissions_failed", state_->made.lapsed->Poll(now));
  // Before the queue: whoever waits for what came back is asked first.
  const Time offered = state_->made.waitlist->Poll(now);
  state_->LogWaitlistFailures();
  const Time queued = state_->made.queue->Poll(now);
  state_->LogQueueFailures();
  const EventPublisher::Report published = state_->made.events->Poll(now);
  state_->LogPoll("publisher_failed", published.last_error);
  const CountdownService::Report told = state_->made.countdown->Poll(now);
  state_->LogPoll("countdown_failed", told.last_error);
  state_->deliveries.Look(now);
  const Time judged = state_->options.bots == nullptr ? kMaxTime : state_->options.bots->Poll(now);
  return std::min({waves.next_poll, cleaned.next_poll, offered, queued, published.next_poll,
                   told.next_poll, judged, At(state_->next_refresh_us), At(state_->next_rates_us)});
}

}  // namespace flashsale::inline v0
