#include "flashsale/service/virtual_queue.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/directory.h"
#include "base/field_check.h"
#include "base/mutex.h"
#include "flashsale/policy/fifo_strategy.h"
#include "service/checked_strategy.h"
#include "service/served_queue.h"
#include "service/spread.h"

namespace flashsale::inline v0 {
namespace {

constexpr Duration kShortestPoll = std::chrono::milliseconds{10};
constexpr Duration kLongestPoll = std::chrono::hours{1};

Status Validate(const VirtualQueueOptions& options) {
  FieldCheck check;
  check
      .InRange("period", options.period, Duration(std::chrono::milliseconds{1}),
               Duration(std::chrono::seconds{10}))
      .InRange("batch", options.batch, std::size_t{1}, std::size_t{1'000'000})
      .InRange("waiting_page_retry", options.waiting_page_retry, Duration(std::chrono::seconds{1}),
               Duration(std::chrono::hours{1}))
      .InRange("shortest_poll", options.shortest_poll, kShortestPoll, options.longest_poll)
      .InRange("longest_poll", options.longest_poll, options.shortest_poll, kLongestPoll);
  if (check.ok() && options.adaptive.has_value()) {
    const Status adaptive = flashsale::Validate(*options.adaptive);
    if (!adaptive.ok()) {
      return Status(adaptive.code(), fmt::format("adaptive.{}", adaptive.message()));
    }
  }
  return check.status();
}

Status NotServed(const SaleRef& sale) {
  return Status(StatusCode::kNotFound,
                fmt::format("sale: {}, expected one with a queue that is served here",
                            Printable(sale.id().view())));
}

// What somebody is told who has no place, and why: that, and the sale.
QueuePlace RefusedAt(ServedQueue& queue, const Outcome& refusal) {
  QueuePlace place{.outcome = refusal};
  queue.view().DescribeSale(place);
  // Whoever refuses them may know it sooner than the last look at the sale.
  if (refusal.code == Code::kSaleEnded) place.sale_state = SaleState::kEnded;
  if (refusal.code == Code::kSaleCancelled) place.sale_state = SaleState::kCancelled;
  return place;
}

// Who orders those who gather has nobody to order where nobody does.
Status CheckGathering(const QueueTerms& terms, const CheckedStrategy& strategy) {
  FieldCheck check;
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    check.That(
        strategy.keeps_arrival_order() || terms.opens[tier] != kMinTime,
        fmt::format("opens[{}]", tier), "0 us",
        fmt::format("when its line opens: strategy {} orders those who have gathered by then",
                    Printable(strategy.name())));
  }
  return check.status();
}

// A queue's turn, while it lives; false where somebody else has it, be it further up on this
// thread: an observer may do what polls.
class HeldTurn {
 public:
  explicit HeldTurn(ServedQueue& queue) : queue_(queue), is_held_(queue.TryHoldTurn()) {}
  ~HeldTurn() {
    if (is_held_) queue_.LetGoOfTurn();
  }
  HeldTurn(const HeldTurn&) = delete;
  HeldTurn& operator=(const HeldTurn&) = delete;

  explicit operator bool() const { return is_held_; }

 private:
  ServedQueue& queue_;
  const bool is_held_;
};

}  // namespace

struct VirtualQueue::State {
  using Queues = Directory<ServedQueue>;

  State(QueueRepository& repository, InventoryRepository& stock, const VirtualQueueOptions& given)
      : queues(repository),
        inventory(stock),
        options(given),
        store(given.adaptive.value_or(AdaptivePaceOptions{}).slow_call) {}

  // Calls use(queue); its result, or NotFound.
  template <typename R, typename Use>
  R With(const SaleRef& sale, Use use) {
    const Queues::Pinned queue(served, sale.id(), sale.hint());
    if (queue.get() == nullptr) return NotServed(sale);
    return use(*queue);
  }

  // One command; how it was answered.
  Result<QueueAnswer> Apply(const ServedQueue& queue, const QueueCommand& command, Time now) {
    QueueAnswer answer;
    Status status = queues.Apply(queue.queue(), now, {&command, 1}, {&answer, 1});
    if (!status.ok()) return status;
    return answer;
  }

  // What is answered to who has no ticket, perhaps because the sale is over; Done where it goes on,
  // or cannot be asked.
  Code AnswerWhenOver(ServedQueue& queue, Time now) {
    const Result<SaleStock> stock = inventory.ReadStock(queue.sale(), now);
    if (!stock.ok() || !IsOver(stock->phase)) return Code::kDone;
    queue.view().NoteStock(*stock);
    return AnswerToNewReserve(stock->phase);
  }

