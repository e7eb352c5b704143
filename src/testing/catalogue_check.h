#ifndef FLASHSALE_SRC_TESTING_CATALOGUE_CHECK_H_
#define FLASHSALE_SRC_TESTING_CATALOGUE_CHECK_H_

#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Holds the FlashSaleRepository of a backend, and the calls of its InventoryRepository that scripts
// do not make (Create, Resolve, unknown sales, cursors), against their comments.
std::vector<CheckResult> CheckCatalogue(const StorageFactory& open);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_CATALOGUE_CHECK_H_
