#include "runtime/lane_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "runtime/task_ring.h"

namespace flashsale::inline v0 {
namespace {

// How many batches may wait for one commit: what comes later should not wait for so many before.
constexpr std::size_t kMostTogether = 64;

// What an error of a batch says about one of its calls.  Apply may have carried out a part of a
// batch, and so the codes that promise "not applied" may not be passed on to each of several; these
// may, because they are found before the first command is.
Status ErrorOfEach(const Status& error, std::size_t size) {
  switch (error.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kFenced:
    case StatusCode::kUnknown:
      return error;
    default:
      if (size == 1) return error;
      return {StatusCode::kUnknown,
              fmt::format("in a batch of {} commands: {}", size, error.ToString())};
  }
}

// The same, or its code alone where there is no memory for its message.
Result<Outcome> AnswerOf(const Status& error) noexcept {
  try {
    return error;
  } catch (const std::bad_alloc&) {
    return Status(error.code(), std::string());
  }
}

}  // namespace

LaneWorker::LaneWorker(InventoryRepository& store, Clock& clock, const LaneOptions& options)
    : store_(store),
      clock_(clock),
      options_(options),
      slots_(options.capacity),
      links_(options.capacity, kNoSlot),
      free_(static_cast<SlotIndex>(options.capacity)),
      inbox_(links_),
      uncommitted_(links_),
      answered_(links_),
      turns_(slots_, links_),
      commands_(options.max_batch),
      outcomes_(options.max_batch) {
  batch_.reserve(options.max_batch);
}

LaneWorker::Submitted LaneWorker::Submit(const LaneCall& call, std::uint64_t sale_hash,
                                         LaneCompletion& completion) {
  const SlotIndex index = free_.Pop();
  if (index == kNoSlot) {
    Count(refused_);
    return Submitted::kRefused;
  }
  LaneSlot& slot = slots_[index];
  slot.call = call;
  slot.sale_hash = sale_hash;
  slot.completion = &completion;
  // Before it can be completed.  Relaxed: the push publishes it.
  depth_.fetch_add(1, std::memory_order_relaxed);
  switch (inbox_.Push(index, index)) {
    case SlotInbox::Pushed::kFirst:
      return Submitted::kWakes;
    case SlotInbox::Pushed::kBehindOthers:
      return Submitted::kBehindOthers;
    case SlotInbox::Pushed::kClosed:
      break;
  }
  free_.Push(index);
  Count(refused_);
  End(1);
  return Submitted::kRefused;
}

LaneWorker::Served LaneWorker::Serve() {
  if (!serving_.TryLock()) return Served::kBusy;
  Served served = Served::kNothing;
  bool apart = has_keeper_ && !uncommitted_.empty();
  // What is carried out only to wait behind a commit may as well gather: fewer batches have less
  // work.
  if (!apart || many_wait()) TakeInbox();
  if (!turns_.empty() && (!apart || many_wait())) {
    CarriedOut done;
    // As many batches as there are share one wait; where there is none, each is answered at once.
    for (std::size_t i = 0; i < kMostTogether && !turns_.empty(); ++i) {
      SendBatch(done);
      if (done.ticket.number == 0) break;
      apart = apart || (has_keeper_ && many_wait());
      if (apart) break;
    }
    const bool waits = done.ticket.number != 0;
    if (waits) keeps_later_.store(true, std::memory_order_relaxed);
    // What waits for nothing must not be told before what was done earlier.
    if (apart) {
      uncommitted_.Add(done);
      served = Served::kUncommitted;
    } else {
      if (waits) AwaitCommit(done);
      served = Answer(done);
    }
  }
  serving_.Unlock();
  return served;
}

LaneWorker::Served LaneWorker::Keep() {
  const std::optional<CarriedOut> done = uncommitted_.Take();
  if (!done.has_value()) return Served::kNothing;
  AwaitCommit(*done);
  const Served served = Answer(*done);
  uncommitted_.Return();
  return served;
}

void LaneWorker::BeginKeeping() {
  const MutexLock lock(serving_);
  has_keeper_ = true;
}

LaneWorker::Served LaneWorker::Answer(const CarriedOut& done) {
  return answered_.Push(done.newest, done.oldest) == SlotInbox::Pushed::kFirst
             ? Served::kAnswers
             : Served::kMoreAnswers;
}

void LaneWorker::TakeInbox() {
  SlotIndex slot = inbox_.TakeAll();
  if (slot == kNoSlot) return;
  const Time seen = options_.linger > Duration{0} ? clock_.Now() : kMinTime;
  while (slot != kNoSlot) {
    const SlotIndex next = links_[slot];
    turns_.Add(slot, seen);
    slot = next;
  }
}

void LaneWorker::AwaitCommit(const CarriedOut& done) {
  Status status;
  try {
    status = store_.AwaitCommit(done.ticket);
  } catch (...) {
    Count(exceptions_);
    status = {StatusCode::kUnknown, "the store threw"};
  }
  if (status.ok()) return;
  for (SlotIndex slot = done.newest;; slot = links_[slot]) {
    // A call whose time was up was never handed over.
    if (slots_[slot].answer.ok() && slots_[slot].answer->code != Code::kOverloaded) {
      slots_[slot].answer = AnswerOf(status);
      Count(failed_);
    }
    if (slot == done.oldest) return;
  }
}

void LaneWorker::SendBatch(CarriedOut& done) {
  batch_.clear();
  const Time now = clock_.Now();
  const std::optional<Time> judged_at = slots_[turns_.first()].call.now;
  SaleRef sale;
  bool more = true;
  std::uint64_t taken = 0;
  while (more && batch_.size() < options_.max_batch) {
    const SlotIndex index = turns_.first();
    LaneSlot& slot = slots_[index];
    if (slot.call.now != judged_at) break;
    more = turns_.TakeFirst();
    ++taken;
    if (slot.call.deadline <= now) {
      slot.answer = Overloaded();
      Count(expired_);
      done.Add(index, links_);
      continue;
    }
    // Any name will do, but one that was resolved is quicker.
    if (batch_.empty() || sale.hint() == 0) sale = slot.call.sale;
    commands_[batch_.size()] = slot.call.command;
    batch_.push_back(index);
  }
  if (more) turns_.EndTurn();
  carried_out_.fetch_add(taken, std::memory_order_relaxed);
  if (batch_.empty()) return;

  const std::size_t size = batch_.size();
  Count(batches_);
  Count(batch_sizes_[static_cast<std::size_t>(std::bit_width(size - 1))]);
  CommitTicket of_batch;
  const Status status = Apply(sale, judged_at.value_or(now), size, of_batch);
  if (status.ok()) done.ticket.number = std::max(done.ticket.number, of_batch.number);
  if (!status.ok()) Count(failed_, size);
  for (std::size_t i = 0; i < size; ++i) {
    slots_[batch_[i]].answer = status.ok() ? Result<Outcome>(outcomes_[i]) : AnswerOf(status);
    done.Add(batch_[i], links_);
  }
}

Status LaneWorker::Apply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket) {
  Status status = TryApply(sale, now, size, ticket);
  for (std::size_t i = 0; i < options_.resends; ++i) {
    if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kUnknown) break;
    Count(resends_);
    status = TryApply(sale, now, size, ticket);
  }
  if (status.ok()) return status;
  try {
    return ErrorOfEach(status, size);
  } catch (const std::bad_alloc&) {
    return {StatusCode::kUnknown, std::string()};
  }
}