  // A join, which brings people who wait back into the tier where they had their place.
  Result<QueueAnswer> Join(ServedQueue& queue, const QueueCommand& command, Time now) {
    Result<QueueAnswer> answer = Apply(queue, command, now);
    const bool stands_elsewhere = answer.ok() && command.verb == QueueVerb::kRestore &&
                                  answer->entry.state == TicketState::kWaiting &&
                                  answer->entry.tier != command.tier &&
                                  answer->entry.restored_place == 0;
    if (!stands_elsewhere || !queue.view().TakesBack(now)) return answer;
    const std::array<QueueCommand, 2> commands = {
        QueueCommand{.verb = QueueVerb::kLeave, .user = command.user}, command};
    std::array<QueueAnswer, 2> answers;
    Status status = queues.Apply(queue.queue(), now, commands, answers);
    if (!status.ok()) return status;
    return answers[1];
  }

  void Note(const Status& status, bool of_strategy) FLASHSALE_EXCLUDES(mutex);
  void Tell(const SaleId& sale, Time now, const ServedQueue::Turn& turn);
  Time Poll(ServedQueue& queue, Time now) {
    const HeldTurn held(queue);
    if (!held) return SaturatingAdd(now, options.period);
    const ServedQueue::Turn turn = queue.Poll(now);
    if (!turn.admitted.empty() || turn.flow.has_value()) Tell(queue.id(), now, turn);
    Note(turn.status, false);
    Note(turn.strategy, true);
    Note(turn.opening.status, turn.opening.of_strategy);
    return turn.next;
  }

  QueueRepository& queues;
  InventoryRepository& inventory;
  const VirtualQueueOptions options;
  const FifoStrategy fifo{};
  Queues served;
  StoreWatch store;
  std::atomic<QueueObserver*> observer{nullptr};
  std::atomic<bool> observer_fails{false};  // relaxed: a flag for logs, read on its own

  Mutex mutex;
  std::vector<SaleId> ids FLASHSALE_GUARDED_BY(mutex);
  Failures failures FLASHSALE_GUARDED_BY(mutex);
};

void VirtualQueue::State::Note(const Status& status, bool of_strategy) {
  // Somebody else lets people in; what a strategy waits for is not there yet.
  const StatusCode usual = of_strategy ? StatusCode::kUnavailable : StatusCode::kConflict;
  if (status.ok() || status.code() == usual) return;
  const MutexLock lock(mutex);
  ++(of_strategy ? failures.strategy : failures.store);
  failures.last = status;
}

void VirtualQueue::State::Tell(const SaleId& sale, Time now, const ServedQueue::Turn& turn) {
  // Acquire pairs with the release of Observe.
  QueueObserver* const told = observer.load(std::memory_order_acquire);
  if (told == nullptr) return;
  try {
    if (!turn.admitted.empty()) told->OnAdmitted(sale, now, turn.admitted);
    if (turn.flow.has_value()) told->OnFlow(sale, now, *turn.flow);
    observer_fails.store(false, std::memory_order_relaxed);
  } catch (...) {
    observer_fails.store(true, std::memory_order_relaxed);
    const MutexLock lock(mutex);
    ++failures.observer;
    failures.last = Status(StatusCode::kInternal, "the queue's observer threw");
  }
}

Result<std::unique_ptr<VirtualQueue>> VirtualQueue::New(QueueRepository& queues,
                                                        InventoryRepository& inventory,
                                                        const VirtualQueueOptions& options) {
  if (Status status = Validate(options); !status.ok()) return status;
  return std::unique_ptr<VirtualQueue>(
      new VirtualQueue(std::make_unique<State>(queues, inventory, options)));
}

VirtualQueue::VirtualQueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
VirtualQueue::~VirtualQueue() = default;

