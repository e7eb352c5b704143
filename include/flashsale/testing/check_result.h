#ifndef FLASHSALE_TESTING_CHECK_RESULT_H_
#define FLASHSALE_TESTING_CHECK_RESULT_H_

#include <string>

namespace flashsale::inline v0 {

// What one check of the kit found, for a test framework of any kind to report.
struct CheckResult {
  // Names the check and, where there is one, the seed: "contention/seed=17".
  std::string name;
  bool passed = false;
  // Why it failed; empty where it passed.
  std::string message = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_CHECK_RESULT_H_
