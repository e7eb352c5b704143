#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "flashsale/base/time.h"
#include "flashsale/base/units.h"

namespace flashsale::sim {

// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitInvariantBroken = 1;
inline constexpr int kExitBadInput = 2;     // an option, or the input
inline constexpr int kExitStoreFailed = 3;  // the store answered with an error

struct ReplayOptions {
  // Exactly one of these two is given.
  std::string log_file = {};
  std::uint64_t synthetic_shoppers = 0;

  // Not set: a twentieth of the shoppers, at least 1.
  std::optional<Units> units = std::nullopt;
  Units limit_per_user = 1;
  Duration hold = std::chrono::minutes(5);
  std::uint64_t seed = 1;
  // Empty: none is written.
  std::string json_file = {};
};

// What a person may ask for.
inline constexpr Units kMaxReplayUnits = 100'000'000;

// Where a run says what.
struct Output {
  std::ostream& report;
  std::ostream& errors;
  // Whether `errors` is a terminal, which is shown how far the run has come.
  bool shows_progress = false;
};

// Runs the crowd of an access log, or a made-up one, through one sale in the memory backend, and
// tells what came of it.  Returns the exit code.
int Replay(const ReplayOptions& options, const Output& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_
