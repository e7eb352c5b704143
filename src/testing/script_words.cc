#include "testing/script_words.h"

#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include "testing/script_case.h"

namespace flashsale::inline v0 {
namespace {

struct TimeUnit {
  std::string_view name;
  Duration::rep us;
};

// Longer ones first, as FormatDuration takes them.
constexpr std::array kTimeUnits = {
    TimeUnit{"d", 86'400'000'000}, TimeUnit{"h", 3'600'000'000}, TimeUnit{"m", 60'000'000},
    TimeUnit{"s", 1'000'000},      TimeUnit{"ms", 1'000},        TimeUnit{"us", 1},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<Duration> UnitByName(std::string_view name) {
  for (const TimeUnit& unit : kTimeUnits) {
    if (unit.name == name) return Duration(unit.us);
  }
  return std::nullopt;
}

// "5m", "4m59s", "5m-1us": terms with an optional sign each; the first may have none.  "0" needs no
// unit.  Nothing where a term or the sum has more microseconds than can be counted.
std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  Duration::rep sum = 0;
  Duration::rep sign = 1;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == '+' || text[i] == '-') sign = text[i++] == '-' ? -1 : 1;
    const std::size_t digits = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    const std::optional<std::uint64_t> count = ParseNumber(text.substr(digits, i - digits));
    const std::size_t letters = i;
    while (i < text.size() && !IsDigit(text[i]) && text[i] != '+' && text[i] != '-') ++i;
    const std::optional<Duration> unit = UnitByName(text.substr(letters, i - letters));
    if (!count.has_value() || !unit.has_value()) return std::nullopt;
    Duration::rep term = 0;
    if (__builtin_mul_overflow(*count, sign * unit->count(), &term) ||
        __builtin_add_overflow(sum, term, &sum)) {
      return std::nullopt;
    }
  }
  return Duration(sum);
}

}  // namespace

std::optional<std::uint64_t> ParseNumber(std::string_view word) {
  std::uint64_t value = 0;
  const char* const begin = word.data();
  const char* const end = begin + word.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (word.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string FormatDuration(Duration duration) {
  if (duration.count() == 0) return "0";
  std::string text = duration.count() < 0 ? "-" : "";
  Duration::rep rest = duration.count() < 0 ? -duration.count() : duration.count();
  for (const TimeUnit& unit : kTimeUnits) {
    if (rest < unit.us) continue;
    text += std::to_string(rest / unit.us);
    text += unit.name;
    rest %= unit.us;
  }
  return text;
}

ScriptWords::ScriptWords(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size()) {
    if (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
      ++i;
      continue;
    }
    if (line[i] == '#') return;
    const bool quoted = line[i] == '"';
    const std::size_t begin = quoted ? i + 1 : i;
    const std::size_t end = line.find_first_of(quoted ? "\"" : " \t\r", begin);
    if (quoted && end == std::string_view::npos) throw ScriptError("a quote that does not end");
    words_.emplace_back(line.substr(begin, end - begin));
    i = end == std::string_view::npos ? line.size() : end + 1;
  }
}

std::string_view ScriptWords::Peek() const {
  return empty() ? std::string_view() : std::string_view(words_[next_]);
}

bool ScriptWords::TakeIf(std::string_view word) {
  if (empty() || words_[next_] != word) return false;
  ++next_;
  return true;
}

std::string ScriptWords::Take(std::string_view what) {
  if (empty()) throw ScriptError("expected " + std::string(what) + " at the end of the line");
  return words_[next_++];
}

std::uint64_t ScriptWords::TakeNumber(std::string_view what, std::uint64_t most) {
  const std::string word = Take(what);
  const std::optional<std::uint64_t> number = ParseNumber(word);
  if (!number.has_value() || *number > most) {
    throw ScriptError("\"" + word + "\": expected " + std::string(what) + ", 0 to " +
                      std::to_string(most));
  }
  return *number;
}

Duration ScriptWords::TakeDuration() {
  const std::string word = Take("a duration");
  const std::optional<Duration> duration = ParseDuration(word);
  if (!duration.has_value()) throw ScriptError("\"" + word + "\": expected a duration, e.g. 5m");
  return *duration;
}

Time ScriptWords::TakeTime(Time now) {
  if (TakeIf("raw")) {
    const std::string word = Take("microseconds since 1970");
    const bool negative = word.starts_with('-');
    const std::optional<std::uint64_t> us = ParseNumber(std::string_view(word).substr(negative));
    if (!us.has_value() || *us > std::numeric_limits<Duration::rep>::max()) {
      throw ScriptError("\"" + word + "\": expected microseconds since 1970");
    }
    const auto count = static_cast<Duration::rep>(*us);
    return Time(Duration(negative ? -count : count));
  }
  const bool relative = Peek().starts_with('+') || Peek().starts_with('-');
  const Time from = relative ? now : kScriptOrigin;
  const std::string word(Peek());
  Duration::rep us = 0;
  if (__builtin_add_overflow(from.time_since_epoch().count(), TakeDuration().count(), &us)) {
    throw ScriptError("\"" + word + "\": expected a time that can be counted");
  }
  return Time(Duration(us));
}

void ScriptWords::ExpectEnd() const {
  if (!empty()) throw ScriptError("\"" + words_[next_] + "\": expected the end of the line");
}

}  // namespace flashsale::inline v0
