#ifndef FLASHSALE_SRC_TESTING_BOUNDS_CHECK_H_
#define FLASHSALE_SRC_TESTING_BOUNDS_CHECK_H_

#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Goes to the bounds of every member of a command, of batches and of names, where a backend that
// keeps them in less room than the contract gives them goes wrong.
std::vector<CheckResult> CheckBounds(const StorageFactory& open);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_BOUNDS_CHECK_H_
