#ifndef FLASHSALE_SRC_TESTING_READ_CHECK_H_
#define FLASHSALE_SRC_TESTING_READ_CHECK_H_

#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Holds what is read against what was written: reservations after every turn of their lives, stock
// and snapshots while other threads change them; and ExpireDue against the bound it is given.
std::vector<CheckResult> CheckReads(const StorageFactory& open);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_READ_CHECK_H_
