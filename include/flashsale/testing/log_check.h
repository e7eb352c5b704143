#ifndef FLASHSALE_TESTING_LOG_CHECK_H_
#define FLASHSALE_TESTING_LOG_CHECK_H_

#include <string>

#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What is wrong with the log of a sale, read from its first event on; empty if nothing is.  A log
// is an order of its own of everything that happened, so each prefix of it must be lawful
// (EventFold). REQUIRES: the sale was created with `terms`; nobody calls meanwhile.
FLASHSALE_EXPORT std::string CheckLog(InventoryRepository& repository, const SaleTerms& terms);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_LOG_CHECK_H_
