#ifndef FLASHSALE_POLICY_CIRCUIT_BREAKER_H_
#define FLASHSALE_POLICY_CIRCUIT_BREAKER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Whether calls go through.
enum class CircuitState : std::uint8_t {
  kClosed = 1,    // all do
  kOpen = 2,      // none does
  kHalfOpen = 3,  // a few do, to see whether it has become better
};
FLASHSALE_EXPORT std::string_view Name(CircuitState state);

// What becomes of a permit that was never reported on.
enum class AbandonedCall : std::uint8_t {
  kIgnored = 0,  // it counts for nothing; a probe's place is free again
  kFailure = 1,  // as a failure at the time at which it was acquired
};

struct CircuitTransition {
  CircuitState from = CircuitState::kClosed;
  CircuitState to = CircuitState::kClosed;
  // Grows by one with every transition, so that transitions heard out of order can be sorted.
  std::uint64_t epoch = 0;
  Time at{};
};

struct CircuitBreakerOptions {
  // Calls of the last `window`, counted in `buckets` of equal length, decide.  A window of 10 ms to
  // 1 day; 2 to 60 buckets of at least 1 ms.
  Duration window = std::chrono::seconds{10};
  std::uint32_t buckets = 10;
  // Fewer calls than this in the window decide nothing; 1 to 1,000,000.
  std::uint32_t min_calls = 20;
  // It opens where at least this share of them failed; per cent, 1 to 100.
  std::uint32_t failure_percent = 50;
  // A call that took so long is slow; 1 us to 1 h.  It opens where at least `slow_percent` were; 1
  // to 100.
  Duration slow_call = std::chrono::seconds{2};
  std::uint32_t slow_percent = 100;

  // How long it stays open; 1 ms to 1 day.  Each time that the probes fail, `open_growth_percent`
  // of the time before (100 to 1,000: 200 doubles it), up to the ceiling (`open_for` to 1 day).
  Duration open_for = std::chrono::seconds{5};
  std::uint32_t open_growth_percent = 200;
  Duration open_ceiling = std::chrono::minutes{1};

  // Half-open: the most calls under way at once, 1 to 1,000; how many must succeed before it
  // closes, 1 to 1,000; and how long all of them may be under way and silent before that is taken
  // for a failure, 1 ms to 1 day.  A success that was slow counts as a failure here.
  std::uint32_t probes = 3;
  std::uint32_t successes_to_close = 3;
  Duration probe_timeout = std::chrono::seconds{30};

  AbandonedCall abandoned = AbandonedCall::kFailure;

  // Told of each transition, after it, on the thread that caused it and without any lock held. What
  // it throws is counted (CircuitSnapshot::callback_failures) and otherwise ignored.
  std::function<void(const CircuitTransition&)> on_transition = {};
};

// What a breaker knows, all of it numbers.
struct CircuitSnapshot {
  CircuitState state = CircuitState::kClosed;
  std::uint64_t epoch = 0;
  // While it is open: until when.
  Time open_until = kMinTime;
  // Calls of the window, while it is closed.
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;
  // Since it was made.
  std::uint64_t times_opened = 0;
  std::uint64_t refused = 0;
  std::uint64_t callback_failures = 0;

  friend bool operator==(const CircuitSnapshot&, const CircuitSnapshot&) = default;
};

// Keeps callers from a dependency that is failing or has become slow, so that they fail at once
// rather than wait for it, and it has a chance to recover (M. Nygard, "Release It!", 2007,
// section 5.2; with the slow-call share of resilience4j).
//
//   closed -> open        by the share of failures or of slow calls in the window
//   open -> half-open     by the first TryAcquire after its time
//   half-open -> closed   after so many successes
//   half-open -> open     by one failure, one slow success, or where nothing was heard for too long
//
// The shares are looked at whenever a call fails or is slow.  A report of a call that was let
// through before the last transition never counts.  The window is empty after each closing.  Times
// may step back a little: what is reported for a bucket that has left the window is not counted.
//
// Thread safety: any thread.  While it is closed TryAcquire is one load and a report of a success
// one uncontended compare-and-swap; what fails, and everything while it is not closed but a
// refusal, takes a mutex. Blocking: never for longer than the callback takes.  Ownership: must
// outlive its permits. Clock: none.
class FLASHSALE_EXPORT CircuitBreaker {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<CircuitBreaker>> New(const CircuitBreakerOptions& options = {});

  ~CircuitBreaker();
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;

  // The answer of TryAcquire: whether to call, and where to report.  Reported at most once: by the
  // first of Success, Failure, Abandon, Withdraw; a granted one that is destroyed before any is
  // abandoned. Thread safety: as an int; it may be reported from another thread than acquired it.
  class FLASHSALE_EXPORT Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { Abandon(); }

    bool granted() const { return granted_; }
    explicit operator bool() const { return granted_; }
    // Whether it was granted half-open: by what becomes of it the breaker closes or opens.
    bool is_probe() const { return is_probe_; }
    // Where it is not granted: how long to wait before asking again.
    Duration retry_after() const { return retry_after_; }

    // REQUIRES: IsValid(now), latency >= 0.
    void Success(Time now, Duration latency);
    void Failure(Time now, Duration latency);
    void Abandon();
    // The call was not made after all: counts for nothing, and a probe's place is free again.
    void Withdraw();

   private:
    friend class CircuitBreaker;

    CircuitBreaker* breaker_ = nullptr;  // null: refused, or reported
    std::uint64_t epoch_ = 0;
    Time acquired_{};
    Duration retry_after_{0};
    bool granted_ = false;
    bool is_probe_ = false;
  };

  // REQUIRES: IsValid(now).
  Permit TryAcquire(Time now);

  CircuitState state() const;
  CircuitSnapshot Snapshot(Time now) const;

 private:
  struct State;
  struct Report {
    std::uint64_t epoch;
    Time now;
    bool failed;
    bool slow;
    bool ignored;
  };

  explicit CircuitBreaker(const CircuitBreakerOptions& options);
  Permit TryAcquireUnlessClosed(Time now);
  void Count(const Report& report);
  bool IsSlow(Duration latency) const;

  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_CIRCUIT_BREAKER_H_
