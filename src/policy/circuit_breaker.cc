#include "flashsale/policy/circuit_breaker.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "base/field_check.h"
#include "base/mutex.h"
#include "policy/call_window.h"

namespace flashsale::inline v0 {
namespace {

Status Check(const CircuitBreakerOptions& options) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  constexpr Duration kDay = hours{24};
  constexpr std::uint32_t kThousand = 1'000;
  FieldCheck check;
  check.InRange("window", options.window, milliseconds{10}, kDay)
      .InRange<std::uint32_t>("buckets", options.buckets, 2, 60)
      .That(options.window / std::max(options.buckets, 1U) >= milliseconds{1}, "buckets",
            fmt::format("{}", options.buckets), "at least 1 ms of the window each")
      .InRange<std::uint32_t>("min_calls", options.min_calls, 1, 1'000'000)
      .InRange<std::uint32_t>("failure_percent", options.failure_percent, 1, 100)
      .InRange("slow_call", options.slow_call, Duration{1}, hours{1})
      .InRange<std::uint32_t>("slow_percent", options.slow_percent, 1, 100)
      .InRange("open_for", options.open_for, milliseconds{1}, kDay)
      .InRange<std::uint32_t>("open_growth_percent", options.open_growth_percent, 100, kThousand)
      .InRange("open_ceiling", options.open_ceiling, options.open_for, kDay)
      .InRange<std::uint32_t>("probes", options.probes, 1, kThousand)
      .InRange<std::uint32_t>("successes_to_close", options.successes_to_close, 1, kThousand)
      .InRange("probe_timeout", options.probe_timeout, milliseconds{1}, kDay)
      .That(options.abandoned == AbandonedCall::kIgnored ||
                options.abandoned == AbandonedCall::kFailure,
            "abandoned", fmt::format("{}", static_cast<unsigned>(options.abandoned)),
            "kIgnored or kFailure");
  return check.status();
}

// State and epoch in one word, so that a report sees both of one moment.
constexpr std::uint64_t Pack(CircuitState state, std::uint64_t epoch) {
  return epoch << 2 | static_cast<std::uint64_t>(state);
}
constexpr CircuitState StateIn(std::uint64_t word) { return static_cast<CircuitState>(word & 3); }
constexpr std::uint64_t EpochIn(std::uint64_t word) { return word >> 2; }

bool Reaches(std::uint64_t part, std::uint64_t of, std::uint32_t percent) {
  return part * 100 >= of * percent;
}

}  // namespace

std::string_view Name(CircuitState state) {
  switch (state) {
    case CircuitState::kClosed:
      return "closed";
    case CircuitState::kOpen:
      return "open";
    case CircuitState::kHalfOpen:
      return "half-open";
  }
  return "?";
}

struct CircuitBreaker::State {
  explicit State(const CircuitBreakerOptions& from)
      : options(from), open_for(from.open_for), window(from.window, from.buckets) {}

  bool MustOpen(std::uint64_t epoch, Time now) const {
    const CallWindow::Sums sums = window.Read(epoch, now);
    return sums.calls >= options.min_calls &&
           (Reaches(sums.failed, sums.calls, options.failure_percent) ||
            Reaches(sums.slow, sums.calls, options.slow_percent));
  }

  CircuitTransition MoveTo(CircuitState to, Time now) FLASHSALE_REQUIRES(mutex) {
    // Relaxed: written under this mutex only.
    const std::uint64_t word = control.load(std::memory_order_relaxed);
    const std::uint64_t epoch = EpochIn(word) + 1;
    if (to == CircuitState::kOpen) {
      open_until_us.store(SaturatingAdd(now, open_for).time_since_epoch().count(),
                          std::memory_order_relaxed);
      ++times_opened;
    }
    probes_out = 0;
    successes = 0;
    last_heard = now;
    // Release pairs with the acquire of TryAcquire: who sees the state sees open_until_us.
    control.store(Pack(to, epoch), std::memory_order_release);
    return {.from = StateIn(word), .to = to, .epoch = epoch, .at = now};
  }

  CircuitTransition Reopen(Time now) FLASHSALE_REQUIRES(mutex) {
    open_for = std::min(options.open_ceiling, open_for * options.open_growth_percent / 100);
    return MoveTo(CircuitState::kOpen, now);
  }

  void Tell(const CircuitTransition& transition) {
    if (!options.on_transition) return;
    try {
      options.on_transition(transition);
    } catch (...) {
      callback_failures.fetch_add(1, std::memory_order_relaxed);  // a count, read on its own
    }
  }

