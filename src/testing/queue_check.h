#ifndef FLASHSALE_SRC_TESTING_QUEUE_CHECK_H_
#define FLASHSALE_SRC_TESTING_QUEUE_CHECK_H_

#include <span>
#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"
#include "testing/findings.h"

namespace flashsale::inline v0 {

// Holds the QueueRepository of a backend against its comments: each sentence by itself, then random
// calls against the reference, then threads.
std::vector<CheckResult> CheckQueues(const StorageFactory& open);

// The sentences, in three parts.
std::span<const NamedCheck> QueueVerbChecks();
std::span<const NamedCheck> QueueAdmissionChecks();
std::span<const NamedCheck> QueueStageChecks();
// Threads that come, leave, are let in and finish, all at once.
std::span<const NamedCheck> QueueThreadChecks();
// Callers who hear no answer and call again, and calls that are refused: for the part with faults.
std::span<const NamedCheck> QueueFaultChecks();

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_QUEUE_CHECK_H_
