#ifndef FLASHSALE_TESTING_RANDOM_RUN_H_
#define FLASHSALE_TESTING_RANDOM_RUN_H_

#include <cstdint>
#include <vector>

#include "flashsale/export.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

struct RandomRunOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 200;
  std::uint32_t commands_per_seed = 5'000;
  // After every so many batches, and at the end, the snapshot is compared too.  At least 1.
  std::uint32_t batches_per_snapshot = 16;
  // How many batches in a thousand are sent twice, as a caller does who was not answered the first
  // time: at once, or as a copy that comes late, or after a part of it had been carried out.
  std::uint32_t resent_per_thousand = 0;
};

// Sends seeded random commands (every verb, few users, few ids, little stock, batches of any size,
// a clock that also steps back) to the backend and to the reference model, sale after sale.  Every
// outcome must be equal; after every batch the events are folded and stock and tallies compared
// with them; now and then, and at the end, snapshot, invariants and digests.
//
// One result a seed, "random/seed=17".  The message of a failure ends with a script, shrunk as far
// as it goes, that RunScript accepts in ScriptMode::kBatched.
FLASHSALE_EXPORT std::vector<CheckResult> RunRandom(const StorageFactory& open,
                                                    const RandomRunOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_RANDOM_RUN_H_