  const CircuitBreakerOptions options;
  std::atomic<std::uint64_t> control{Pack(CircuitState::kClosed, 1)};
  std::atomic<std::int64_t> open_until_us{0};
  std::atomic<std::uint64_t> callback_failures{0};

  // Counted apart, because a crowd is refused at once.
  struct alignas(64) Counter {
    std::atomic<std::uint64_t> count{0};
  };
  std::array<Counter, 8> refused;

  mutable Mutex mutex;
  Duration open_for FLASHSALE_GUARDED_BY(mutex);
  std::uint32_t probes_out FLASHSALE_GUARDED_BY(mutex) = 0;
  std::uint32_t successes FLASHSALE_GUARDED_BY(mutex) = 0;
  // When the last probe was let out or reported.
  Time last_heard FLASHSALE_GUARDED_BY(mutex){};
  std::uint64_t times_opened FLASHSALE_GUARDED_BY(mutex) = 0;

  CallWindow window;
};

Result<std::unique_ptr<CircuitBreaker>> CircuitBreaker::New(const CircuitBreakerOptions& options) {
  Status status = Check(options);
  if (!status.ok()) return status;
  return std::unique_ptr<CircuitBreaker>(new CircuitBreaker(options));
}

CircuitBreaker::CircuitBreaker(const CircuitBreakerOptions& options)
    : state_(std::make_unique<State>(options)) {}

CircuitBreaker::~CircuitBreaker() = default;

CircuitBreaker::Permit CircuitBreaker::TryAcquire(Time now) {
  // Acquire pairs with MoveTo's release.
  const std::uint64_t word = state_->control.load(std::memory_order_acquire);
  if (StateIn(word) != CircuitState::kClosed) return TryAcquireUnlessClosed(now);
  Permit permit;
  permit.breaker_ = this;
  permit.epoch_ = EpochIn(word);
  permit.acquired_ = now;
  permit.granted_ = true;
  return permit;
}

CircuitBreaker::Permit CircuitBreaker::TryAcquireUnlessClosed(Time now) {
  State& s = *state_;
  Permit permit;
  const auto refuse = [&](Duration wait) {
    s.refused[MyThreadSlot() % s.refused.size()].count.fetch_add(1, std::memory_order_relaxed);
    permit.retry_after_ = std::max(wait, Duration{1});
  };
  const auto remaining = [&] {
    return Time(Duration(s.open_until_us.load(std::memory_order_relaxed))) - now;
  };
  // The crowd that is refused takes no lock.
  if (StateIn(s.control.load(std::memory_order_acquire)) == CircuitState::kOpen) {
    const Duration wait = remaining();
    if (wait > Duration{0}) {
      refuse(wait);
      return permit;
    }
  }
  std::array<CircuitTransition, 1> moved;
  std::size_t moves = 0;
  {
    const MutexLock lock(s.mutex);
    CircuitState state = StateIn(s.control.load(std::memory_order_relaxed));
    if (state == CircuitState::kOpen && remaining() <= Duration{0}) {
      moved[moves++] = s.MoveTo(CircuitState::kHalfOpen, now);
      state = CircuitState::kHalfOpen;
    } else if (state == CircuitState::kHalfOpen && s.probes_out == s.options.probes &&
               now - s.last_heard >= s.options.probe_timeout) {
      moved[moves++] = s.Reopen(now);
      state = CircuitState::kOpen;
    }
    if (state == CircuitState::kOpen) {
      refuse(remaining());
    } else if (state == CircuitState::kHalfOpen && s.probes_out == s.options.probes) {
      // Somebody's answer is due first; nobody knows when it comes.
      refuse(s.open_for);
    } else {
      if (state == CircuitState::kHalfOpen) {
        ++s.probes_out;
        s.last_heard = now;
        permit.is_probe_ = true;
      }
      permit.breaker_ = this;
      permit.epoch_ = EpochIn(s.control.load(std::memory_order_relaxed));
      permit.acquired_ = now;
      permit.granted_ = true;
    }
  }
  for (std::size_t i = 0; i < moves; ++i) s.Tell(moved[i]);
  return permit;
}

bool CircuitBreaker::IsSlow(Duration latency) const { return latency >= state_->options.slow_call; }

