#ifndef FLASHSALE_TESTS_LINEARIZABILITY_RANDOM_HISTORY_H_
#define FLASHSALE_TESTS_LINEARIZABILITY_RANDOM_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/testing/history.h"

namespace flashsale {

// A small world made to be nasty: one to three units, two to four users who share limit keys, holds
// that lapse between one command and the next, and somebody who closes, pauses or cleans meanwhile.
// What it asks follows from the seed alone; how the calls interleave does not.
struct RandomWorld {
  // What one thread asks, in order.
  struct Step {
    CallKind kind = CallKind::kCommand;
    Time now{};
    // Several: one batch.  For the reads: whom or what they ask about.
    std::vector<Command> commands;
    TallyKey tally_key{};
  };

  explicit RandomWorld(std::uint64_t seed);

  SaleTerms terms;
  std::vector<std::vector<Step>> threads;
};

// Asks `client` for one step; false where the repository failed.
bool Take(const RandomWorld::Step& step, HistoryRecorder::Client& client);

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_LINEARIZABILITY_RANDOM_HISTORY_H_
