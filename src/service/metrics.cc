#include "flashsale/service/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <utility>

#include "base/field_check.h"
#include "base/sharded_counters.h"
#include "base/thread_slot.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kCodes = static_cast<std::size_t>(Code::kWaitingPage) + 1;
constexpr std::size_t kStatusCodes = static_cast<std::size_t>(StatusCode::kInternal) + 1;

constexpr bool IsGate(Code code) { return code >= Code::kOverloaded && code <= Code::kWaitingPage; }

struct LatencyCounters {
  std::array<CounterWord, LatencyHistogram::kBuckets> buckets = {};
};

}  // namespace

std::string_view Name(Operation operation) {
  switch (operation) {
    case Operation::kCreate:
      return "create";
    case Operation::kJoin:
      return "join";
    case Operation::kPosition:
      return "position";
    case Operation::kLeave:
      return "leave";
    case Operation::kHeartbeat:
      return "heartbeat";
    case Operation::kReserve:
      return "reserve";
    case Operation::kConfirm:
      return "confirm";
    case Operation::kCancel:
      return "cancel";
    case Operation::kExtend:
      return "extend";
    case Operation::kRelease:
      return "release";
    case Operation::kVoid:
      return "void";
    case Operation::kStart:
      return "start";
    case Operation::kPause:
      return "pause";
    case Operation::kResume:
      return "resume";
    case Operation::kClose:
      return "close";
    case Operation::kCancelSale:
      return "cancel-sale";
    case Operation::kSettle:
      return "settle";
    case Operation::kForget:
      return "forget";
    case Operation::kFind:
      return "find";
    case Operation::kJoinWaitlist:
      return "join-waitlist";
    case Operation::kWaitlistPosition:
      return "waitlist-position";
    case Operation::kLeaveWaitlist:
      return "leave-waitlist";
  }
  return "?";
}