void CircuitBreaker::Count(const Report& report) {
  State& s = *state_;
  const auto is_current = [&](std::uint64_t word) { return EpochIn(word) == report.epoch; };
  const std::uint64_t word = s.control.load(std::memory_order_acquire);
  if (!is_current(word)) return;
  if (StateIn(word) == CircuitState::kClosed) {
    if (report.ignored) return;
    s.window.Add(report.epoch, report.now, {.failed = report.failed, .slow = report.slow});
    // A success makes no share grow.
    if (!report.failed && !report.slow) return;
    if (!s.MustOpen(report.epoch, report.now)) return;
  }
  CircuitTransition moved;
  bool has_moved = false;
  {
    const MutexLock lock(s.mutex);
    const std::uint64_t present = s.control.load(std::memory_order_relaxed);
    if (!is_current(present)) return;
    if (StateIn(present) == CircuitState::kClosed) {
      s.open_for = s.options.open_for;
      moved = s.MoveTo(CircuitState::kOpen, report.now);
      has_moved = true;
    } else if (StateIn(present) == CircuitState::kHalfOpen) {
      --s.probes_out;
      s.last_heard = std::max(s.last_heard, report.now);
      if (report.ignored) return;
      if (report.failed || report.slow) {
        moved = s.Reopen(report.now);
        has_moved = true;
      } else if (++s.successes == s.options.successes_to_close) {
        s.open_for = s.options.open_for;
        moved = s.MoveTo(CircuitState::kClosed, report.now);
        has_moved = true;
      }
    }
  }
  if (has_moved) s.Tell(moved);
}

CircuitState CircuitBreaker::state() const {
  return StateIn(state_->control.load(std::memory_order_acquire));
}

CircuitSnapshot CircuitBreaker::Snapshot(Time now) const {
  const State& s = *state_;
  CircuitSnapshot snapshot;
  const MutexLock lock(s.mutex);  // no transition meanwhile
  const std::uint64_t word = s.control.load(std::memory_order_relaxed);
  snapshot.state = StateIn(word);
  snapshot.epoch = EpochIn(word);
  snapshot.times_opened = s.times_opened;
  snapshot.callback_failures = s.callback_failures.load(std::memory_order_relaxed);
  for (const State::Counter& counter : s.refused) {
    snapshot.refused += counter.count.load(std::memory_order_relaxed);
  }
  if (snapshot.state == CircuitState::kOpen) {
    snapshot.open_until = Time(Duration(s.open_until_us.load(std::memory_order_relaxed)));
  }
  if (snapshot.state == CircuitState::kClosed) {
    const CallWindow::Sums sums = s.window.Read(snapshot.epoch, now);
    snapshot.calls = sums.calls;
    snapshot.failures = sums.failed;
    snapshot.slow = sums.slow;
  }
  return snapshot;
}

CircuitBreaker::Permit::Permit(Permit&& other) noexcept
    : breaker_(std::exchange(other.breaker_, nullptr)),
      epoch_(other.epoch_),
      acquired_(other.acquired_),
      retry_after_(other.retry_after_),
      granted_(std::exchange(other.granted_, false)),
      is_probe_(other.is_probe_) {}

CircuitBreaker::Permit& CircuitBreaker::Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  Abandon();
  breaker_ = std::exchange(other.breaker_, nullptr);
  epoch_ = other.epoch_;
  acquired_ = other.acquired_;
  retry_after_ = other.retry_after_;
  granted_ = std::exchange(other.granted_, false);
  is_probe_ = other.is_probe_;
  return *this;
}

void CircuitBreaker::Permit::Success(Time now, Duration latency) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  breaker->Count({.epoch = epoch_,
                  .now = now,
                  .failed = false,
                  .slow = breaker->IsSlow(latency),
                  .ignored = false});
}

void CircuitBreaker::Permit::Failure(Time now, Duration latency) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  breaker->Count({.epoch = epoch_,
                  .now = now,
                  .failed = true,
                  .slow = breaker->IsSlow(latency),
                  .ignored = false});
}

void CircuitBreaker::Permit::Abandon() {
  if (breaker_ == nullptr || breaker_->state_->options.abandoned == AbandonedCall::kIgnored) {
    Withdraw();
    return;
  }
  std::exchange(breaker_, nullptr)
      ->Count({.epoch = epoch_, .now = acquired_, .failed = true, .slow = false, .ignored = false});
}

void CircuitBreaker::Permit::Withdraw() {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  breaker->Count(
      {.epoch = epoch_, .now = acquired_, .failed = false, .slow = false, .ignored = true});
}

}  // namespace flashsale::inline v0
