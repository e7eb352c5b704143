#ifndef FLASHSALE_SRC_SERVICE_QUEUE_SETUP_H_
#define FLASHSALE_SRC_SERVICE_QUEUE_SETUP_H_

#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/service/service_options.h"

namespace flashsale::inline v0 {

// The terms of the queue before a sale.  Errors: InvalidArgument, which names the member of
// SaleTerms or QueueSetup.
Result<QueueTerms> QueueTermsOf(const SaleTerms& terms, const QueueSetup& setup);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_QUEUE_SETUP_H_
