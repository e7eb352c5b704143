#include "examples/flashsale_sim/option_values.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

// "25", "0.25", "12.5": digits with at most six behind a point, in millionths.
std::optional<std::uint64_t> ParseDecimal(std::string_view text) {
  std::uint64_t millionths = 0;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
  auto [rest, error] = std::from_chars(text.data(), end, millionths);
  if (error != std::errc() || millionths > kMillion) return std::nullopt;
  millionths *= kMillion;
  if (rest == end) return millionths;
  if (*rest != '.' || rest + 1 == end || end - rest > 7) return std::nullopt;
  std::uint64_t place = kMillion;
  for (++rest; rest != end; ++rest) {
    if (*rest < '0' || *rest > '9') return std::nullopt;
    place /= 10;
    millionths += place * static_cast<std::uint64_t>(*rest - '0');
  }
  return millionths;
}

}  // namespace

std::uint64_t ParseNumber(const char* option, const std::string& text, NumberRange range) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < range.from || number > range.to) {
    throw CLI::ValidationError(option, fmt::format("'{}': expected a whole number from {} to {}",
                                                   text, range.from, range.to));
  }
  return number;
}

Duration ParseSpan(const char* option, const std::string& text, DurationRange range) {
  const std::optional<Duration> span = ParseDuration(text);
  if (!span || *span < range.from || *span > range.to) {
    throw CLI::ValidationError(
        option, fmt::format("'{}': expected a duration from {} to {}, such as 300s or 5m", text,
                            FormatDuration(range.from), FormatDuration(range.to)));
  }
  return *span;
}

std::uint32_t ParseShare(const char* option, const std::string& text) {
  const bool is_percentage = text.ends_with('%');
  const std::optional<std::uint64_t> share =
      ParseDecimal(std::string_view(text).substr(0, text.size() - (is_percentage ? 1 : 0)));
  if (!share || (is_percentage ? *share / 100 : *share) > kMillion) {
    throw CLI::ValidationError(
        option, fmt::format("'{}': expected a share from 0 to 1, such as 0.25 or 25%", text));
  }
  return static_cast<std::uint32_t>(is_percentage ? *share / 100 : *share);
}

void AddDuration(CLI::App& app, const OptionText& text, DurationRange range, Duration& target) {
  app.add_option_function<std::string>(
         text.name,
         [name = text.name, range, &target](const std::string& given) {
           target = ParseSpan(name, given, range);
         },
         text.help)
      ->type_name(text.value);
}

void AddShare(CLI::App& app, const OptionText& text, std::uint32_t& per_million) {
  app.add_option_function<std::string>(
         text.name,
         [name = text.name, &per_million](const std::string& given) {
           per_million = ParseShare(name, given);
         },
         text.help)
      ->type_name(text.value);
}

void AddFile(CLI::App& app, const OptionText& text, std::string& target) {
  app.add_option_function<std::string>(
         text.name,
         [name = text.name, &target](const std::string& given) {
           if (given.empty()) throw CLI::ValidationError(name, "'': expected a file's name");
           target = given;
         },
         text.help)
      ->type_name(text.value);
}

}  // namespace flashsale::sim
