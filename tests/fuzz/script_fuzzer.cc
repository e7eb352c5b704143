// Any bytes at all are read as a script: what is no script is refused by name and line, and what is
// one says where each step stands.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "testing/script_case.h"
#include "testing/script_words.h"

namespace {

using flashsale::Duration;
using flashsale::FormatDuration;
using flashsale::IsValid;
using flashsale::ParseNumber;
using flashsale::ParseScript;
using flashsale::Result;
using flashsale::ScriptCase;
using flashsale::ScriptStep;
using flashsale::ScriptWords;
using flashsale::StatusCode;
using flashsale::Time;

void Require(bool holds) {
  if (!holds) std::abort();
}

// "name:LINE: what is wrong", of a text with so many lines.
void CheckRefusal(std::string_view message, std::uint64_t lines) {
  constexpr std::string_view kName = "name:";
  Require(message.starts_with(kName));
  message.remove_prefix(kName.size());
  const std::size_t colon = message.find(": ");
  Require(colon != std::string_view::npos && colon + 2 < message.size());
  const auto line = ParseNumber(message.substr(0, colon));
  Require(line.has_value() && *line <= lines);
}

// What is written of a time is read as that time.
void CheckTime(Time now) {
  const Duration since = now - flashsale::kScriptOrigin;
  Require(ScriptWords(FormatDuration(since)).TakeDuration() == since);
}

void CheckCases(const std::vector<ScriptCase>& cases, std::uint64_t lines) {
  Require(!cases.empty());
  for (const ScriptCase& one : cases) {
    Require(one.line_number >= 1 && one.line_number <= lines && !one.steps.empty());
    std::size_t last = one.line_number;
    for (const ScriptStep& step : one.steps) {
      Require(step.line_number >= last && step.line_number <= lines && !step.text.empty());
      last = step.line_number;
      if (IsValid(step.now)) CheckTime(step.now);
    }
  }
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const Result<std::vector<ScriptCase>> cases = ParseScript({.name = "name", .text = text});
  if (cases.ok()) {
    CheckCases(*cases, lines);
  } else {
    Require(cases.status().code() == StatusCode::kInvalidArgument);
    CheckRefusal(cases.status().message(), lines);
  }
  return 0;
}
