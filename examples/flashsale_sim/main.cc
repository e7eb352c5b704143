// flashsale_sim: runs flash sales with a crowd and checks every promise; see --help.

#include <iostream>
#include <variant>

#include <unistd.h>

#include "examples/flashsale_sim/options.h"
#include "examples/flashsale_sim/replay.h"

namespace {

struct Carry {
  int operator()(int exit_code) const { return exit_code; }

  int operator()(const flashsale::sim::ReplayOptions& options) const {
    return flashsale::sim::Replay(
        options,
        {.report = std::cout, .errors = std::cerr, .shows_progress = ::isatty(STDERR_FILENO) == 1});
  }
};

}  // namespace

int main(int argc, char** argv) {
  return std::visit(Carry(), flashsale::sim::ParseCommandLine(
                                 argc, argv, {.help = std::cout, .errors = std::cerr}));
}
