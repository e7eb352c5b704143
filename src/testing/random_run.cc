#include "flashsale/testing/random_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "flashsale/testing/reference_model.h"
#include "testing/duel.h"
#include "testing/scenario.h"

namespace flashsale::inline v0 {
namespace {

class RandomRun {
 public:
  RandomRun(const StorageFactory& open, const RandomRunOptions& options)
      : open_(open), options_(options) {}

  // What went wrong; empty if nothing did.
  std::string Run(std::uint64_t seed) {
    Dice dice(seed);
    Result<std::unique_ptr<Storage>> shared = open_({});
    if (!shared.ok()) return shared.status().ToString();
    std::size_t commands = 0;
    for (std::size_t sale = 1; commands < options_.commands_per_seed; ++sale) {
      const std::size_t left = options_.commands_per_seed - commands;
      Scenario scenario = MakeScenario(dice, names_, static_cast<std::uint32_t>(left));
      if (options_.resent_per_thousand > 0) {
        SendSomeAgain(dice, options_.resent_per_thousand, scenario);
      }
      scenario.terms.id = "sale-" + std::to_string(sale);
      commands += scenario.moves.size();
      const bool bounded = scenario.needs.max_records_per_sale.has_value();
      const std::string error = bounded ? PlayAlone(scenario) : Play(scenario, *shared.value());
      if (!error.empty()) return Report(scenario, error);
    }
    return {};
  }

 private:
  // More tries find little more.
  static constexpr int kMaxTries = 3'000;

  std::string Play(const Scenario& scenario, Storage& backend) const {
    const std::unique_ptr<Storage> reference =
        NewReferenceStorage({.max_records_per_sale = scenario.needs.max_records_per_sale.value_or(
                                 std::numeric_limits<std::uint64_t>::max())});
    return Duel(scenario, backend, *reference, options_.batches_per_snapshot).Run();
  }

  std::string PlayAlone(const Scenario& scenario) const {
    const Result<std::unique_ptr<Storage>> storage = open_(scenario.needs);
    return storage.ok() ? Play(scenario, *storage.value()) : storage.status().ToString();
  }

  std::string Report(const Scenario& scenario, const std::string& error) {
    if (PlayAlone(scenario).empty()) {
      return error + "\nOnly in a storage where other sales were before:\n" +
             WriteScript(scenario, names_);
    }
    Scenario shrunk = scenario;
    Shrink(shrunk);
    const std::string last_error = PlayAlone(shrunk);
    return fmt::format("{}\nShrunk from {} moves to {}:\n{}# {}\n", error, scenario.moves.size(),
                       shrunk.moves.size(), WriteScript(shrunk, names_), last_error);
  }

  // Delta debugging (Zeller, Hildebrandt 2002): leaves out ever smaller parts while it still fails.
  void Shrink(Scenario& scenario) {
    int tries = 0;
    std::size_t part = std::max<std::size_t>(scenario.moves.size() / 2, 1);
    while (tries < kMaxTries) {
      bool shrunk = false;
      for (std::size_t begin = 0; begin < scenario.moves.size() && tries < kMaxTries; ++tries) {
        Scenario candidate = scenario;
        const auto from = candidate.moves.begin() + static_cast<std::ptrdiff_t>(begin);
        const std::size_t size = std::min(part, candidate.moves.size() - begin);
        candidate.moves.erase(from, from + static_cast<std::ptrdiff_t>(size));
        if (PlayAlone(candidate).empty()) {
          begin += part;
        } else {
          scenario = std::move(candidate);
          shrunk = true;
        }
      }
      if (!shrunk && part == 1) return;
      if (!shrunk) part /= 2;
    }
  }

  const StorageFactory& open_;
  const RandomRunOptions& options_;
  const ScenarioNames names_;
};

}  // namespace

std::vector<CheckResult> RunRandom(const StorageFactory& open, const RandomRunOptions& options) {
  RandomRun run(open, options);
  std::vector<CheckResult> results;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.first_seed + i;
    std::string error = run.Run(seed);
    const bool passed = error.empty();
    results.push_back({.name = fmt::format("random/seed={}", seed),
                       .passed = passed,
                       .message = std::move(error)});
  }
  return results;
}

}  // namespace flashsale::inline v0
