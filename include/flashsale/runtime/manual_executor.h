#ifndef FLASHSALE_RUNTIME_MANUAL_EXECUTOR_H_
#define FLASHSALE_RUNTIME_MANUAL_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "flashsale/base/executor.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

struct ManualExecutorOptions {
  // The most tasks that wait; then Post answers false.  1 to 2^20.
  std::size_t capacity = 16'384;

  // Called by Post, on the thread that posts, when a task came where none was waiting, and by
  // RunReady where it leaves tasks behind: writes to an eventfd, say, so that a loop which sleeps
  // in epoll_wait comes back and calls RunReady.  It must neither block nor call the executor; what
  // it throws is caught and counted.
  std::function<void()> wake = {};
};

// Tasks that the host runs itself, on the thread and at the moment of its choice: an event loop
// calls RunReady once a turn.
//
// Thread safety: any thread; RunReady may run in several at once, each task in one of them.
// Blocking: for as long as another call takes to queue or unqueue.
// Ownership: of the tasks that wait, which the destructor drops.  Clock: none.
class FLASHSALE_EXPORT ManualExecutor final : public Executor {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<ManualExecutor>> New(ManualExecutorOptions options = {});
  ~ManualExecutor() override;
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;

  // False where the executor is full.
  bool Post(std::function<void()> task) override;

  // Runs tasks in the order in which they came, at most `max` of them and none that was posted
  // meanwhile: a task that posts itself again does not keep the loop from its other work.  Returns
  // how many ran; what they throw is caught and counted.
  std::size_t RunReady(std::size_t max = std::numeric_limits<std::size_t>::max());

  // How many tasks wait.
  std::size_t waiting() const;
  // How many tasks or calls of `wake` have thrown.
  std::uint64_t exceptions() const;

 private:
  struct State;
  explicit ManualExecutor(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_MANUAL_EXECUTOR_H_
