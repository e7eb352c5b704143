#ifndef FLASHSALE_BASE_EXECUTOR_H_
#define FLASHSALE_BASE_EXECUTOR_H_

#include <functional>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Where a host wants work done that the library will not do on the thread that asked for it: a pool,
// an event loop, or the calling thread itself.
//
// Implementer's duty: Post may be called from any thread, does not block and does not throw; an
// accepted task runs exactly once, on whichever thread, before Post returns or after.  A task throws
// nothing.
class FLASHSALE_EXPORT Executor {
 public:
  virtual ~Executor() = default;

  // False where the executor is full or shut down: the task was dropped.
  virtual bool Post(std::function<void()> task) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_EXECUTOR_H_
