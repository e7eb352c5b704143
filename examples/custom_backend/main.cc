// Puts the backend of this folder to the proof that every backend of flashsale has to pass.
#include <iostream>
#include <limits>
#include <memory>

#include "examples/custom_backend/map_storage.h"
#include "flashsale/testing/script.h"

namespace {

using namespace flashsale;  // NOLINT(google-build-using-namespace)

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs) {
  const std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();
  return custom_backend::OpenMapStorage(
      {.max_records_per_sale = needs.max_records_per_sale.value_or(unbounded)});
}

}  // namespace

int main() {
  int passed = 0;
  int failed = 0;
  for (const ScriptMode mode : {ScriptMode::kSingly, ScriptMode::kBatched}) {
    for (const ScriptSource& script : ContractScripts()) {
      for (const CheckResult& result : RunScript(script, Open, mode)) {
        ++(result.passed ? passed : failed);
        if (!result.passed) std::cout << result.name << ": " << result.message << '\n';
      }
    }
  }
  std::cout << passed << " checks passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}
