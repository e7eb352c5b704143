// flashsale_bench: what the library does, beside what the machine and the plain engine can do.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/measurement.h"
#include "bench/question.h"
#include "bench/report.h"

namespace flashsale::bench {
namespace {

struct Options {
  Settings settings;
  std::string json_path;
  std::string only;
  bool list = false;
};

// The names of a state's counters, between Ask and TableReporter.
constexpr const char* kOurs = "ours";
constexpr const char* kReference = "reference";
constexpr const char* kRatio = "ratio";
constexpr const char* kLowest = "lowest";
constexpr const char* kHighest = "highest";

// One question as a benchmark: an iteration is a trial, timed within.
void Ask(benchmark::State& state, const Question& question, const Settings& settings) {
  std::vector<Sample> samples;
  try {
    const Trial trial = question.prepare(settings);
    for ([[maybe_unused]] auto _ : state) samples.push_back(trial());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", question.name, error.what());
    state.SkipWithError(error.what());
    return;
  }
  const Answer answer = Summarise(samples);
  state.counters[kOurs] = answer.ours;
  state.counters[kReference] = answer.reference;
  state.counters[kRatio] = answer.ratio;
  state.counters[kLowest] = answer.lowest_ratio;
  state.counters[kHighest] = answer.highest_ratio;
}

// Prints each row as it comes and keeps it.
class TableReporter : public benchmark::BenchmarkReporter {
 public:
  explicit TableReporter(std::vector<Question> questions) : questions_(std::move(questions)) {}

  bool ReportContext(const Context& /*context*/) override {
    PrintTableHead();
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto question =
          std::ranges::find(questions_, run.run_name.function_name, &Question::name);
      Row row{.question = *question, .answer = std::nullopt};
      if (run.counters.contains(kRatio)) {
        const auto counter = [&run](const char* name) { return run.counters.at(name).value; };
        row.answer = Answer{.ours = counter(kOurs),
                            .reference = counter(kReference),
                            .ratio = counter(kRatio),
                            .lowest_ratio = counter(kLowest),
                            .highest_ratio = counter(kHighest)};
      }
      PrintRow(row);
      rows_.push_back(std::move(row));
    }
  }

  const std::vector<Row>& rows() const { return rows_; }

 private:
  const std::vector<Question> questions_;
  std::vector<Row> rows_;
};

std::vector<Question> ChosenQuestions(const Options& options) {
  std::vector<Question> chosen;
  for (Question& question : AllQuestions(options.settings)) {
    if (question.name.find(options.only) != std::string::npos)
      chosen.push_back(std::move(question));
  }
  return chosen;
}

// 0; 1: the library answered wrongly, or the file could not be written; 2: bad arguments.
// A target that is missed is no error: machines differ.
int Run(const Options& options) {
  const std::vector<Question> questions = ChosenQuestions(options);
  if (questions.empty()) {
    fmt::print(stderr, "flashsale_bench: --only: no name contains \"{}\"; --list shows them\n",
               options.only);
    return 2;
  }
  if (options.list) {
    for (const Question& question : questions) {
      fmt::print("{}\n    {}\n", question.name, question.asks);
    }
    return 0;
  }

  const SecondThread second_thread;
  PrintMachine(options.settings);
  for (const Question& question : questions) {
    benchmark::RegisterBenchmark(
        question.name.c_str(),
        [&question, &options](benchmark::State& state) { Ask(state, question, options.settings); })
        ->Iterations(options.settings.repetitions)
        ->UseRealTime();
  }
  TableReporter reporter(questions);
  benchmark::RunSpecifiedBenchmarks(&reporter, ".");

  bool right = true;
  for (const Row& row : reporter.rows()) right = right && row.answer.has_value();
  if (!options.json_path.empty() && !WriteJson(options.json_path, reporter.rows())) {
    fmt::print(stderr, "flashsale_bench: --json: cannot write {}\n", options.json_path);
    return 1;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace flashsale::bench

int main(int argc, char** argv) {
  flashsale::bench::Options options;
  CLI::App app("Measures flashsale beside the limits of the machine and a plain engine.",
               "flashsale_bench");
  app.add_option("--json", options.json_path, "Write the rows to FILE")->type_name("FILE");
  app.add_option("--only", options.only, "Only questions whose name contains NAME")
      ->type_name("NAME");
  app.add_option("--seed", options.settings.seed, "Of ids and access orders")
      ->type_name("S")
      ->capture_default_str();
  app.add_option("--users", options.settings.users, "The largest crowd")
      ->type_name("N")
      ->check(CLI::Range(10'000, 100'000'000))
      ->capture_default_str();
  app.add_option("--repetitions", options.settings.repetitions,
                 "Samples of which the median counts")
      ->type_name("R")
      ->check(CLI::Range(5, 1'000))
      ->capture_default_str();
  options.settings.folder = std::filesystem::canonical("/proc/self/exe").parent_path().string();
  app.add_option("--folder", options.settings.folder,
                 "Where what is durable lies meanwhile, on the disk that is in question")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_flag("--list", options.list, "Say what each question asks, and measure nothing");
  CLI11_PARSE(app, argc, argv);
  return flashsale::bench::Run(options);
}
