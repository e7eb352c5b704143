#ifndef FLASHSALE_TESTING_FAULT_RUN_H_
#define FLASHSALE_TESTING_FAULT_RUN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/export.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/contention.h"
#include "flashsale/testing/history_run.h"
#include "flashsale/testing/random_run.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

struct FaultRunOptions {
  // Of the faults; what is asked has seeds of its own.
  std::uint64_t seed = 1;
  RandomRunOptions random = {.seeds = 50, .resent_per_thousand = 300};
  ContentionOptions contention = {.resent_per_thousand = 200};
  // Runs of the contention check, each with a seed of its own.
  std::size_t contention_runs = 4;
  HistoryRunOptions histories = {.histories = 500};
};

// Has a backend called by those to whom calls fail, and who send them again until they are
// answered, as the contract has them do.
//
// Where calls are refused and requests lost on their way, the backend never saw them: the scripts,
// the catalogue and the queues (refusals alone: neither a compare-and-set nor an Admit is repeated
// blindly), random runs and a crowd must find everything as without.
//
// Where an answer is lost, the backend is asked a second time for what it has done, and says so
// without doing it again: each command of the scripts, at once; batches of the random runs, at
// once, late, or after a part of them, compared with the reference model answer by answer, and the
// digests; batches of a crowd, where others have come in between, so that all that is done twice
// shows in the sums; and calls of recorded histories, each of which takes effect once or, where the
// request was lost, not at all.  Of a queue: each verb and each call of an operator, at once and
// when the user stands elsewhere by then, with everybody's place as it was; and batches of random
// calls as above.  What a queue refuses leaves it as it was.
FLASHSALE_EXPORT std::vector<CheckResult> RunFaults(const StorageFactory& open,
                                                    const FaultRunOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_FAULT_RUN_H_
