#ifndef FLASHSALE_SRC_ENGINE_EVENT_SINK_H_
#define FLASHSALE_SRC_ENGINE_EVENT_SINK_H_

#include <cstdint>
#include <span>

#include "engine/user_index.h"
#include "flashsale/domain/event.h"

namespace flashsale::inline v0::engine {

// Whose record an event is about, in numbers that an engine gives for as long as it lives.
struct Party {
  Place place = kNoPlace;   // of the user's line; kNoPlace: of nobody
  std::uint8_t record = 0;  // which of the user's records, in the order in which they came

  friend bool operator==(const Party&, const Party&) = default;
};

struct LoggedEvent {
  Event event;
  Party party;
};

// Hears of every transition of one sale, in the order of their numbers, none left out.
// Implementer's duty: one call at a time; quick, because writers may wait for it; nothing of the
// engine is called.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnEvents(std::span<const LoggedEvent> events) noexcept = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EVENT_SINK_H_
