#ifndef FLASHSALE_SRC_BACKEND_MEMORY_LINE_LOG_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_LINE_LOG_H_

#include "flashsale/domain/queue_event.h"

namespace flashsale::inline v0::memory {

// Hears what happens in a line; WaitingLine::Replay of all of that makes the line anew.
class LineLog {
 public:
  virtual ~LineLog() = default;
  // Before anybody outside can know of it, and one at a time in the order in which it happens; but
  // of kUsed from any thread and after the fact.  Only a kJoined tells its user.
  virtual void OnEvent(const QueueEvent& event) noexcept = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_LINE_LOG_H_
