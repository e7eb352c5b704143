#include "flashsale/runtime/lane.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/field_check.h"
#include "runtime/lane_worker.h"
#include "runtime/task_ring.h"

namespace flashsale::inline v0 {
namespace {

Status Validate(const LaneOptions& options) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  FieldCheck check;
  check.InRange<std::size_t>("workers", options.workers, 0, 64)
      .InRange<std::size_t>("capacity", options.capacity, 1, std::size_t{1} << 20)
      .InRange<std::size_t>("max_batch", options.max_batch, 1, 4'096)
      .InRange("linger", options.linger, Duration{0}, milliseconds{10})
      .InRange<std::size_t>("resends", options.resends, 0, 10)
      .InRange("retry_after", options.retry_after, milliseconds{1}, hours{1});
  return check.status();
}

}  // namespace

struct Lane::State : std::enable_shared_from_this<Lane::State> {
  State(InventoryRepository& store, Clock& clock, LaneOptions&& given) : options(std::move(given)) {
    const std::size_t count = std::max<std::size_t>(options.workers, 1);
    workers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<LaneWorker>(store, clock, options));
    }
  }

  // Sees to it that what has just been answered is delivered.
  void Dispatch(LaneWorker& worker, LaneWorker::Served served) {
    if (options.executor != nullptr) {
      // Whoever was told of earlier answers will find these too.
      if (served == LaneWorker::Served::kMoreAnswers) return;
      bool posted = false;
      // Shared: it may run after the lane has gone, and then finds nothing to do.
      const bool answered = RunsWithoutThrowing([&] {
        posted =
            options.executor->Post([state = shared_from_this(), &worker] { worker.Deliver(); });
      });
      if (!answered) worker.CountException();
      if (posted) return;
      worker.CountExecutorRefusal();
    }
    worker.Deliver();
  }

  // The life of a worker's thread.
  void Work(std::size_t index) {
    LaneWorker& worker = *workers[index];
    bool keeps = false;
    for (;;) {
      const EventCount::Value seen = worker.events().Read();
      const bool any = worker.Linger();
      // Before the last look.
      const bool finished = worker.finished();
      const LaneWorker::Served served = any ? worker.Serve() : LaneWorker::Served::kNothing;
      if (served == LaneWorker::Served::kAnswers || served == LaneWorker::Served::kMoreAnswers) {
        Dispatch(worker, served);
      } else if (options.executor == nullptr) {
        // What has been kept meanwhile.
        worker.Deliver();
      }
      if (!keeps && worker.keeps_later()) {
        keeps = true;
        BeginKeeping(index);
      }
      if (served != LaneWorker::Served::kNothing) continue;
      if (finished) return;
      worker.events().Wait(seen);
    }
  }

  // Gives a worker a second thread; where the system has none the worker waits for commits itself.
  void BeginKeeping(std::size_t index) {
    LaneWorker& worker = *workers[index];
    if (RunsWithoutThrowing(
            [&] { keepers[index] = std::thread([this, &worker] { Keep(worker); }); })) {
      worker.BeginKeeping();
    }
  }

  // The life of the thread that waits for a worker's commits.
  void Keep(LaneWorker& worker) {
    for (;;) {
      const LaneWorker::Served served = worker.Keep();
      if (served == LaneWorker::Served::kNothing) return;
      if (options.executor != nullptr) Dispatch(worker, served);
      // The worker delivers them, has waited for them with others, or for the last of them.
      worker.events().Announce();
    }
  }

  const LaneOptions options;
  std::vector<std::unique_ptr<LaneWorker>> workers;
  std::vector<std::thread> threads;
  // Of the worker with the same index, and begun by its thread.
  std::vector<std::thread> keepers;
};

Result<std::unique_ptr<Lane>> Lane::New(InventoryRepository& store, Clock& clock,
                                        LaneOptions options) {
  Status status = Validate(options);
  if (!status.ok()) return status;
  try {
    const std::size_t threads = options.workers;
    std::unique_ptr<Lane> lane(new Lane(std::make_shared<State>(store, clock, std::move(options))));
    State* const state = lane->state_.get();
    state->threads.reserve(threads);
    state->keepers.resize(threads);
    for (std::size_t i = 0; i < threads; ++i) {
      state->threads.emplace_back([state, i] { state->Work(i); });
    }
    return lane;
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, std::string());
  } catch (const std::system_error& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Lane::Lane(std::shared_ptr<State> state) : state_(std::move(state)) {}
Lane::~Lane() { Drain(); }

std::optional<Outcome> Lane::Submit(const LaneCall& call, LaneCompletion& completion) {
  const std::size_t hash = absl::HashOf(call.sale.id().view());
  // The upper bits, because the lower ones choose the bucket within the worker.
  LaneWorker& worker = *state_->workers[(hash >> 40) % state_->workers.size()];
  switch (worker.Submit(call, hash, completion)) {
    case LaneWorker::Submitted::kRefused:
      return Outcome{.code = Code::kOverloaded, .when_us = state_->options.retry_after.count()};
    case LaneWorker::Submitted::kBehindOthers:
      return std::nullopt;
    case LaneWorker::Submitted::kWakes:
      break;
  }
  if (state_->options.workers > 0) {
    worker.events().Announce();
  } else if (state_->options.wake && !RunsWithoutThrowing(state_->options.wake)) {
    worker.CountException();
  }
  return std::nullopt;
}

bool Lane::Poll(std::size_t max_batches) {
  if (state_->options.workers > 0) return false;
  LaneWorker& worker = *state_->workers.front();
  for (std::size_t i = 0; i < max_batches; ++i) {
    const LaneWorker::Served served = worker.Serve();
    if (served == LaneWorker::Served::kBusy || served == LaneWorker::Served::kNothing) return false;
    state_->Dispatch(worker, served);
  }
  return !worker.idle();
}

void Lane::Close() {
  for (const std::unique_ptr<LaneWorker>& worker : state_->workers) worker->Close();
}

void Lane::Drain() {
  Close();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
  for (std::size_t i = 0; i < state_->keepers.size(); ++i) {
    if (!state_->keepers[i].joinable()) continue;
    state_->workers[i]->EndKeeping();
    state_->keepers[i].join();
  }
  for (const std::unique_ptr<LaneWorker>& worker : state_->workers) {
    while (!worker->finished()) {
      const LaneWorker::Served served = worker->Serve();
      if (served == LaneWorker::Served::kBusy) std::this_thread::yield();
      if (served == LaneWorker::Served::kAnswers || served == LaneWorker::Served::kMoreAnswers) {
        worker->Deliver();
      }
    }
    worker->Deliver();
    worker->WaitUntilCompleted();
  }
}

LaneStatistics Lane::statistics() const {
  LaneStatistics statistics;
  for (const std::unique_ptr<LaneWorker>& worker : state_->workers) worker->AddTo(statistics);
  return statistics;
}

}  // namespace flashsale::inline v0
