#ifndef FLASHSALE_SRC_SERVICE_COMMANDS_H_
#define FLASHSALE_SRC_SERVICE_COMMANDS_H_

#include "flashsale/domain/verb.h"
#include "flashsale/repository/command.h"
#include "flashsale/service/requests.h"

namespace flashsale::inline v0 {

// What a request asks of the store.

inline Command CommandOf(const ReserveRequest& request) {
  return {.verb = Verb::kReserve,
          .line = request.line,
          .units = request.units,
          .user_limit = request.user_limit,
          .quote = request.quote,
          .user = request.user,
          .id = request.id,
          .keys = request.keys};
}
inline Command CommandOf(const ConfirmRequest& request) {
  return {.verb = Verb::kConfirm, .units = request.units, .user = request.user, .id = request.id};
}
inline Command CommandOf(const CancelRequest& request) {
  return {.verb = Verb::kCancel, .user = request.user, .id = request.id};
}
inline Command CommandOf(const ExtendRequest& request) {
  return {.verb = Verb::kExtend, .user = request.user, .id = request.id};
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_COMMANDS_H_
