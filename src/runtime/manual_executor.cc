#include "flashsale/runtime/manual_executor.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/field_check.h"
#include "base/mutex.h"
#include "runtime/task_ring.h"

namespace flashsale::inline v0 {

struct ManualExecutor::State {
  explicit State(ManualExecutorOptions&& options)
      : wake(std::move(options.wake)), tasks(options.capacity) {}

  // Nothing where there is none.
  std::function<void()> Take() {
    const MutexLock lock(mutex);
    return tasks.empty() ? nullptr : tasks.Pop();
  }

  void Wake() {
    if (wake && !RunsWithoutThrowing(wake)) exceptions.fetch_add(1, std::memory_order_relaxed);
  }

  const std::function<void()> wake;
  Mutex mutex;
  TaskRing tasks FLASHSALE_GUARDED_BY(mutex);
  // Relaxed everywhere: a count that orders nothing.
  std::atomic<std::uint64_t> exceptions{0};
};

Result<std::unique_ptr<ManualExecutor>> ManualExecutor::New(ManualExecutorOptions options) {
  FieldCheck check;
  check.InRange<std::size_t>("capacity", options.capacity, 1, std::size_t{1} << 20);
  if (!check.ok()) return check.status();
  return std::unique_ptr<ManualExecutor>(
      new ManualExecutor(std::make_unique<State>(std::move(options))));
}

ManualExecutor::ManualExecutor(std::unique_ptr<State> state) : state_(std::move(state)) {}
ManualExecutor::~ManualExecutor() = default;

bool ManualExecutor::Post(std::function<void()> task) {
  {
    const MutexLock lock(state_->mutex);
    if (state_->tasks.full()) return false;
    state_->tasks.Push(std::move(task));
    if (state_->tasks.size() > 1) return true;
  }
  state_->Wake();
  return true;
}

std::size_t ManualExecutor::RunReady(std::size_t max) {
  max = std::min(max, waiting());
  std::size_t ran = 0;
  for (; ran < max; ++ran) {
    const std::function<void()> task = state_->Take();
    if (!task) break;
    if (!RunsWithoutThrowing(task)) state_->exceptions.fetch_add(1, std::memory_order_relaxed);
  }
  // Who posted what is left behind found others waiting, and did not wake.
  if (ran > 0 && waiting() > 0) state_->Wake();
  return ran;
}

std::size_t ManualExecutor::waiting() const {
  const MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

std::uint64_t ManualExecutor::exceptions() const {
  return state_->exceptions.load(std::memory_order_relaxed);
}

}  // namespace flashsale::inline v0
