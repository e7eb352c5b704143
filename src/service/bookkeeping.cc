// What the service counts and logs.

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "flashsale/service/flash_sale_service.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {
namespace {

Duration Microseconds(std::uint64_t us) { return Duration(static_cast<Duration::rep>(us)); }

std::vector<SinkMetrics> MeasureSinks(const EventPublisher& events,
                                      const std::vector<SaleMetrics>& sales) {
  std::vector<SinkMetrics> sinks;
  for (const SinkStats& stats : events.Stats()) {
    SinkMetrics& sink = sinks.emplace_back(SinkMetrics{.stats = stats});
    const Result<std::vector<SaleCursor>> cursors = events.Cursors(stats.name);
    if (!cursors.ok()) continue;  // removed meanwhile
    for (const SaleCursor& cursor : *cursors) {
      const auto sale = std::find_if(sales.begin(), sales.end(),
                                     [&](const auto& one) { return one.sale == cursor.sale; });
      if (sale == sales.end()) continue;
      sink.sales.push_back({.sale = cursor.sale,
                            .cursor = cursor.seq,
                            .lag = sale->seq - std::min(sale->seq, cursor.seq)});
    }
  }
  return sinks;
}

}  // namespace

void FlashSaleService::State::CountFailure(Operation operation, const Status& status,
                                           std::chrono::nanoseconds latency) {
  if (latency == NotTimed()) {
    made.metrics->RecordFailure(operation, status.code());
  } else {
    made.metrics->RecordFailure(operation, status.code(), latency);
  }
}

void FlashSaleService::State::CountBatch(Operation operation, const SaleRef& sale,
                                         const Status& status, std::span<const Outcome> outcomes) {
  if (!status.ok()) LogFailure(operation, sale, status);
  if (made.metrics == nullptr) return;
  if (!status.ok()) {
    made.metrics->RecordFailure(operation, status.code());
    return;
  }
  for (const Outcome& outcome : outcomes) made.metrics->Record(operation, outcome.code);
}

void FlashSaleService::State::CountUnits(const ServedSale& sale, const Command& command,
                                         const Outcome& outcome) {
  if (outcome.code != Code::kDone && outcome.code != Code::kRevived) return;
  if (command.verb == Verb::kReserve) sale.meter().CountReserved(outcome.units);
  if (command.verb == Verb::kConfirm) sale.meter().CountPurchased(outcome.units);
}

void FlashSaleService::State::Log(LogLevel level, std::string_view event, const SaleId& sale,
                                  std::span<const LogField> fields) {
  if (!made.logger->Wants(level)) return;
  made.logger->Log({.at = Now(), .level = level, .event = event, .sale = sale, .fields = fields});
}

void FlashSaleService::State::LogFailure(Operation operation, const SaleRef& sale,
                                         const Status& status) {
  const bool by_caller = status.code() == StatusCode::kInvalidArgument ||
                         status.code() == StatusCode::kNotFound ||
                         status.code() == StatusCode::kAlreadyExists;
  const std::array<LogField, 3> fields = {LogField{"operation", Name(operation)},
                                          LogField{"status", Name(status.code())},
                                          LogField{"error", status.message()}};
  Log(by_caller ? LogLevel::kInfo : LogLevel::kError, by_caller ? "call_refused" : "store_failed",
      sale.id(), fields);
}

SaleMetrics FlashSaleService::State::Measure(const ServedSale& sale, Time now) {
  SaleMetrics measured{
      .sale = sale.terms().id, .phase = sale.PhaseAt(now), .velocity = sale.meter().Read(now)};
  if (const auto stock = inventory.ReadStock(sale.inventory(), now); stock.ok()) {
    measured.phase = stock->phase;
    measured.state = stock->state;
    measured.seq = stock->seq;
    measured.lines.reserve(stock->lines.size());
    for (std::size_t i = 0; i < stock->lines.size(); ++i) {
      measured.lines.push_back(
          {.product = sale.terms().lines[i].product, .stock = stock->lines[i]});
    }
  }
  if (const auto due = inventory.ExpireDue(sale.inventory(), now, 0); due.ok()) {
    measured.quarantined = due->quarantined;
    measured.expiry_behind = due->more || due->next_due <= now;
  }
  if (sale.has_waitlist()) {
    measured.waitlist = made.waitlist->Read(sale.waitlist());
    // Nobody waits for what is over, whether or not the lists have been looked at since.
    if (measured.waitlist.has_value() && IsOver(measured.phase)) measured.waitlist->waiting = 0;
  }
  if (!sale.terms().requires_admission) return measured;
  const auto queue = made.queue->Read(sale.queue(), now);
  const auto waits = made.queue->Waits(sale.queue());
  if (!queue.ok() || !waits.ok()) return measured;
  measured.queue = QueueMetrics{.admitted = queue->in_flight,
                                .wait_p50 = Microseconds(waits->Percentile(0.50)),
                                .wait_p90 = Microseconds(waits->Percentile(0.90)),
                                .wait_p99 = Microseconds(waits->Percentile(0.99))};
  if (IsOver(measured.phase)) return measured;
  for (const std::uint64_t waiting : queue->waiting) measured.queue->waiting += waiting;
  return measured;
}

MetricsSnapshot FlashSaleService::ReadMetrics() {
  State& state = *state_;
  const Time now = state.Now();
  MetricsSnapshot snapshot;
  if (state.made.metrics != nullptr) snapshot = state.made.metrics->Snapshot(now);
  snapshot.at = now;
  if (const CompositeBotDetector* const bots = state.options.bots; bots != nullptr) {
    snapshot.bot_decisions = bots->Stats();
    snapshot.bots.reserve(bots->size());
    for (std::size_t i = 0; i < bots->size(); ++i) {
      snapshot.bots.push_back(
          {.name = std::string(bots->DetectorName(i)), .stats = bots->StatsOf(i)});
    }
  }
  if (state.made.breaker != nullptr) snapshot.breaker = state.made.breaker->Snapshot(now);
  snapshot.countdown = state.made.countdown->Stats();
  snapshot.log = state.made.logger->Stats();
  std::vector<SaleId> ids;
  {
    const MutexLock lock(state.mutex);
    ids = state.served;
  }
  snapshot.sales.reserve(ids.size());
  for (const SaleId& id : ids) {
    const State::Sales::Pinned sale(state.sales, id, 0);
    if (sale.get() != nullptr) snapshot.sales.push_back(state.Measure(*sale, now));
  }
  // After the sales: a sink that has come further since is not behind.
  snapshot.sinks = MeasureSinks(*state.made.events, snapshot.sales);
  return snapshot;
}

}  // namespace flashsale::inline v0