Status LaneWorker::TryApply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket) {
  try {
    return store_.ApplyUncommitted(sale, now, std::span<const Command>(commands_).first(size),
                                   std::span<Outcome>(outcomes_).first(size), ticket);
  } catch (...) {
    // It may have thrown before the change or after.  So short a text needs no memory.
    Count(exceptions_);
    return {StatusCode::kUnknown, "the store threw"};
  }
}

Outcome LaneWorker::Overloaded() const {
  return {.code = Code::kOverloaded, .when_us = options_.retry_after.count()};
}

void LaneWorker::Deliver() {
  SlotIndex index = answered_.TakeAll();
  std::uint64_t calls = 0;
  while (index != kNoSlot) {
    const SlotIndex next = links_[index];
    LaneSlot& slot = slots_[index];
    LaneCompletion& completion = *slot.completion;
    const Result<Outcome> answer = std::exchange(slot.answer, Outcome{});
    // Before the completion, which may want to submit.
    free_.Push(index);
    if (!RunsWithoutThrowing([&] { completion.Complete(answer); })) Count(exceptions_);
    ++calls;
    index = next;
  }
  if (calls == 0) return;
  Count(completed_, calls);
  carried_out_.fetch_sub(calls, std::memory_order_relaxed);
  End(calls);
}

void LaneWorker::End(std::uint64_t calls) {
  // Release pairs with WaitUntilCompleted: what completions did comes before.
  if (depth_.fetch_sub(calls, std::memory_order_release) == calls) depth_.notify_all();
}

void LaneWorker::WaitUntilCompleted() const {
  for (;;) {
    const std::uint64_t depth = depth_.load(std::memory_order_acquire);
    if (depth == 0) return;
    depth_.wait(depth, std::memory_order_acquire);
  }
}

bool LaneWorker::Linger() {
  if (options_.linger == Duration{0}) return true;
  for (;;) {
    {
      const MutexLock lock(serving_);
      TakeInbox();
      if (turns_.empty()) return false;
      if (turns_.size() >= options_.max_batch || inbox_.closed()) return true;
      if (clock_.Now() >= turns_.since() + options_.linger) return true;
    }
    // What has been kept need not wait for that.
    if (options_.executor == nullptr) Deliver();
    std::this_thread::yield();
  }
}

bool LaneWorker::idle() {
  const MutexLock lock(serving_);
  return turns_.empty() && inbox_.empty();
}

bool LaneWorker::finished() {
  if (!inbox_.finished()) return false;
  const MutexLock lock(serving_);
  return turns_.empty() && inbox_.finished() && uncommitted_.empty();
}

void LaneWorker::AddTo(LaneStatistics& statistics) const {
  const auto read = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  const std::uint64_t depth = read(depth_);
  statistics.depth += depth;
  statistics.accepted += depth + read(completed_);
  statistics.refused += read(refused_);
  statistics.expired += read(expired_);
  statistics.failed += read(failed_);
  statistics.batches += read(batches_);
  statistics.resends += read(resends_);
  for (std::size_t i = 0; i < batch_sizes_.size(); ++i) {
    statistics.batch_sizes[i] += read(batch_sizes_[i]);
  }
  statistics.exceptions += read(exceptions_);
  statistics.executor_refusals += read(executor_refusals_);
}

}  // namespace flashsale::inline v0
