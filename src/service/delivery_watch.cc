#include "service/delivery_watch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <vector>

namespace flashsale::inline v0 {
namespace {

std::uint64_t Refusals(const SinkStats& stats) {
  return stats.busy + stats.failures + stats.refused;
}

}  // namespace

void DeliveryWatch::Tell(Time now, LogLevel level, std::string_view event,
                         std::span<const LogField> fields) {
  parts_.logger.Log({.at = now, .level = level, .event = event, .fields = fields});
}

void DeliveryWatch::LookAtSink(Time now, const SinkStats& stats, Sink& seen) {
  // Added anew under the same name.
  if (Refusals(stats) < Refusals(seen.stats) || stats.lost_events < seen.stats.lost_events) {
    seen = Sink();
  }
  const LogField name{"sink", stats.name};
  const bool failed = Refusals(stats) > Refusals(seen.stats);
  if (failed && !seen.failing) {
    const std::array<LogField, 5> fields = {
        name, LogField{"sales", stats.failing}, LogField{"busy", stats.busy - seen.stats.busy},
        LogField{"failures", stats.failures - seen.stats.failures},
        LogField{"refused", stats.refused - seen.stats.refused}};
    Tell(now, LogLevel::kWarning, "sink_failing", fields);
  } else if (!failed && seen.failing && stats.failing == 0) {
    Tell(now, LogLevel::kInfo, "sink_recovered", {&name, 1});
  }
  seen.failing = stats.failing != 0;

  const std::uint64_t lost = stats.lost_events - seen.stats.lost_events;
  const std::array<LogField, 3> fields = {name, LogField{"events", lost},
                                          LogField{"in_all", stats.lost_events}};
  if (lost != 0 && !seen.losing) {
    Tell(now, LogLevel::kWarning, "events_lost", fields);
  } else if (lost == 0 && seen.losing && stats.behind_loss == 0) {
    Tell(now, LogLevel::kInfo, "sink_caught_up", fields);
  }
  seen.losing = stats.behind_loss != 0;
  seen.stats = stats;
}

void DeliveryWatch::LookAtObservers(Time now) {
  const CountdownStats stats = parts_.countdown.Stats();
  const std::array<LogField, 2> failures = {LogField{"observers", stats.failing},
                                            LogField{"failures", stats.failures}};
  const bool failed = stats.failures > observers_.failures;
  if (failed && !observers_failing_) {
    Tell(now, LogLevel::kWarning, "observers_failing", failures);
  } else if (!failed && observers_failing_ && stats.failing == 0) {
    Tell(now, LogLevel::kInfo, "observers_recovered", failures);
  }
  observers_failing_ = stats.failing != 0;

  const std::uint64_t slow = stats.dropped_slow - observers_.dropped_slow;
  const std::uint64_t refused = stats.dropped_refused - observers_.dropped_refused;
  // Those of sales that are gone are none that anybody failed.
  const bool dropped = slow + refused != 0;
  if (dropped && !dropping_) {
    const std::array<LogField, 2> fields = {LogField{"slow", slow}, LogField{"refused", refused}};
    Tell(now, LogLevel::kWarning, "observers_dropped", fields);
  }
  dropping_ = dropped;
  observers_ = stats;
}

void DeliveryWatch::LookAtQueue(Time now) {
  const bool fails = parts_.queue.failures().observer_fails;
  if (fails == admission_observer_fails_) return;
  admission_observer_fails_ = fails;
  Tell(now, fails ? LogLevel::kWarning : LogLevel::kInfo,
       fails ? "admission_observer_failing" : "admission_observer_recovered");
}

void DeliveryWatch::LookAtWaitlist(Time now) {
  const bool fails = parts_.waitlist.failures().observer_fails;
  if (fails == waitlist_observer_fails_) return;
  waitlist_observer_fails_ = fails;
  Tell(now, fails ? LogLevel::kWarning : LogLevel::kInfo,
       fails ? "waitlist_observer_failing" : "waitlist_observer_recovered");
}

void DeliveryWatch::LookAtSinks(Time now) {
  const std::vector<SinkStats> sinks = parts_.events.Stats();
  std::erase_if(sinks_, [&](const auto& seen) {
    return std::none_of(sinks.begin(), sinks.end(),
                        [&](const SinkStats& stats) { return stats.name == seen.first; });
  });
  for (const SinkStats& stats : sinks) LookAtSink(now, stats, sinks_[stats.name]);
}

void DeliveryWatch::Look(Time now) noexcept {
  if (!parts_.logger.Wants(LogLevel::kWarning)) return;
  // Acquire pairs with the release below: what who looked before has seen.
  if (looking_.exchange(true, std::memory_order_acquire)) return;
  try {
    LookAtSinks(now);
    LookAtObservers(now);
    LookAtQueue(now);
    LookAtWaitlist(now);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): out of memory, this time
  }
  looking_.store(false, std::memory_order_release);
}

}  // namespace flashsale::inline v0
