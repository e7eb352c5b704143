#ifndef FLASHSALE_TESTS_POLICY_LOST_REPOSITORIES_H_
#define FLASHSALE_TESTS_POLICY_LOST_REPOSITORIES_H_

#include <memory>

#include "flashsale/repository/storage.h"
#include "flashsale/testing/faults.h"
#include "flashsale/testing/reference_model.h"

namespace flashsale {

// A storage that refuses the calls that `lost` names.
inline std::unique_ptr<Storage> NewLostStorage(StorageCall lost) {
  return NewFaultyStorage(NewReferenceStorage(), {.decide = [lost](StorageCall call) {
                            return call == lost ? Fault::kRefused : Fault::kNone;
                          }});
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_POLICY_LOST_REPOSITORIES_H_
