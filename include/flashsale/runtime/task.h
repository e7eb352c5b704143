#ifndef FLASHSALE_RUNTIME_TASK_H_
#define FLASHSALE_RUNTIME_TASK_H_

#include <coroutine>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "flashsale/base/executor.h"

namespace flashsale::inline v0 {

template <typename T>
class Task;

namespace task_internal {

// What the promises of all tasks share: who waits, and what was thrown.
class PromiseBase {
 public:
  // Starts when it is awaited.
  std::suspend_always initial_suspend() const noexcept { return {}; }

  // Goes on with whoever waits, without growing the stack (symmetric transfer).
  struct Finish {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const std::coroutine_handle<> waiting = ended.promise().waiting_;
      if (waiting) return waiting;
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  Finish final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  void set_waiting(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }

 protected:
  void RethrowIfThrown() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::coroutine_handle<> waiting_;
  std::exception_ptr exception_;
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <typename Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T TakeResult() {
    RethrowIfThrown();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void TakeResult() const { RethrowIfThrown(); }
};

}  // namespace task_internal

// A coroutine that computes a T, once, when somebody awaits it; what it throws is thrown there.
//
//   Task<bool> Buy(Lane& lane, LaneCall reserve) {
//     const Result<Outcome> held = co_await CallLane(lane, reserve);
//     co_return held.ok() && held->code == Code::kDone;
//   }
//
// A parameter taken by reference must outlive the task, and so must what a lambda captured; take
// parameters by value.
//
// Thread safety: none; it runs on the thread that awaits it, and after each co_await on the thread
// that resumes it.
// Blocking: never.
// Ownership: of the coroutine, which is destroyed with it, even where it is suspended: so what it
// awaits must allow for that, as CallLane does and other tasks do.  Clock: none.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  static_assert(!std::is_reference_v<T>, "return a pointer or a std::reference_wrapper");
  // The name that the language looks for.
  using promise_type = task_internal::Promise<T>;

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (coroutine_) coroutine_.destroy();
      coroutine_ = std::exchange(other.coroutine_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  // REQUIRES: awaited once, and not moved from.
  auto operator co_await() && noexcept {
    struct Awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
        coroutine.promise().set_waiting(waiting);
        return coroutine;
      }
      T await_resume() const { return coroutine.promise().TakeResult(); }
      std::coroutine_handle<promise_type> coroutine;
    };
    return Awaiter{coroutine_};
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

namespace task_internal {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// A coroutine that nobody awaits: it begins when it is resumed and destroys itself at its end.
struct Detached {
  // The name that the language looks for.
  // NOLINTNEXTLINE(readability-identifier-naming)
  struct promise_type {
    Detached get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    // The coroutines below catch what their tasks throw.
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

template <typename T>
Detached Fulfil(Task<T> task, std::shared_ptr<std::promise<T>> promise) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      promise->set_value();
    } else {
      promise->set_value(co_await std::move(task));
    }
  } catch (...) {
    promise->set_exception(std::current_exception());
  }
}

using ExceptionHandler = std::function<void(std::exception_ptr)>;

inline Detached Run(Task<> task, ExceptionHandler on_exception) {
  try {
    co_await std::move(task);
  } catch (...) {
    on_exception(std::current_exception());
  }
}

// A coroutine that has not begun: destroyed, unless it is begun.
class Unbegun {
 public:
  explicit Unbegun(std::coroutine_handle<> coroutine) noexcept : coroutine_(coroutine) {}
  ~Unbegun() {
    if (coroutine_) coroutine_.destroy();
  }
  Unbegun(const Unbegun&) = delete;
  Unbegun& operator=(const Unbegun&) = delete;
  void Begin() { std::exchange(coroutine_, nullptr).resume(); }

 private:
  std::coroutine_handle<> coroutine_;
};

}  // namespace task_internal

// Runs a task and waits for its end on this thread, for main() and for tests; what it throws is
// thrown here.  REQUIRES: this thread is not one that the task needs in order to go on.
template <typename T>
T SyncWait(Task<T> task) {
  // Shared: whoever fulfils it may still be at it when this thread goes on.
  const auto promise = std::make_shared<std::promise<T>>();
  std::future<T> result = promise->get_future();
  task_internal::Fulfil(std::move(task), promise).coroutine.resume();
  return result.get();
}

// Starts a task on the executor, and lets it run to its end by itself.  `on_exception` is told what
// it throws, and throws nothing itself.  False where the executor refused, or there was no memory:
// the task was destroyed before it began.
inline bool Spawn(Executor& executor, Task<> task,
                  std::function<void(std::exception_ptr)> on_exception) {
  try {
    const auto unbegun = std::make_shared<task_internal::Unbegun>(
        task_internal::Run(std::move(task), std::move(on_exception)).coroutine);
    return executor.Post([unbegun] { unbegun->Begin(); });
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_TASK_H_
