#ifndef FLASHSALE_SRC_TESTING_FINGERPRINT_CHECK_H_
#define FLASHSALE_SRC_TESTING_FINGERPRINT_CHECK_H_

#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Holds the FingerprintRepository of a backend against its comments, with few keys, so that none
// need be forgotten or merged.
std::vector<CheckResult> CheckFingerprints(const StorageFactory& open);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_FINGERPRINT_CHECK_H_
