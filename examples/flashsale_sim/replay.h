#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "examples/flashsale_sim/exit_code.h"
#include "examples/flashsale_sim/output.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"

namespace flashsale::sim {

struct ReplayOptions {
  // Exactly one of these two is given.
  std::string log_file = {};
  std::uint64_t synthetic_shoppers = 0;

  // Not set: a twentieth of the shoppers, at least 1.
  std::optional<Units> units = std::nullopt;
  Units limit_per_user = 1;
  Duration hold = std::chrono::minutes(5);
  std::uint64_t seed = 1;
  // Whether the service's default rates are kept, which a crowd that resends meets; else only a
  // flood from one place is limited, so that the replay measures the sale.
  bool default_rates = false;
  // Leaves out what depends on the machine, so that the reports of two runs are the same bytes.
  bool reproducible = false;
  // Empty: none is written.
  std::string json_file = {};
  std::string html_file = {};
};

// What a person may ask for.
inline constexpr Units kMaxReplayUnits = 100'000'000;

// Runs the crowd of an access log, or a made-up one, through the facade and one sale in the memory
// backend, and tells what came of it.  Address and User-Agent of a log's line are the context of
// the call.  Returns the exit code.
int Replay(const ReplayOptions& options, const Output& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_H_
