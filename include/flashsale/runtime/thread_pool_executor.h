#ifndef FLASHSALE_RUNTIME_THREAD_POOL_EXECUTOR_H_
#define FLASHSALE_RUNTIME_THREAD_POOL_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "flashsale/base/executor.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

struct ThreadPoolOptions {
  // 1 to 1,024.
  std::size_t threads = 2;
  // The most tasks that wait for a thread; then Post answers false.  1 to 2^20.
  std::size_t capacity = 16'384;
};

// A fixed number of threads that run what is posted, in the order in which it came.
//
// Thread safety: any thread, tasks included, but for Shutdown and the destructor.
// Blocking: Post for as long as another call takes to queue; Shutdown until the threads have ended.
// Ownership: of its threads and of the tasks that wait.  Clock: none.
class FLASHSALE_EXPORT ThreadPoolExecutor final : public Executor {
 public:
  // Errors: InvalidArgument (names the option), ResourceExhausted (the system gives no thread).
  static Result<std::unique_ptr<ThreadPoolExecutor>> New(const ThreadPoolOptions& options = {});
  // As Shutdown(Pending::kRun).
  ~ThreadPoolExecutor() override;
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

  // False where as many tasks wait as may, and after Shutdown began.  What a task throws is caught
  // and counted.
  bool Post(std::function<void()> task) override;

  // What becomes of the tasks that were accepted and have not begun.
  enum class Pending : std::uint8_t {
    kRun,
    // They are dropped, which breaks an executor's promise: only where nobody waits for them any
    // more.
    kDrop,
  };
  // Refuses further tasks and returns when the last that was begun has ended; the second call finds
  // nothing to do.  REQUIRES: not called by a task of this executor; one caller at a time.
  void Shutdown(Pending pending);

  // How many tasks wait for a thread.
  std::size_t waiting() const;
  // How many tasks have thrown, been dropped by Shutdown.
  std::uint64_t exceptions() const;
  std::uint64_t dropped() const;

 private:
  struct State;
  explicit ThreadPoolExecutor(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_THREAD_POOL_EXECUTOR_H_
