#include "testing/queue_check.h"

#include <iterator>
#include <utility>

#include "testing/queue_comparison.h"

namespace flashsale::inline v0 {

std::vector<CheckResult> CheckQueues(const StorageFactory& open) {
  std::vector<CheckResult> all;
  for (const std::span<const NamedCheck> checks :
       {QueueVerbChecks(), QueueAdmissionChecks(), QueueStageChecks(), QueueThreadChecks()}) {
    std::vector<CheckResult> results = RunChecks(open, checks);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  std::vector<CheckResult> results = CompareQueues(open, {});
  std::move(results.begin(), results.end(), std::back_inserter(all));
  return all;
}

}  // namespace flashsale::inline v0
