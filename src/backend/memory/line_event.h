#ifndef FLASHSALE_SRC_BACKEND_MEMORY_LINE_EVENT_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_LINE_EVENT_H_

#include <cstdint>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0::memory {

// Something that happened in a line, as far as it takes to make the line anew: WaitingLine::Replay
// of all of them, in order, has the state that there was.  Not told is what follows from the time
// alone, as the end of a window, and when somebody was heard of: a line that was made anew has
// heard of all at its first call.
struct LineEvent {
  enum class Kind : std::uint8_t {
    kJoined = 1,   // user, tier, place (0: none was brought back); their ticket is the next
    kPlaced,       // ticket, place: a place was brought back
    kFellSilent,   // ticket
    kLeft,         // ticket; waiting or admitted
    kAdmitted,     // ticket
    kCompleted,    // ticket
    kTurn,         // number: what the strategy keeps; those admitted since the last were one plan
    kPaceChanged,  // pace
    kPaused,
    kResumed,
    kFrozen,    // tier
    kListed,    // tier: from here on its entrants are who they are
    kArranged,  // tier, number: the place of the first; tickets
    kBegun,     // tier
    kClosed,
    kUsed,  // ticket, number: of the admission, which may be over
  };

  Kind kind = Kind::kJoined;
  std::uint8_t tier = 0;
  // Of the host's; kMinTime for what has no time of its own (kFellSilent, kTurn, kListed,
  // kArranged, kUsed).
  Time at = kMinTime;
  // Of a replay: whose the ticket is.
  UserId user = {};
  std::uint64_t ticket = 0;
  std::uint64_t place = 0;
  std::uint64_t number = 0;
  QueuePace pace = {};
  std::span<const std::uint64_t> tickets = {};
};

// Hears what happens in a line.
class LineLog {
 public:
  virtual ~LineLog() = default;
  // Before anybody outside can know of it, and one at a time in the order in which it happens; but
  // of kUsed from any thread and after the fact.
  virtual void OnEvent(const LineEvent& event) noexcept = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_LINE_EVENT_H_
