#ifndef FLASHSALE_SRC_SERVICE_OTHER_QUEUE_H_
#define FLASHSALE_SRC_SERVICE_OTHER_QUEUE_H_

#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0 {

// AlreadyExists, naming the first member that was asked for and is another in the queue that the
// sale has.  REQUIRES: they differ.
Status OtherQueue(const QueueTerms& asked, const QueueTerms& opened);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_OTHER_QUEUE_H_
