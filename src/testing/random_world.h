#ifndef FLASHSALE_SRC_TESTING_RANDOM_WORLD_H_
#define FLASHSALE_SRC_TESTING_RANDOM_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/snapshot.h"
#include "flashsale/testing/history.h"

namespace flashsale::inline v0 {

// A small world made to be nasty: one to three units, two to four users who share limit keys, holds
// that lapse between one command and the next, and somebody who closes, pauses or cleans meanwhile.
// What it asks follows from the seed alone; how the calls interleave does not.
struct RandomWorld {
  static constexpr std::size_t kMostThreads = 5;

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
  // No step has a later one.
  Time latest = kMinTime;
};

// Asks `client` for one step, and again where it is refused or its answer lost, as a caller does to
// whom an answer matters: each time is a call of its own in the history.  Errors: the last one's.
Status Take(const RandomWorld::Step& step, HistoryRecorder::Client& client);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_RANDOM_WORLD_H_
