#include "flashsale/domain/queue_entry.h"

namespace flashsale::inline v0 {

std::string_view Name(TicketState state) {
  switch (state) {
    case TicketState::kNone:
      return "none";
    case TicketState::kWaiting:
      return "waiting";
    case TicketState::kAdmitted:
      return "admitted";
  }
  return "?";
}

}  // namespace flashsale::inline v0
