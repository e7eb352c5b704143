#include "bench/report.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "bench/disk_folder.h"

namespace flashsale::bench {
namespace {

// The first value of `key` in a file of lines "key : value"; empty where there is none.
std::string ValueIn(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with(key) && colon != std::string::npos) {
      return line.substr(std::min(colon + 2, line.size()));
    }
  }
  return {};
}

// The setting in brackets in a file like "always [madvise] never"; empty where there is no such
// file.
std::string ChosenIn(const char* path) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word.starts_with('[')) return word.substr(1, word.size() - 2);
  }
  return {};
}

std::string Figure(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  if (value >= 100) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

constexpr const char* kLayout = "{:<36} {:>9} {:>9} {:<4} {:>8} {:>15}  {:<15} {:<3} {}\n";

}  // namespace

void PrintMachine(const Settings& settings) {
  const std::string model = ValueIn("/proc/cpuinfo", "model name");
  fmt::print("machine      {}, {} cores", model.empty() ? "unknown" : model,
             std::thread::hardware_concurrency());
  for (const benchmark::CPUInfo::CacheInfo& cache : benchmark::CPUInfo::Get().caches) {
    fmt::print(", L{} {} KiB", cache.level, cache.size / 1024);
  }
  const std::string huge = ChosenIn("/sys/kernel/mm/transparent_hugepage/enabled");
  fmt::print("\npages        {} bytes, transparent huge pages: {}\n", sysconf(_SC_PAGESIZE),
             huge.empty() ? "none" : huge);
  std::array<double, 3> load{};
  getloadavg(load.data(), 3);
  fmt::print("load         {:.1f}; figures of two threads say nothing unless it is near 0\n",
             load[0]);
  fmt::print("files        {}, {}\n", settings.folder, DiskOf(settings.folder));
  fmt::print(
      "threads      one where neither name nor question says two; another is always alive\n");
  fmt::print(
      "time         the calling thread's processor time; wall time of two threads, and of whatever "
      "waits for a disk or a server\n");
  fmt::print("seed         {}\n", settings.seed);
  fmt::print("figures      medians of {}, ours and the reference in turn, up to {} users\n\n",
             settings.repetitions, settings.users);
}

void PrintTableHead() {
  fmt::print(kLayout, "name", "ours", "reference", "unit", "ratio", "lowest-highest", "target",
             "ok", "reference");
  std::fflush(stdout);
}

void PrintRow(const Row& row) {
  const Question& question = row.question;
  const std::string target = Describe(question.target, question.unit);
  if (row.answer.has_value()) {
    const Answer& answer = *row.answer;
    const std::optional<bool> holds = Holds(question.target, answer);
    fmt::print(kLayout, question.name, Figure(answer.ours), Figure(answer.reference), question.unit,
               Figure(answer.ratio),
               fmt::format("{}-{}", Figure(answer.lowest_ratio), Figure(answer.highest_ratio)),
               target,
               !holds.has_value() ? ""
               : *holds           ? "yes"
                                  : "NO",
               question.reference_name);
  } else {
    fmt::print(kLayout, question.name, "wrong", "", question.unit, "", "", target, "NO",
               question.reference_name);
  }
  std::fflush(stdout);
}

bool WriteJson(const std::string& path, const std::vector<Row>& rows) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    const Question& question = row.question;
    nlohmann::ordered_json ours;
    nlohmann::ordered_json reference;
    nlohmann::ordered_json ratio;
    nlohmann::ordered_json target;
    nlohmann::ordered_json holds;
    if (question.target.kind != Target::Kind::kNone) {
      target = Describe(question.target, question.unit);
    }
    if (row.answer.has_value()) {
      ours = row.answer->ours;
      reference = row.answer->reference;
      ratio = row.answer->ratio;
      if (const auto held = Holds(question.target, *row.answer)) holds = *held;
    } else {
      holds = false;
    }
    all.push_back({{"name", question.name},
                   {"ours", ours},
                   {"unit", question.unit},
                   {"reference", reference},
                   {"reference_name", question.reference_name},
                   {"ratio", ratio},
                   {"target", target},
                   {"holds", holds}});
  }
  std::ofstream file(path);
  file << all.dump(2) << '\n';
  return static_cast<bool>(file.flush());
}

}  // namespace flashsale::bench
