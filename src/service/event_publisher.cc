#include "flashsale/service/event_publisher.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/field_check.h"
#include "base/mutex.h"
#include "service/event_channel.h"
#include "service/guarded_call.h"

namespace flashsale::inline v0 {

using event_internal::Delivery;
using event_internal::SinkState;

namespace {

Status Check(const EventPublisherOptions& options) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  FieldCheck check;
  check.InRange<std::size_t>("max_batch", options.max_batch, 1, 65'536)
      .InRange<std::size_t>("max_outstanding", options.max_outstanding, 1, 1'024)
      .InRange<std::size_t>("max_batches_per_poll", options.max_batches_per_poll, 1, 1'000'000)
      .InRange("poll_interval", options.poll_interval, milliseconds{1}, hours{1})
      .InRange("longest_backoff", options.longest_backoff, milliseconds{1}, hours{1})
      .InRange("first_backoff", options.first_backoff, milliseconds{1}, options.longest_backoff);
  return check.status();
}

Status Check(const SaleId& sale) {
  FieldCheck check;
  check.That(sale.valid(), "sale", "invalid", "1 to 64 of A-Z a-z 0-9 . _ -");
  return check.status();
}

Status Check(const SaleCursor& cursor) {
  FieldCheck check;
  check.That(cursor.sale.valid(), "cursor.sale", "invalid", "1 to 64 of A-Z a-z 0-9 . _ -")
      .InRange<std::uint64_t>("cursor.seq", cursor.seq, 0, kMaxExactInteger);
  return check.status();
}

Status NoSuchSink(const std::string& name) {
  return Status(StatusCode::kNotFound, fmt::format("name: no sink {}", Printable(name)));
}

}  // namespace

struct EventPublisher::State {
  struct Sink {
    std::shared_ptr<SinkState> state;
    Executor* executor;
  };
  // A sink and a sale that may have something for it.
  struct Turn {
    Sink sink;
    SaleId sale;
  };

  State(InventoryRepository& repository, const EventPublisherOptions& from)
      : inventory(repository), options(from) {}

  std::deque<Turn> Turns() const;
  // What events are read into: the one of an earlier Poll, for to lay down a whole batch costs more
  // than to find that there is nothing new.  Each of several Polls at once has its own.
  std::vector<Event> TakeBuffer();
  void GiveBack(std::vector<Event> buffer);
  // One read and one delivery.  Returns whether there may be more for this turn.
  bool Pump(const Turn& turn, Time now, std::vector<Event>& buffer, Report& report);

  InventoryRepository& inventory;
  const EventPublisherOptions options;

