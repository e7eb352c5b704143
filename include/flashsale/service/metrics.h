#ifndef FLASHSALE_SERVICE_METRICS_H_
#define FLASHSALE_SERVICE_METRICS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/export.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/service/countdown_service.h"
#include "flashsale/service/event_publisher.h"
#include "flashsale/service/latency_histogram.h"
#include "flashsale/service/log.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// What a caller of the service asks for.  The numbers are stable: they stand in dashboards.
enum class Operation : std::uint8_t {
  kCreate = 0,
  kJoin = 1,
  kPosition = 2,
  kLeave = 3,
  kHeartbeat = 4,
  kReserve = 5,
  kConfirm = 6,
  kCancel = 7,
  kExtend = 8,
  kRelease = 9,
  kVoid = 10,
  kStart = 11,
  kPause = 12,
  kResume = 13,
  kClose = 14,
  kCancelSale = 15,
  kSettle = 16,
  kForget = 17,
  kFind = 18,
  kJoinWaitlist = 19,
  kWaitlistPosition = 20,
  kLeaveWaitlist = 21,
};
inline constexpr std::size_t kOperations = 22;
// "reserve", "cancel-sale": a stable name.
FLASHSALE_EXPORT std::string_view Name(Operation operation);

// How often an operation gave an answer.
struct OutcomeCount {
  Operation operation = Operation::kReserve;
  Code code = Code::kDone;
  std::uint64_t count = 0;

  friend bool operator==(const OutcomeCount&, const OutcomeCount&) = default;
};

// How often an operation could not be carried out.
struct FailureCount {
  Operation operation = Operation::kReserve;
  StatusCode code = StatusCode::kUnavailable;
  std::uint64_t count = 0;

  friend bool operator==(const FailureCount&, const FailureCount&) = default;
};

struct OperationMetrics {
  Operation operation = Operation::kReserve;
  // Calls that were answered or failed.
  std::uint64_t calls = 0;
  // Of the calls that were timed: a sample, see MetricsOptions::time_one_in.
  LatencyHistogram latency;
};

// What became of holds, as this process answered and reported it.
struct HoldMetrics {
  std::uint64_t reserved = 0;
  std::uint64_t confirmed = 0;  // live ones
  std::uint64_t revived = 0;    // after their expiry
  std::uint64_t cancelled = 0;  // by shoppers, cancels of ids never seen included
  std::uint64_t voided = 0;
  // As reported to CountExpired.  Holds that a shopper's reserve reclaimed are not in it: the
  // events know of all.
  std::uint64_t expired = 0;

  // Purchases per hold, 0 where there was none; above 1 where what is bought was held before the
  // process began.
  constexpr double conversion() const {
    return reserved == 0 ? 0.0
                         : static_cast<double>(confirmed + revived) / static_cast<double>(reserved);
  }

  friend bool operator==(const HoldMetrics&, const HoldMetrics&) = default;
};

// What one detector of a chain said.
struct BotDetectorMetrics {
  std::string name;
  DetectorStats stats;
};

// How fast a sale goes, in units a second.
struct Velocity {
  double reserved = 0;
  double purchased = 0;

  friend bool operator==(const Velocity&, const Velocity&) = default;
};

struct LineMetrics {
  ProductId product;
  Stock stock;

  friend bool operator==(const LineMetrics&, const LineMetrics&) = default;
};

struct QueueMetrics {
  std::uint64_t waiting = 0;
  std::uint64_t admitted = 0;  // and not yet through
  Duration wait_p50{0};
  Duration wait_p90{0};
  Duration wait_p99{0};

  friend bool operator==(const QueueMetrics&, const QueueMetrics&) = default;
};

// One sale at the moment of the snapshot; filled in by whoever knows the sales.
struct SaleMetrics {
  SaleId sale;
  Phase phase = Phase::kScheduled;
  SaleState state = SaleState::kNotStarted;
  std::vector<LineMetrics> lines = {};
  std::optional<QueueMetrics> queue = std::nullopt;      // where the sale has one
  std::optional<WaitlistStats> waitlist = std::nullopt;  // where the sale has some
  // Holds that could not be expired, and whether more are due than were looked at.
  std::uint64_t quarantined = 0;
  bool expiry_behind = false;
  // The number of its last event.
  std::uint64_t seq = 0;
  Velocity velocity;

  friend bool operator==(const SaleMetrics&, const SaleMetrics&) = default;
};

// How far a sink has come with one served sale.
struct SinkProgress {
  SaleId sale;
  std::uint64_t cursor = 0;  // it accepted everything up to this event
  std::uint64_t lag = 0;     // events that came after that

  friend bool operator==(const SinkProgress&, const SinkProgress&) = default;
};

// One sink of the event publisher.
struct SinkMetrics {
  SinkStats stats;
  std::vector<SinkProgress> sales = {};

  friend bool operator==(const SinkMetrics&, const SinkMetrics&) = default;
};

// Everything, as plain data: an exporter prints it.  Counts are since the recorder was made.
struct MetricsSnapshot {
  Time at{};
  std::vector<OperationMetrics> operations = {};  // all, in the order of their numbers
  std::vector<OutcomeCount> outcomes = {};        // those that occurred
  std::vector<FailureCount> failures = {};        // those that occurred
  // The part of `outcomes` that gates before the store gave (Overloaded … WaitingPage).
  std::vector<OutcomeCount> gate_refusals = {};
  HoldMetrics holds;
  // What the chain of detectors decided, and each of them said.
  ChainStats bot_decisions;
  std::vector<BotDetectorMetrics> bots = {};
  // Nothing where there is none.
  std::optional<CircuitSnapshot> breaker = std::nullopt;
  // By name.
  std::vector<SinkMetrics> sinks = {};
  CountdownStats countdown;
  LogStats log;
  std::vector<SaleMetrics> sales = {};
};

struct MetricsOptions {
  // One call in so many is timed, chosen at random; 0: none, 1: each; at most 1,000,000.  A reading
  // of the clock takes longer than everything else here.
  std::uint32_t time_one_in = 16;
};

// Counts what a service does.
//
// Each thread counts in memory of its own, of which the first 64 alive need no read-modify-write: a
// count is a load and a store that no other thread waits for.
//
// Thread safety: any thread, a snapshot included; recording is wait-free but for a thread's first
// call, which asks for memory (without any, the record is left out).  A snapshot reads each counter
// at a moment of its own: every value is one that it had, and those read later may be ahead of
// those read before. Blocking: never.  Ownership: none.  Clock: none; the caller measures.
class FLASHSALE_EXPORT Metrics {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<Metrics>> New(const MetricsOptions& options = {});

  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Whether the caller should read the clock before and after this call.
  bool ShouldTime();

  // A call that was answered, and one that was timed.
  void Record(Operation operation, Code code);
  void Record(Operation operation, Code code, std::chrono::nanoseconds latency);

  // A call that could not be carried out.
  void RecordFailure(Operation operation, StatusCode code);
  void RecordFailure(Operation operation, StatusCode code, std::chrono::nanoseconds latency);

  // Holds that a cleaner recorded EXPIRED.
  void CountExpired(std::uint64_t holds);

  // Operations, outcomes, failures, refusals and holds; the rest is to be filled in by who knows
  // it.
  MetricsSnapshot Snapshot(Time now) const;

 private:
  struct State;
  struct Slot;
  explicit Metrics(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_METRICS_H_
