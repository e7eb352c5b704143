#include "flashsale/runtime/thread_pool_executor.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/field_check.h"
#include "base/mutex.h"
#include "runtime/condition.h"
#include "runtime/task_ring.h"

namespace flashsale::inline v0 {

struct ThreadPoolExecutor::State {
  explicit State(std::size_t capacity) : tasks(capacity) {}

  void Work() {
    for (;;) {
      std::function<void()> task;
      {
        const MutexLock lock(mutex);
        while (tasks.empty() && !closed) changed.Wait(mutex);
        if (tasks.empty()) return;
        task = tasks.Pop();
      }
      if (!RunsWithoutThrowing(task)) exceptions.fetch_add(1, std::memory_order_relaxed);
    }
  }

  Mutex mutex;
  Condition changed;
  TaskRing tasks FLASHSALE_GUARDED_BY(mutex);
  bool closed FLASHSALE_GUARDED_BY(mutex) = false;
  // Relaxed everywhere: counts that order nothing.
  std::atomic<std::uint64_t> exceptions{0};
  std::atomic<std::uint64_t> dropped{0};
  std::vector<std::thread> threads;
};

Result<std::unique_ptr<ThreadPoolExecutor>> ThreadPoolExecutor::New(
    const ThreadPoolOptions& options) {
  FieldCheck check;
  check.InRange<std::size_t>("threads", options.threads, 1, 1'024)
      .InRange<std::size_t>("capacity", options.capacity, 1, std::size_t{1} << 20);
  if (!check.ok()) return check.status();
  std::unique_ptr<ThreadPoolExecutor> pool(
      new ThreadPoolExecutor(std::make_unique<State>(options.capacity)));
  State& state = *pool->state_;
  state.threads.reserve(options.threads);
  try {
    while (state.threads.size() < options.threads) {
      state.threads.emplace_back([&state] { state.Work(); });
    }
  } catch (const std::system_error& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
  return pool;
}

ThreadPoolExecutor::ThreadPoolExecutor(std::unique_ptr<State> state) : state_(std::move(state)) {}
ThreadPoolExecutor::~ThreadPoolExecutor() { Shutdown(Pending::kRun); }

bool ThreadPoolExecutor::Post(std::function<void()> task) {
  {
    const MutexLock lock(state_->mutex);
    if (state_->closed || state_->tasks.full()) return false;
    state_->tasks.Push(std::move(task));
  }
  state_->changed.NotifyOne();
  return true;
}

void ThreadPoolExecutor::Shutdown(Pending pending) {
  // What is dropped is destroyed outside the lock: it is the host's code.
  std::vector<std::function<void()>> dropped;
  {
    const MutexLock lock(state_->mutex);
    state_->closed = true;
    if (pending == Pending::kDrop) {
      while (!state_->tasks.empty()) dropped.push_back(state_->tasks.Pop());
    }
  }
  state_->changed.NotifyAll();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
  state_->dropped.fetch_add(dropped.size(), std::memory_order_relaxed);
}

std::size_t ThreadPoolExecutor::waiting() const {
  const MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

std::uint64_t ThreadPoolExecutor::exceptions() const {
  return state_->exceptions.load(std::memory_order_relaxed);
}

std::uint64_t ThreadPoolExecutor::dropped() const {
  return state_->dropped.load(std::memory_order_relaxed);
}

}  // namespace flashsale::inline v0
