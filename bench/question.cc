#include "bench/question.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace flashsale::bench {
namespace {

// Ordered, so that the order of linking does not show.
std::map<std::string, QuestionList>& Registry() {
  static std::map<std::string, QuestionList> registry;
  return registry;
}

}  // namespace

void Require(bool right, const char* what) {
  if (!right) throw WrongAnswer(what);
}

std::string SizeName(std::uint64_t count) {
  if (count != 0 && count % 1'000'000 == 0) return fmt::format("{}m", count / 1'000'000);
  if (count != 0 && count % 1'000 == 0) return fmt::format("{}k", count / 1'000);
  return fmt::format("{}", count);
}

QuestionRegistration::QuestionRegistration(const char* topic, QuestionList list) {
  Registry().emplace(topic, list);
}

std::vector<Question> AllQuestions(const Settings& settings) {
  std::vector<Question> all;
  for (const auto& [topic, list] : Registry()) {
    for (Question& question : list(settings)) all.push_back(std::move(question));
  }
  return all;
}

Answer Summarise(const std::vector<Sample>& samples) {
  std::vector<double> ours;
  std::vector<double> references;
  std::vector<double> ratios;
  for (const Sample& sample : samples) {
    ours.push_back(sample.ours);
    references.push_back(sample.reference);
    // Also where both are nothing.
    const bool same = sample.ours == sample.reference;
    ratios.push_back(same ? 1 : sample.ours / sample.reference);
  }
  return {.ours = Percentile(ours, 0.5),
          .reference = Percentile(references, 0.5),
          .ratio = Percentile(ratios, 0.5),
          .lowest_ratio = std::ranges::min(ratios),
          .highest_ratio = std::ranges::max(ratios)};
}

std::optional<bool> Holds(const Target& target, const Answer& answer) {
  switch (target.kind) {
    case Target::Kind::kNone:
      return std::nullopt;
    case Target::Kind::kRightAnswers:
      return true;
    case Target::Kind::kRatioAtMost:
      return answer.ratio <= target.bound;
    case Target::Kind::kRatioAtLeast:
      return answer.ratio >= target.bound;
    case Target::Kind::kOursAtMost:
      return answer.ours <= target.bound;
    case Target::Kind::kOursAtLeast:
      return answer.ours >= target.bound;
  }
  return std::nullopt;
}

std::string Describe(const Target& target, const std::string& unit) {
  switch (target.kind) {
    case Target::Kind::kNone:
      break;
    case Target::Kind::kRightAnswers:
      return "right answers";
    case Target::Kind::kRatioAtMost:
      return fmt::format("ratio <= {}", target.bound);
    case Target::Kind::kRatioAtLeast:
      return fmt::format("ratio >= {}", target.bound);
    case Target::Kind::kOursAtMost:
      return fmt::format("ours <= {} {}", target.bound, unit);
    case Target::Kind::kOursAtLeast:
      return fmt::format("ours >= {} {}", target.bound, unit);
  }
  return {};
}

double Percentile(std::vector<double> values, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace flashsale::bench