// What one thread counts, or what those count that have no slot of their own.
struct alignas(64) Metrics::Slot {
  explicit Slot(std::uint32_t number) : index(number), random(number * 0x9e3779b97f4a7c15U + 1) {}
  ~Slot() {
    // Relaxed: nobody records any more.
    for (auto& latency : latencies) delete latency.load(std::memory_order_relaxed);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  static std::size_t IndexOf(Operation operation) {
    return std::min(static_cast<std::size_t>(operation), kOperations - 1);
  }

  void Count(Operation operation, Code code) {
    const std::size_t which = std::min(static_cast<std::size_t>(code), kCodes - 1);
    AddTo(outcomes[IndexOf(operation)][which], index, 1);
  }
  void Count(Operation operation, StatusCode code) {
    const std::size_t which = std::min(static_cast<std::size_t>(code), kStatusCodes - 1);
    AddTo(failures[IndexOf(operation)][which], index, 1);
  }
  void Count(Operation operation, std::chrono::nanoseconds latency) {
    LatencyCounters* const counters = LatenciesOf(IndexOf(operation));
    if (counters == nullptr) return;
    const auto taken = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    AddTo(counters->buckets[LatencyHistogram::BucketOf(taken)], index, 1);
  }

  LatencyCounters* LatenciesOf(std::size_t operation) {
    std::atomic<LatencyCounters*>& place = latencies[operation];
    // Acquire pairs with the release below: who sees the counters sees them at zero or later.
    LatencyCounters* present = place.load(std::memory_order_acquire);
    if (present != nullptr) return present;
    auto* const made = new (std::nothrow) LatencyCounters();
    if (place.compare_exchange_strong(present, made, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      return made;
    }
    delete made;
    return present;
  }

  // One of the numbers below `bound`: a linear congruential generator (D. Knuth, MMIX).
  // REQUIRES: bound <= 2^32.
  std::uint64_t Random(std::uint64_t bound) {
    const std::uint64_t next = random.load(std::memory_order_relaxed) * 6'364'136'223'846'793'005U +
                               1'442'695'040'888'963'407U;
    random.store(next, std::memory_order_relaxed);
    return (next >> 32) * bound >> 32;
  }

  const std::uint32_t index;
  // Of the sampling: calls until the next one that is timed.  As many as chance will have it,
  // `one_in` on average: every sixteenth call may always be the same one of a loop.
  CounterWord untimed{0};
  CounterWord random;
  CounterWord expired{0};
  std::array<std::array<CounterWord, kCodes>, kOperations> outcomes = {};
  std::array<std::array<CounterWord, kStatusCodes>, kOperations> failures = {};
  std::array<std::atomic<LatencyCounters*>, kOperations> latencies = {};
};

struct Metrics::State {
  explicit State(const MetricsOptions& from) : options(from) {}
  ~State() {
    for (auto& slot : slots) delete slot.load(std::memory_order_relaxed);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Null where there is no memory for it.
  Slot* MySlot() {
    const std::uint32_t index = MyThreadSlot();
    // Acquire pairs with the release in MakeSlot.
    Slot* const mine = slots[index].load(std::memory_order_acquire);
    return mine != nullptr ? mine : MakeSlot(index);
  }

  Slot* MakeSlot(std::uint32_t index) {
    auto* const made = new (std::nothrow) Slot(index);
    Slot* present = nullptr;
    // Threads that share a slot may all be here.
    if (slots[index].compare_exchange_strong(present, made, std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
      return made;
    }
    delete made;
    return present;
  }

  const MetricsOptions options;
  std::array<std::atomic<Slot*>, kThreadSlots> slots = {};
};

Result<std::unique_ptr<Metrics>> Metrics::New(const MetricsOptions& options) {
  FieldCheck check;
  check.InRange<std::uint32_t>("time_one_in", options.time_one_in, 0, 1'000'000);
  if (!check.ok()) return check.status();
  return std::unique_ptr<Metrics>(new Metrics(std::make_unique<State>(options)));
}

Metrics::Metrics(std::unique_ptr<State> state) : state_(std::move(state)) {}
Metrics::~Metrics() = default;

bool Metrics::ShouldTime() {
  const std::uint64_t one_in = state_->options.time_one_in;
  if (one_in <= 1) return one_in == 1;
  Slot* const slot = state_->MySlot();
  if (slot == nullptr) return false;
  // Relaxed: of this thread, or of a few that share it and whose lost updates are as random as any.
  const std::uint64_t left = slot->untimed.load(std::memory_order_relaxed);
  if (left != 0) {
    slot->untimed.store(left - 1, std::memory_order_relaxed);
    return false;
  }
  slot->untimed.store(slot->Random(2 * one_in - 1), std::memory_order_relaxed);
  return true;
}

void Metrics::Record(Operation operation, Code code) {
  Slot* const slot = state_->MySlot();
  if (slot != nullptr) slot->Count(operation, code);
}

void Metrics::Record(Operation operation, Code code, std::chrono::nanoseconds latency) {
  Slot* const slot = state_->MySlot();
  if (slot == nullptr) return;
  slot->Count(operation, code);
  slot->Count(operation, latency);
}

void Metrics::RecordFailure(Operation operation, StatusCode code) {
  Slot* const slot = state_->MySlot();
  if (slot != nullptr) slot->Count(operation, code);
}

void Metrics::RecordFailure(Operation operation, StatusCode code,
                            std::chrono::nanoseconds latency) {
  Slot* const slot = state_->MySlot();
  if (slot == nullptr) return;
  slot->Count(operation, code);
  slot->Count(operation, latency);
}

void Metrics::CountExpired(std::uint64_t holds) {
  Slot* const slot = state_->MySlot();
  if (slot != nullptr) AddTo(slot->expired, slot->index, holds);
}

MetricsSnapshot Metrics::Snapshot(Time now) const {
  std::vector<const Slot*> slots;
  for (const auto& slot : state_->slots) {
    const Slot* const present = slot.load(std::memory_order_acquire);  // pairs with MakeSlot
    if (present != nullptr) slots.push_back(present);
  }
  const auto sum_of = [&](const auto& counter_in) {
    std::uint64_t sum = 0;
    for (const Slot* slot : slots) sum += counter_in(*slot).load(std::memory_order_relaxed);
    return sum;
  };

  MetricsSnapshot snapshot;
  snapshot.at = now;
  snapshot.holds.expired = sum_of([](const Slot& slot) -> auto& { return slot.expired; });
  for (std::size_t i = 0; i < kOperations; ++i) {
    OperationMetrics metrics{.operation = static_cast<Operation>(i)};
    for (std::size_t code = 0; code < kCodes; ++code) {
      const OutcomeCount counted{
          .operation = metrics.operation,
          .code = static_cast<Code>(code),
          .count = sum_of([&](const Slot& slot) -> auto& { return slot.outcomes[i][code]; })};
      if (counted.count == 0) continue;
      metrics.calls += counted.count;
      snapshot.outcomes.push_back(counted);
      if (IsGate(counted.code)) snapshot.gate_refusals.push_back(counted);
    }
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      const FailureCount counted{
          .operation = metrics.operation,
          .code = static_cast<StatusCode>(code),
          .count = sum_of([&](const Slot& slot) -> auto& { return slot.failures[i][code]; })};
      if (counted.count == 0) continue;
      metrics.calls += counted.count;
      snapshot.failures.push_back(counted);
    }
    for (const Slot* slot : slots) {
      const LatencyCounters* const counters = slot->latencies[i].load(std::memory_order_acquire);
      if (counters == nullptr) continue;
      LatencyHistogram& latency = metrics.latency;
      latency.buckets.resize(LatencyHistogram::kBuckets);
      for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
        const std::uint64_t count = counters->buckets[bucket].load(std::memory_order_relaxed);
        latency.buckets[bucket] += count;
        latency.count += count;
        latency.sum_ns +=
            count *
            ((LatencyHistogram::LowestOf(bucket) + LatencyHistogram::HighestOf(bucket)) / 2);
      }
    }
    snapshot.operations.push_back(std::move(metrics));
  }

  const auto count_of = [&](Operation operation, Code code) {
    for (const OutcomeCount& counted : snapshot.outcomes) {
      if (counted.operation == operation && counted.code == code) return counted.count;
    }
    return std::uint64_t{0};
  };
  snapshot.holds.reserved = count_of(Operation::kReserve, Code::kDone);
  snapshot.holds.confirmed = count_of(Operation::kConfirm, Code::kDone);
  snapshot.holds.revived = count_of(Operation::kConfirm, Code::kRevived);
  snapshot.holds.cancelled = count_of(Operation::kCancel, Code::kDone);
  snapshot.holds.voided = count_of(Operation::kVoid, Code::kDone);
  return snapshot;
}

}  // namespace flashsale::inline v0
