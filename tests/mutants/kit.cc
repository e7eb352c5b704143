// Runs one part of the conformance kit against the memory backend and ends at the first check that
// fails: what a seeded bug is shown first.
//
// Usage: flashsale_mutants_kit scripts|random|contention|queues|rates
// Exit status: 0 every check passed, 1 one failed, 2 no such part.

#include <cstdint>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/conformance.h"
#include "flashsale/testing/contention.h"
#include "flashsale/testing/random_run.h"
#include "flashsale/testing/script.h"

namespace flashsale {
namespace {

constexpr std::uint64_t kRandomSeeds = 60;
constexpr std::uint32_t kCommandsPerSeed = 2'000;
constexpr std::uint64_t kContentionSeeds = 40;

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs) {
  MemoryOptions options;
  options.hash_seed = 1;
  if (needs.max_records_per_sale.has_value()) {
    options.max_records_per_sale = *needs.max_records_per_sale;
  }
  return OpenMemoryStorage(options);
}

bool Passed(const CheckResult& result) {
  if (!result.passed) std::cout << result.name << ": " << result.message << '\n';
  return result.passed;
}

bool Passed(const std::vector<CheckResult>& results) {
  for (const CheckResult& result : results) {
    if (!Passed(result)) return false;
  }
  return true;
}

bool PassesScripts() {
  for (const ScriptMode mode : {ScriptMode::kSingly, ScriptMode::kBatched}) {
    for (const ScriptSource& script : ContractScripts()) {
      if (!Passed(RunScript(script, Open, mode))) return false;
    }
  }
  return true;
}

bool PassesRandomRuns() {
  for (std::uint64_t seed = 1; seed <= kRandomSeeds; ++seed) {
    if (!Passed(RunRandom(
            Open, {.first_seed = seed, .seeds = 1, .commands_per_seed = kCommandsPerSeed}))) {
      return false;
    }
  }
  return true;
}

bool PassesContention() {
  for (std::uint64_t seed = 1; seed <= kContentionSeeds; ++seed) {
    if (!Passed(CheckContention(Open, {.seed = seed}))) return false;
  }
  return true;
}

bool PassesPart(std::string_view name) {
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name == name) return Passed(part.run(Open, {}));
  }
  return false;
}

int Run(std::string_view part) {
  if (part == "scripts") return PassesScripts() ? 0 : 1;
  if (part == "random") return PassesRandomRuns() ? 0 : 1;
  if (part == "contention") return PassesContention() ? 0 : 1;
  if (part == "queues" || part == "rates") return PassesPart(part) ? 0 : 1;
  std::cerr << "no such part: " << part << '\n';
  return 2;
}

}  // namespace
}  // namespace flashsale

int main(int argc, char** argv) { return flashsale::Run(argc == 2 ? argv[1] : ""); }
