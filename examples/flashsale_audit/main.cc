// flashsale_audit: proves or refutes, from its journal, that a sale kept its promises; see --help.
#include <iostream>
#include <variant>

#include "examples/flashsale_audit/options.h"

namespace {

struct Carry {
  const flashsale::audit::Streams& streams;

  int operator()(int exit_code) const { return exit_code; }
  int operator()(const flashsale::audit::CheckOptions& options) const {
    return flashsale::audit::Check(options, streams);
  }
  int operator()(const flashsale::audit::CopyOptions& options) const {
    return flashsale::audit::Copy(options, streams);
  }
  int operator()(const flashsale::audit::EraseOptions& options) const {
    return flashsale::audit::Erase(options, streams);
  }
  int operator()(const flashsale::audit::ReconcileOptions& options) const {
    return flashsale::audit::Reconcile(options, streams);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const flashsale::audit::Streams streams{.in = std::cin, .out = std::cout, .errors = std::cerr};
  return std::visit(Carry{streams}, flashsale::audit::ParseCommandLine(argc, argv, streams));
}
