#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_DRAW_CHECK_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_DRAW_CHECK_H_

#include <span>
#include <string>

#include "flashsale/base/id.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::audit {

// Works a draw out again from what was published of it and compares it with the order that a queue
// was given.  Why it is another; empty: it is the same.
//   `entrants`: who came before the freeze, in the order of their tickets
//   `arranged`: the order that they were given
std::string CheckDraw(const DrawRecord& record, std::span<const Entrant> entrants,
                      std::span<const UserId> arranged);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_DRAW_CHECK_H_
