#include "testing/findings.h"

#include <exception>
#include <memory>
#include <utility>

namespace flashsale::inline v0 {

namespace {

// What went wrong; empty if nothing did.
std::string Run(const StorageFactory& open, const NamedCheck& named) {
  try {
    const Result<std::unique_ptr<Storage>> storage = open({});
    if (!storage.ok()) return storage.status().ToString();
    Findings findings;
    named.check(*storage.value(), findings);
    return findings.text();
  } catch (const std::exception& thrown) {
    return std::string("the backend threw: ") + thrown.what();
  } catch (...) {
    return "the backend threw what is no std::exception";
  }
}

}  // namespace

std::vector<CheckResult> RunChecks(const StorageFactory& open, std::span<const NamedCheck> checks) {
  std::vector<CheckResult> results;
  results.reserve(checks.size());
  for (const NamedCheck& named : checks) {
    std::string error = Run(open, named);
    const bool passed = error.empty();
    results.push_back(
        {.name = std::string(named.name), .passed = passed, .message = std::move(error)});
  }
  return results;
}

}  // namespace flashsale::inline v0
