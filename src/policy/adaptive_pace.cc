#include "flashsale/policy/adaptive_pace.h"

#include <algorithm>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint64_t kFastest = 10'000'000;  // of QueuePace

// So many per cent of `pace`, but at least one a second.
std::uint64_t Share(std::uint64_t pace, std::uint32_t percent) {
  return std::clamp<std::uint64_t>(pace * percent / 100, 1, kFastest);
}

}  // namespace

Status Validate(const AdaptivePaceOptions& options) {
  FieldCheck check;
  check.InRange("floor_percent", options.floor_percent, 1U, 100U)
      .InRange("ceiling_percent", options.ceiling_percent, 100U, 1'000U)
      .InRange("interval", options.interval, Duration(std::chrono::milliseconds{100}),
               Duration(std::chrono::minutes{1}))
      .InRange("min_calls", options.min_calls, 1U, 1'000'000U)
      .InRange("slow_call", options.slow_call, Duration(1), Duration(std::chrono::minutes{1}))
      .InRange("slow_percent", options.slow_percent, 1U, 100U)
      .InRange("failure_percent", options.failure_percent, 1U, 100U)
      .InRange("decrease_percent", options.decrease_percent, 1U, 99U)
      .InRange("increase_percent", options.increase_percent, 1U, 100U);
  return check.status();
}

std::optional<std::uint32_t> NextPace(const AdaptivePaceOptions& options, std::uint32_t opened,
                                      std::uint32_t pace, const StoreCalls& calls) {
  if (calls.calls < options.min_calls) return std::nullopt;
  const std::uint64_t floor = Share(opened, options.floor_percent);
  const std::uint64_t ceiling = Share(opened, options.ceiling_percent);
  const bool overloaded = calls.slow * 100 >= calls.calls * options.slow_percent ||
                          calls.failures * 100 >= calls.calls * options.failure_percent;
  const std::uint64_t next = overloaded ? Share(pace, options.decrease_percent)
                                        : pace + Share(ceiling, options.increase_percent);
  return static_cast<std::uint32_t>(std::clamp(next, floor, ceiling));
}

}  // namespace flashsale::inline v0
