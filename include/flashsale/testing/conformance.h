#ifndef FLASHSALE_TESTING_CONFORMANCE_H_
#define FLASHSALE_TESTING_CONFORMANCE_H_

#include <functional>
#include <string>
#include <vector>

#include "flashsale/export.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/contention.h"
#include "flashsale/testing/fault_run.h"
#include "flashsale/testing/history_run.h"
#include "flashsale/testing/random_run.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// How much of each part.  There is no way to leave one out: what a backend may differ in stands in
// StorageTraits.
struct ConformanceOptions {
  RandomRunOptions random = {};
  ContentionOptions contention = {};
  // Runs of the contention check, each with a seed of its own.
  std::size_t contention_runs = 4;
  HistoryRunOptions histories = {};
  FaultRunOptions faults = {};
};

struct ConformanceReport {
  // Each with a name of its own, for a test framework to make test cases of.
  std::vector<CheckResult> results;

  bool passed() const;
  // What failed, a paragraph each, and a last line that counts.
  std::string Summary() const;
};

// Proves that a backend keeps docs/contract.md: the scripts singly and batched, random runs against
// the reference model, threads in contention, recorded histories that some order must explain, the
// catalogue, the bounds of every member and batch, reads while others write, the rates, the
// fingerprints, the queues; and most of it once more for callers who are not always answered.  A
// backend that throws, on whichever thread, fails a check, and the suite goes on.  A backend's test is this one call:
//
//   const auto report = flashsale::RunConformance(
//       [](const flashsale::StorageNeeds& needs) { return OpenMine(needs); });
//   std::cout << report.Summary();
//   return report.passed() ? 0 : 1;
//
// With the default options: a million random commands over 200 seeds, 1,000 histories.
FLASHSALE_EXPORT ConformanceReport RunConformance(const StorageFactory& open,
                                                  const ConformanceOptions& options = {});

// One part of the suite, for a test framework that runs parts on their own.
struct ConformancePart {
  std::string name;
  std::function<std::vector<CheckResult>(const StorageFactory&, const ConformanceOptions&)> run;
};
// All of them, in the order in which RunConformance runs them.
FLASHSALE_EXPORT std::vector<ConformancePart> ConformanceParts();

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_CONFORMANCE_H_