  mutable Mutex mutex;
  std::map<std::string, Sink> sinks FLASHSALE_GUARDED_BY(mutex);
  std::set<SaleId> sales FLASHSALE_GUARDED_BY(mutex);
  std::vector<Event> spare_buffer FLASHSALE_GUARDED_BY(mutex);
};

Result<std::unique_ptr<EventPublisher>> EventPublisher::New(InventoryRepository& inventory,
                                                            const EventPublisherOptions& options) {
  Status status = Check(options);
  if (!status.ok()) return status;
  return std::unique_ptr<EventPublisher>(
      new EventPublisher(std::make_unique<State>(inventory, options)));
}

EventPublisher::EventPublisher(std::unique_ptr<State> state) : state_(std::move(state)) {}

EventPublisher::~EventPublisher() { Stop(); }

Status EventPublisher::AddSink(const SinkRegistration& registration) {
  FieldCheck check;
  check
      .That(id_internal::IsName(registration.name), "name", Printable(registration.name),
            "1 to 64 of A-Z a-z 0-9 . _ -")
      .That(registration.sink != nullptr, "sink", "null", "a sink");
  if (!check.ok()) return check.status();
  for (const SaleCursor& cursor : registration.cursors) {
    Status status = Check(cursor);
    if (!status.ok()) return status;
  }
  return Guarded<Status>([&]() -> Status {
    auto sink = std::make_shared<SinkState>(registration.name, registration.sink, state_->options);
    for (const SaleCursor& cursor : registration.cursors) sink->SetCursor(cursor);
    const MutexLock lock(state_->mutex);
    if (state_->sinks.contains(registration.name)) {
      return Status(StatusCode::kAlreadyExists,
                    fmt::format("name: a sink '{}' is there", registration.name));
    }
    for (const SaleId& sale : state_->sales) sink->Activate(sale);
    state_->sinks.emplace(registration.name, State::Sink{.state = std::move(sink),
                                                         .executor = &registration.executor});
    return Status();
  });
}

bool EventPublisher::RemoveSink(const std::string& name) {
  const MutexLock lock(state_->mutex);
  const auto found = state_->sinks.find(name);
  if (found == state_->sinks.end()) return false;
  found->second.state->Stop();
  state_->sinks.erase(found);
  return true;
}

Status EventPublisher::AddSale(const SaleId& sale) {
  Status valid = Check(sale);
  if (!valid.ok()) return valid;
  return Guarded<Status>([&]() -> Status {
    const MutexLock lock(state_->mutex);
    for (const auto& [name, sink] : state_->sinks) sink.state->Activate(sale);
    state_->sales.insert(sale);
    return Status();
  });
}

bool EventPublisher::RemoveSale(const SaleId& sale) {
  const MutexLock lock(state_->mutex);
  if (state_->sales.erase(sale) == 0) return false;
  for (const auto& [name, sink] : state_->sinks) sink.state->Remove(sale);
  return true;
}

Result<std::vector<SaleCursor>> EventPublisher::Cursors(const std::string& name) const {
  return Guarded<Result<std::vector<SaleCursor>>>([&]() -> Result<std::vector<SaleCursor>> {
    const MutexLock lock(state_->mutex);
    const auto found = state_->sinks.find(name);
    if (found == state_->sinks.end()) return NoSuchSink(name);
    return found->second.state->Cursors();
  });
}

Status EventPublisher::SetCursor(const std::string& name, const SaleCursor& cursor) {
  Status valid = Check(cursor);
  if (!valid.ok()) return valid;
  return Guarded<Status>([&]() -> Status {
    const MutexLock lock(state_->mutex);
    const auto found = state_->sinks.find(name);
    if (found == state_->sinks.end()) return NoSuchSink(name);
    found->second.state->SetCursor(cursor);
    return Status();
  });
}

std::vector<SinkStats> EventPublisher::Stats() const {
  const MutexLock lock(state_->mutex);
  std::vector<SinkStats> stats;
  stats.reserve(state_->sinks.size());
  for (const auto& [name, sink] : state_->sinks) stats.push_back(sink.state->Stats());
  return stats;
}

std::deque<EventPublisher::State::Turn> EventPublisher::State::Turns() const {
  const MutexLock lock(mutex);
  // The first sale of each sink, then the second of each, so that none waits for another's many.
  std::vector<std::pair<const Sink*, std::vector<SaleId>>> columns;
  std::size_t longest = 0;
  for (const auto& [name, sink] : sinks) {
    columns.emplace_back(&sink, sink.state->Turns());
    longest = std::max(longest, columns.back().second.size());
  }
  std::deque<Turn> turns;
  for (std::size_t row = 0; row < longest; ++row) {
    for (const auto& [sink, sales_of_sink] : columns) {
      if (row < sales_of_sink.size()) turns.push_back({.sink = *sink, .sale = sales_of_sink[row]});
    }
  }
  return turns;
}

std::vector<Event> EventPublisher::State::TakeBuffer() {
  std::vector<Event> buffer;
  {
    const MutexLock lock(mutex);
    buffer.swap(spare_buffer);
  }
  buffer.resize(options.max_batch);
  return buffer;
}

void EventPublisher::State::GiveBack(std::vector<Event> buffer) {
  const MutexLock lock(mutex);
  spare_buffer = std::move(buffer);
}

bool EventPublisher::State::Pump(const Turn& turn, Time now, std::vector<Event>& buffer,
                                 Report& report) {
  std::optional<SinkState::Claim> claim = turn.sink.state->TryClaim(turn.sale, now);
  if (!claim.has_value()) return false;
  const std::shared_ptr<SinkState>& sink = turn.sink.state;
  std::shared_ptr<Delivery> delivery;
  const auto page = Guarded<Result<EventPage>>([&]() -> Result<EventPage> {
    Result<EventPage> read = inventory.ReadEvents(turn.sale, claim->cursor, buffer);
    const bool something = read.ok() && (read->count != 0 || read->lost.has_value());
    if (!something) return read;
    delivery = std::make_shared<Delivery>(sink, *claim, turn.sale);
    delivery->Load(*read, std::span(buffer).first(read->count));
    return read;
  });
  if (!page.ok()) {
    ++report.failures;
    report.last_error = page.status();
    // A delivery that could not be loaded ends itself.
    if (delivery == nullptr) sink->Finish(*claim, SinkState::Ending::kStoreFailed);
    return false;
  }
  if (delivery == nullptr) {
    sink->Finish(*claim, SinkState::Ending::kNothingToDo);
    return false;
  }
  const std::size_t events = page->count;
  bool accepted = false;
  try {
    accepted = turn.sink.executor->Post([delivery] { delivery->Run(); });
  } catch (...) {
    accepted = false;  // as if it were full
  }
  if (!accepted) return false;  // the delivery, destroyed, has ended itself
  ++report.batches;
  report.events += events;
  return true;
}

EventPublisher::Report EventPublisher::Poll(Time now) {
  State& s = *state_;
  Report report;
  report.next_poll = SaturatingAdd(now, s.options.poll_interval);
  Status status = Guarded<Status>([&]() -> Status {
    std::vector<Event> buffer = s.TakeBuffer();
    std::deque<State::Turn> turns = s.Turns();
    while (!turns.empty() && report.batches < s.options.max_batches_per_poll) {
      State::Turn turn = std::move(turns.front());
      turns.pop_front();
      // Where the executor ran the task at once there may be a next batch already.
      if (s.Pump(turn, now, buffer, report)) turns.push_back(std::move(turn));
    }
    report.more = !turns.empty();
    s.GiveBack(std::move(buffer));
    return Status();
  });
  if (!status.ok()) {
    ++report.failures;
    report.last_error = std::move(status);
  }
  if (report.more) {
    report.next_poll = now;
    return report;
  }
  const MutexLock lock(s.mutex);
  for (const auto& [name, sink] : s.sinks) {
    report.next_poll = std::min(report.next_poll, sink.state->NextAttempt(now));
  }
  return report;
}

void EventPublisher::Stop() {
  const MutexLock lock(state_->mutex);
  for (const auto& [name, sink] : state_->sinks) sink.state->Stop();
}

}  // namespace flashsale::inline v0
