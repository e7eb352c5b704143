#ifndef FLASHSALE_RUNTIME_INLINE_EXECUTOR_H_
#define FLASHSALE_RUNTIME_INLINE_EXECUTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "flashsale/base/executor.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Runs each task at once, on the thread that posts it: for hosts whose tasks are short, and for
// tests.
//
// Thread safety: any thread; tasks of different threads run side by side, and a task may post.
// Blocking: as the task.  Ownership: none.  Clock: none.
class FLASHSALE_EXPORT InlineExecutor final : public Executor {
 public:
  // True, always: the task has run.  What it throws is caught and counted.
  bool Post(std::function<void()> task) override;

  // How many tasks have thrown.
  std::uint64_t exceptions() const;

 private:
  std::atomic<std::uint64_t> exceptions_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_INLINE_EXECUTOR_H_
