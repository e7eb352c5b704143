#include "testing/findings.h"

#include <memory>
#include <utility>

namespace flashsale::inline v0 {

std::vector<CheckResult> RunChecks(const StorageFactory& open,
                                   std::span<const NamedCheck> checks) {
  std::vector<CheckResult> results;
  results.reserve(checks.size());
  for (const NamedCheck& named : checks) {
    CheckResult result{.name = std::string(named.name)};
    const Result<std::unique_ptr<Storage>> storage = open({});
    Findings findings;
    if (storage.ok()) {
      named.check(*storage.value(), findings);
      result.message = findings.text();
    } else {
      result.message = storage.status().ToString();
    }
    result.passed = result.message.empty();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace flashsale::inline v0
