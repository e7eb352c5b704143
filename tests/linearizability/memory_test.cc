#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/history_run.h"
#include "tests/linearizability/preemption.h"

namespace flashsale {
namespace {

std::uint64_t HistoriesToCheck() {
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1" ? 50'000 : 2'500;
}

TEST_CASE("concurrent histories of the memory backend are linearizable, their logs lawful") {
  const std::uint64_t histories = HistoriesToCheck();
  std::uint64_t opened = 0;
  const HistoryRunReport report = RunHistories(
      [&opened](const StorageNeeds&) {
        return OpenMemoryStorage({.events_per_sale = 1'024, .hash_seed = ++opened});
      },
      {.histories = histories,
       .around = [](const HistoryThread& thread, const std::function<void()>& calls) {
         const Preemption preemption(thread.seed * 5 + thread.index);
         calls();
       }});
  MESSAGE(report.overlapping << " of " << histories
                             << " histories had calls that overlapped; at most "
                             << report.most_configurations << " configurations");
  for (const CheckResult& result : report.results) {
    CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
  }
  CHECK(report.results.size() == histories);
  // A history without any proves nothing.
  CHECK(report.overlapping > histories / 20);
}

}  // namespace
}  // namespace flashsale
