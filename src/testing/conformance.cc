#include "flashsale/testing/conformance.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "flashsale/testing/script.h"
#include "testing/bounds_check.h"
#include "testing/catalogue_check.h"
#include "testing/exception_guard.h"
#include "testing/fingerprint_check.h"
#include "testing/queue_check.h"
#include "testing/rate_check.h"
#include "testing/read_check.h"

namespace flashsale::inline v0 {
namespace {

std::vector<CheckResult> CheckCalls(const StorageFactory& open) {
  std::vector<CheckResult> all = CheckCatalogue(open);
  for (std::vector<CheckResult> results : {CheckBounds(open), CheckReads(open)}) {
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<CheckResult> RunScripts(const StorageFactory& open, ScriptMode mode) {
  std::vector<CheckResult> all;
  for (const ScriptSource& script : ContractScripts()) {
    std::vector<CheckResult> results = RunScript(script, open, mode);
    for (CheckResult& result : results) {
      result.name += mode == ScriptMode::kSingly ? " (singly)" : " (batched)";
    }
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<CheckResult> RunContentions(const StorageFactory& open,
                                        const ConformanceOptions& options) {
  std::vector<CheckResult> results;
  ContentionOptions contention = options.contention;
  for (std::size_t i = 0; i < options.contention_runs; ++i, ++contention.seed) {
    results.push_back(CheckContention(open, contention));
  }
  return results;
}

// The same part, in which a backend that throws fails, instead of all that runs it.
ConformancePart Guard(const ConformancePart& part) {
  return {.name = part.name,
          .run = [part](const StorageFactory& open, const ConformanceOptions& options) {
            const auto log = std::make_shared<ExceptionLog>();
            std::vector<CheckResult> results;
            try {
              results = part.run(GuardExceptions(open, log), options);
            } catch (const std::exception& thrown) {
              log->Note("outside of a call", thrown.what());
            } catch (...) {
              log->Note("outside of a call", "what is no std::exception");
            }
            if (const std::string first = log->first(); !first.empty()) {
              results.push_back(
                  {.name = part.name + "/no exceptions", .passed = false, .message = first});
            }
            return results;
          }};
}

}  // namespace

bool ConformanceReport::passed() const {
  return !results.empty() && std::all_of(results.begin(), results.end(),
                                         [](const CheckResult& result) { return result.passed; });
}

std::string ConformanceReport::Summary() const {
  std::string text;
  std::size_t failed = 0;
  for (const CheckResult& result : results) {
    if (result.passed) continue;
    ++failed;
    text += result.name + ":\n" + result.message + "\n\n";
  }
  return text + std::to_string(results.size() - failed) + " checks passed, " +
         std::to_string(failed) + " failed\n";
}

std::vector<ConformancePart> ConformanceParts() {
  std::vector<ConformancePart> parts = {
      {.name = "scripts, singly",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return RunScripts(open, ScriptMode::kSingly); }},
      {.name = "scripts, batched",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return RunScripts(open, ScriptMode::kBatched); }},
      {.name = "calls and catalogue",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return CheckCalls(open); }},
      {.name = "rates",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return CheckRates(open); }},
      {.name = "fingerprints",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return CheckFingerprints(open); }},
      {.name = "queues",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions&) { return CheckQueues(open); }},
      {.name = "random runs",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions& options) { return RunRandom(open, options.random); }},
      {.name = "contention", .run = RunContentions},
      {.name = "histories",
       .run =
           [](const StorageFactory& open, const ConformanceOptions& options) {
             return RunHistories(open, options.histories).results;
           }},
      {.name = "faults",
       .run = [](const StorageFactory& open,
                 const ConformanceOptions& options) { return RunFaults(open, options.faults); }},
  };
  for (ConformancePart& part : parts) part = Guard(part);
  return parts;
}

ConformanceReport RunConformance(const StorageFactory& open, const ConformanceOptions& options) {
  ConformanceReport report;
  for (const ConformancePart& part : ConformanceParts()) {
    std::vector<CheckResult> results = part.run(open, options);
    std::move(results.begin(), results.end(), std::back_inserter(report.results));
  }
  return report;
}

}  // namespace flashsale::inline v0