Result<Outcome> VirtualQueue::Open(const QueueTerms& terms, Time now,
                                   const AllocationStrategy* given, const SaleWindow& window) {
  Result<CheckedStrategy> strategy =
      CheckedStrategy::New(given == nullptr ? state_->fifo : *given, terms);
  if (!strategy.ok()) return strategy.status();
  if (Status status = CheckGathering(terms, *strategy); !status.ok()) return status;
  const Result<SaleRef> sale = state_->inventory.Resolve(terms.sale);
  if (!sale.ok()) return sale.status();
  const Result<Outcome> opened = state_->queues.Open(terms, now);
  if (!opened.ok()) return opened.status();
  const Result<SaleRef> queue = state_->queues.Resolve(terms.sale);
  if (!queue.ok()) return queue.status();
  const Result<QueueState> present = state_->queues.Read(*queue, now);
  if (!present.ok()) return present.status();
  const Result<SaleStock> stock = state_->inventory.ReadStock(*sale, now);
  if (!stock.ok()) return stock.status();
  try {
    const MutexLock lock(state_->mutex);
    state_->ids.reserve(state_->ids.size() + 1);
    const bool added = state_->served.Add(
        terms.sale,
        std::make_unique<ServedQueue>(
            ServedQueue::Parts{state_->queues, state_->inventory, state_->options, state_->store},
            ServedQueue::Present{*present, *stock}, *std::move(strategy), *queue, *sale, window));
    if (added) state_->ids.push_back(terms.sale);
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
  return *opened;
}

void VirtualQueue::Detach(const SaleId& sale) {
  {
    const MutexLock lock(state_->mutex);
    std::erase(state_->ids, sale);
  }
  // Waits for turns that are under way, and they may want to note a failure.
  state_->served.Remove(sale);
}

void VirtualQueue::Observe(QueueObserver* observer) {
  // Release pairs with the acquire of Tell.
  state_->observer.store(observer, std::memory_order_release);
}

Result<SaleRef> VirtualQueue::Resolve(const SaleId& sale) {
  const std::uint64_t hint = state_->served.HintFor(sale);
  if (hint == 0) return NotServed(sale);
  return SaleRef(sale, hint);
}

QueuePlace VirtualQueue::Refused(const SaleRef& sale, const Outcome& refusal) {
  const State::Queues::Pinned queue(state_->served, sale.id(), sale.hint());
  return queue.get() == nullptr ? QueuePlace{.outcome = refusal} : RefusedAt(*queue, refusal);
}

Result<QueuePlace> VirtualQueue::Join(const SaleRef& sale, const QueueJoin& join, Time now) {
  return state_->With<Result<QueuePlace>>(sale, [&](ServedQueue& queue) -> Result<QueuePlace> {
    if (const Code over = queue.view().AnswerWhenOver(); over != Code::kDone) {
      return RefusedAt(queue, {.code = over});
    }
    const QueueVerb comes = join.restored_place == 0 ? QueueVerb::kJoin : QueueVerb::kRestore;
    // Who waits already keeps the ticket, even for what is gone.
    const QueueVerb verb = queue.view().SoldOutForGood() ? QueueVerb::kTouch : comes;
    const Result<QueueAnswer> answer = state_->Join(
        queue,
        {.verb = verb, .tier = queue.TierOf(join), .user = join.user, .place = join.restored_place},
        now);
    if (!answer.ok()) return answer.status();
    if (answer->code == Code::kSaleEnded) {
      const Code over = state_->AnswerWhenOver(queue, now);
      return RefusedAt(queue, {.code = over == Code::kDone ? Code::kSaleEnded : over});
    }
    QueuePlace place{.outcome = {.code = answer->code}};
    if (answer->code == Code::kInvalid) {
      place.outcome.field = join.user.is_nil() ? Field::kUser : Field::kTier;
    }
    queue.view().Describe(*answer, now, place);
    if (verb == QueueVerb::kTouch) {
      const bool unknown = answer->code == Code::kUnknownTicket;
      if (unknown || answer->code == Code::kDone) {
        place.outcome.code = unknown ? Code::kSoldOut : Code::kAlreadyDone;
      }
    }
    if (place.outcome.code == Code::kWaitingPage) {
      const Duration mean = queue.waiting_page_retry();
      place.outcome.when_us = (mean / 2 + SpreadOver(mean, join.user, now)).count();
    }
    return place;
  });
}

Result<QueuePlace> VirtualQueue::Position(const SaleRef& sale, const UserId& user, Time now) {
  return state_->With<Result<QueuePlace>>(sale, [&](ServedQueue& queue) -> Result<QueuePlace> {
    if (const Code over = queue.view().AnswerWhenOver(); over != Code::kDone) {
      return RefusedAt(queue, {.code = over});
    }
    const Result<QueueAnswer> answer =
        state_->Apply(queue, {.verb = QueueVerb::kTouch, .user = user}, now);
    if (!answer.ok()) return answer.status();
    if (answer->code == Code::kUnknownTicket) {
      const Code over = state_->AnswerWhenOver(queue, now);
      if (over != Code::kDone) return RefusedAt(queue, {.code = over});
    }
    QueuePlace place{.outcome = {.code = answer->code}};
    queue.view().Describe(*answer, now, place);
    if (place.outlook == Outlook::kSoldOut) place.outcome.code = Code::kSoldOut;
    return place;
  });
}

Result<Outcome> VirtualQueue::Heartbeat(const SaleRef& sale, const UserId& user, Time now) {
  return state_->With<Result<Outcome>>(sale, [&](ServedQueue& queue) -> Result<Outcome> {
    if (const Code over = queue.view().AnswerWhenOver(); over != Code::kDone) {
      return Outcome{.code = over};
    }
    const Result<QueueAnswer> answer =
        state_->Apply(queue, {.verb = QueueVerb::kTouch, .user = user}, now);
    if (!answer.ok()) return answer.status();
    if (answer->code == Code::kUnknownTicket) {
      const Code over = state_->AnswerWhenOver(queue, now);
      if (over != Code::kDone) return Outcome{.code = over};
    }
    return Outcome{.code = answer->code};
  });
}

Result<Outcome> VirtualQueue::Leave(const SaleRef& sale, const UserId& user, Time now) {
  return state_->With<Result<Outcome>>(sale, [&](ServedQueue& queue) -> Result<Outcome> {
    const Result<QueueAnswer> answer =
        state_->Apply(queue, {.verb = QueueVerb::kLeave, .user = user}, now);
    if (!answer.ok()) return answer.status();
    return Outcome{.code = answer->code};
  });
}

AdmissionProbe VirtualQueue::Probe(const SaleRef& sale, const UserId& user) {
  const State::Queues::Pinned queue(state_->served, sale.id(), sale.hint());
  if (queue.get() == nullptr) return {.sale = sale, .user = user};
  return state_->queues.Probe(queue->queue(), user);
}

Status VirtualQueue::FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                    std::span<Admission> admissions) {
  return state_->queues.FindAdmissions(now, probes, admissions);
}

