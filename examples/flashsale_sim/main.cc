// flashsale_sim: runs flash sales with a crowd and checks every promise; see --help.

#include <iostream>
#include <variant>

#include <unistd.h>

#include "examples/flashsale_sim/options.h"

namespace {

struct Carry {
  const flashsale::sim::Output& output;

  int operator()(int exit_code) const { return exit_code; }
  int operator()(const flashsale::sim::ReplayOptions& options) const {
    return flashsale::sim::Replay(options, output);
  }
  int operator()(const flashsale::sim::SimulateOptions& options) const {
    return flashsale::sim::Simulate(options, output);
  }
  int operator()(const flashsale::sim::LoadOptions& options) const {
    return flashsale::sim::Load(options, output);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const flashsale::sim::Output output{
      .report = std::cout, .errors = std::cerr, .shows_progress = ::isatty(STDERR_FILENO) == 1};
  return std::visit(Carry{output}, flashsale::sim::ParseCommandLine(
                                       argc, argv, {.help = std::cout, .errors = std::cerr}));
}
