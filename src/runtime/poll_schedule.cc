#include "flashsale/runtime/poll_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/field_check.h"

namespace flashsale::inline v0 {

Result<std::unique_ptr<PollSchedule>> PollSchedule::New(std::vector<PollFunction> polls,
                                                        const PollScheduleOptions& options) {
  using std::chrono::hours;
  FieldCheck check;
  check.InRange("minimum_pause", options.minimum_pause, Duration{1}, hours{1})
      .InRange("back_off", options.back_off, options.minimum_pause, hours{24});
  for (std::size_t i = 0; i < polls.size(); ++i) {
    check.That(polls[i] != nullptr, fmt::format("polls[{}]", i), "empty", "a function");
  }
  if (!check.ok()) return check.status();
  return std::unique_ptr<PollSchedule>(new PollSchedule(std::move(polls), options));
}

PollSchedule::PollSchedule(std::vector<PollFunction>&& polls, const PollScheduleOptions& options)
    : options_(options) {
  entries_.reserve(polls.size());
  for (PollFunction& poll : polls) entries_.push_back({.poll = std::move(poll)});
}

Time PollSchedule::RunDue(Time now) { return Run(now, now); }
Time PollSchedule::RunAll(Time now) { return Run(now, kMaxTime); }

Time PollSchedule::Run(Time now, Time due_until) {
  Time next = kMaxTime;
  for (Entry& entry : entries_) {
    if (entry.due <= due_until) Call(entry, now);
    next = std::min(next, entry.due);
  }
  return next;
}

void PollSchedule::Call(Entry& entry, Time now) {
  try {
    entry.due = std::max(entry.poll(now), SaturatingAdd(now, options_.minimum_pause));
  } catch (...) {
    ++exceptions_;
    entry.due = SaturatingAdd(now, options_.back_off);
  }
}

}  // namespace flashsale::inline v0
