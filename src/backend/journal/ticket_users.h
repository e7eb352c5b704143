#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_TICKET_USERS_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_TICKET_USERS_H_

#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/domain/queue_event.h"

namespace flashsale::inline v0::journal {

// Whose each ticket of one line is: a record names a user once, with the ticket.
//
// Thread safety: as an int.
class TicketUsers {
 public:
  // Adds to an event, as a record tells it, the ticket of who joins, or the user of a ticket.
  // Null, or why there is no such ticket.  Throws std::bad_alloc.
  const char* Complete(QueueEvent& event) {
    if (event.kind == QueueEvent::Kind::kJoined) {
      if (event.user.is_nil()) return "nobody joins";
      users_.push_back(event.user);
      event.ticket = users_.size();
    } else if (event.ticket != 0) {
      if (event.ticket > users_.size()) return "a ticket that was never given";
      event.user = users_[event.ticket - 1];
    }
    return nullptr;
  }

 private:
  std::vector<UserId> users_;  // by ticket, from 1
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_TICKET_USERS_H_
