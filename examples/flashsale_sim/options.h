#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTIONS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTIONS_H_

#include <ostream>
#include <variant>

#include "examples/flashsale_sim/load.h"
#include "examples/flashsale_sim/replay.h"
#include "examples/flashsale_sim/simulate.h"

namespace flashsale::sim {

// What the command line asks for: a subcommand with its options, or to exit with a code because
// everything is said already (help, or what is wrong).
using Request = std::variant<int, ReplayOptions, SimulateOptions, LoadOptions>;

// Where the parser answers: help goes to `help`, a clear error that names the option, its value and
// what was expected to `errors`.
struct ParserOutput {
  std::ostream& help;
  std::ostream& errors;
};
Request ParseCommandLine(int argc, const char* const* argv, const ParserOutput& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTIONS_H_
