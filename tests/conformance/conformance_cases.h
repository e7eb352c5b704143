#ifndef FLASHSALE_TESTS_CONFORMANCE_CONFORMANCE_CASES_H_
#define FLASHSALE_TESTS_CONFORMANCE_CONFORMANCE_CASES_H_

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flashsale/testing/conformance.h"

namespace flashsale {

// A million random commands; ten times as many with FLASHSALE_TEST_FULL=1, and fewer where the
// compiler slows each of them down twentyfold.
inline ConformanceOptions OptionsOfThisBuild() {
  ConformanceOptions options;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  options.random.commands_per_seed = 500;
  options.faults.random.commands_per_seed = 500;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  options.random.commands_per_seed = 500;
  options.faults.random.commands_per_seed = 500;
#endif
#endif
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  if (full != nullptr && std::string_view(full) == "1") {
    options.random.seeds *= 10;
    options.contention_runs *= 10;
    options.histories.histories *= 10;
    options.faults.random.seeds *= 10;
    options.faults.contention_runs *= 10;
    options.faults.histories.histories *= 10;
  }
  return options;
}

// Runs one part and reports each of its checks.
inline void RunPart(const StorageFactory& open, std::string_view name) {
  std::size_t ran = 0;
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != name) continue;
    for (const CheckResult& result : part.run(open, OptionsOfThisBuild())) {
      ++ran;
      CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
    }
  }
  CHECK_MESSAGE(ran > 0, "no part " << std::string(name));
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_CONFORMANCE_CONFORMANCE_CASES_H_
