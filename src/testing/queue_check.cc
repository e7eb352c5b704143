#include "testing/queue_check.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "testing/queue_comparison.h"

namespace flashsale::inline v0 {

std::vector<CheckResult> CheckQueues(const StorageFactory& open) {
  constexpr std::uint64_t kSeeds = 20;
  constexpr std::uint32_t kSteps = 3'000;
  std::vector<CheckResult> all;
  for (const std::span<const NamedCheck> checks :
       {QueueVerbChecks(), QueueAdmissionChecks(), QueueStageChecks(), QueueThreadChecks()}) {
    std::vector<CheckResult> results = RunChecks(open, checks);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  std::vector<CheckResult> results = CompareQueues(open, 1, kSeeds, kSteps);
  std::move(results.begin(), results.end(), std::back_inserter(all));
  return all;
}

}  // namespace flashsale::inline v0
