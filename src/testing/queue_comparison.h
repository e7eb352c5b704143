#ifndef FLASHSALE_SRC_TESTING_QUEUE_COMPARISON_H_
#define FLASHSALE_SRC_TESTING_QUEUE_COMPARISON_H_

#include <cstdint>
#include <vector>

#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

struct QueueComparisonOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 20;
  std::uint32_t steps = 3'000;
  // Of batches: sent again at once, late, or after a part of them.
  std::uint32_t resent_per_thousand = 0;
};

// Sends seeded random calls (every one that a queue has, few users, short times) to the backend and
// to the reference, queue after queue, and compares every answer; after every step what the queue
// knows of itself, and now and then everybody's place.  One result a seed, "queues/random/seed=17";
// the message of a failure tells the step.
std::vector<CheckResult> CompareQueues(const StorageFactory& open,
                                       const QueueComparisonOptions& options);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_QUEUE_COMPARISON_H_