Status VirtualQueue::MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                              std::span<const std::uint64_t> numbers) {
  return state_->queues.MarkUsed(now, probes, numbers);
}

Status VirtualQueue::Complete(const SaleRef& sale, const UserId& user, std::uint64_t admission,
                              Time now) {
  return state_->With<Status>(sale, [&](ServedQueue& queue) {
    return state_
        ->Apply(queue, {.verb = QueueVerb::kComplete, .user = user, .admission = admission}, now)
        .status();
  });
}

Result<QueueState> VirtualQueue::Read(const SaleRef& sale, Time now) {
  return state_->With<Result<QueueState>>(
      sale, [&](ServedQueue& queue) { return state_->queues.Read(queue.queue(), now); });
}

Time VirtualQueue::Epoch(const SaleRef& sale) {
  const State::Queues::Pinned queue(state_->served, sale.id(), sale.hint());
  return queue.get() == nullptr ? kMinTime : queue->view().epoch();
}

Result<LatencyHistogram> VirtualQueue::Waits(const SaleRef& sale) {
  return state_->With<Result<LatencyHistogram>>(
      sale, [](ServedQueue& queue) -> Result<LatencyHistogram> { return queue.Waits(); });
}

void VirtualQueue::NoteStore(Duration latency, bool ok) { state_->store.Note(latency, ok); }

Status VirtualQueue::SetPace(const SaleRef& sale, Time now, const QueuePace& pace) {
  return state_->With<Status>(sale, [&](ServedQueue& queue) {
    Status status = state_->queues.SetPace(queue.queue(), now, pace);
    if (status.ok()) queue.NotePace(pace);
    return status;
  });
}

VirtualQueue::Failures VirtualQueue::failures() const {
  const MutexLock lock(state_->mutex);
  Failures failures = state_->failures;
  failures.observer_fails = state_->observer_fails.load(std::memory_order_relaxed);
  return failures;
}

Time VirtualQueue::Poll(Time now) {
  std::vector<SaleId> ids;
  {
    const MutexLock lock(state_->mutex);
    ids = state_->ids;
  }
  Time next = kMaxTime;
  for (const SaleId& id : ids) {
    const State::Queues::Pinned queue(state_->served, id, 0);
    if (queue.get() == nullptr) continue;
    next = std::min(next, queue->due() > now ? queue->due() : state_->Poll(*queue, now));
  }
  return next;
}

Time VirtualQueue::Poll(const SaleId& sale, Time now) {
  const State::Queues::Pinned queue(state_->served, sale, 0);
  return queue.get() == nullptr ? kMaxTime : state_->Poll(*queue, now);
}

}  // namespace flashsale::inline v0
