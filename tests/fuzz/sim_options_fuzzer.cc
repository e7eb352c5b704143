// Any lines at all are the arguments of flashsale_sim: it asks for a run whose options lie in their
// ranges, or says what is wrong.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "examples/flashsale_sim/exit_code.h"
#include "examples/flashsale_sim/options.h"
#include "examples/flashsale_sim/simulation_plan.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"

namespace {

using flashsale::Duration;
using flashsale::sim::LoadOptions;
using flashsale::sim::ReplayOptions;
using flashsale::sim::Request;
using flashsale::sim::SimulateOptions;
using flashsale::sim::SimulationPlan;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckPlan(const SimulationPlan& plan) {
  constexpr std::uint32_t kMillion = 1'000'000;
  Require(plan.shoppers >= 1 && plan.units >= 1 && plan.lines >= 1 && plan.limit_per_user >= 1);
  Require(plan.lines <= plan.units && plan.waves >= 1 && plan.waves <= plan.units / plan.lines);
  Require(plan.bots_per_million <= kMillion);
  Require(plan.hold > Duration(0) && plan.duration > Duration(0) && plan.pre_queue >= Duration(0));
  // Whatever is asked for can be played.
  Require(flashsale::Validate(flashsale::sim::TermsOf(plan)).ok() || plan.operator_waves);
  const std::size_t weights = flashsale::sim::WeightsOf(plan).size();
  Require(plan.tiers >= 1 && plan.tiers <= flashsale::kMaxTiers);
  Require(weights == 0 || (weights == plan.tiers && weights >= 2));
  Require(plan.tier_shares.empty() || plan.tier_shares.size() == plan.tiers);
  Require(plan.hybrid_per_mille <= 1'000 && plan.no_shows_per_million <= kMillion);
}

struct Check {
  const std::string& help;
  const std::string& errors;

  void operator()(int exit_code) const {
    // Just one of the two has something to say.
    Require(exit_code == flashsale::sim::kExitOk || exit_code == flashsale::sim::kExitBadInput);
    Require((exit_code == flashsale::sim::kExitOk) == errors.empty());
    Require(help.empty() != errors.empty());
  }
  void operator()(const ReplayOptions& options) const {
    Require(errors.empty() && options.limit_per_user >= 1 && options.hold > Duration(0));
    Require(options.log_file.empty() != (options.synthetic_shoppers == 0));
  }
  void operator()(const SimulateOptions& options) const {
    Require(errors.empty());
    CheckPlan(options.plan);
  }
  void operator()(const LoadOptions& options) const {
    Require(errors.empty());
    Require(options.plan.pre_queue <= options.sale_length);
    CheckPlan(options.plan);
  }
};

// What is read as a span of time lies in the range of one.
void CheckDuration(std::string_view text) {
  const std::optional<Duration> span = flashsale::sim::ParseDuration(text);
  if (!span.has_value()) return;
  Require(*span >= Duration(0) && *span <= std::chrono::days(1'000));
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> arguments = {"flashsale_sim"};
  std::string argument;
  for (const char c : text) {
    if (c == '\n') {
      arguments.push_back(std::exchange(argument, {}));
    } else if (c != '\0') {
      argument += c;
    }
  }
  if (!argument.empty()) arguments.push_back(argument);
  std::vector<const char*> pointers;
  for (const std::string& one : arguments) {
    CheckDuration(one);
    pointers.push_back(one.c_str());
  }
  std::ostringstream help;
  std::ostringstream errors;
  const Request request = flashsale::sim::ParseCommandLine(
      static_cast<int>(pointers.size()), pointers.data(), {.help = help, .errors = errors});
  std::visit(Check{.help = help.str(), .errors = errors.str()}, request);
  return 0;
}
