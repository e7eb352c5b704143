#include "examples/flashsale_sim/text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <span>
#include <system_error>

#include <fmt/format.h>

namespace flashsale::sim {
namespace {

struct NamedSpan {
  std::string_view name;
  Duration span;
};

constexpr std::array<NamedSpan, 5> kSpans = {{{"d", std::chrono::days(1)},
                                              {"h", std::chrono::hours(1)},
                                              {"m", std::chrono::minutes(1)},
                                              {"s", std::chrono::seconds(1)},
                                              {"ms", std::chrono::milliseconds(1)}}};

constexpr Duration kLongest = std::chrono::days(1'000);

// In three digits, with the name of its thousands: the first of `units`, of their thousands, and so
// on.  REQUIRES: number >= 1,000.
std::string InThousands(std::uint64_t number, std::span<const std::string_view> units) {
  double value = static_cast<double>(number) / 1'000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1'000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, units[unit]);
}

}  // namespace

std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string Counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", Grouped(number), noun, number == 1 ? "" : "s");
}

std::optional<Duration> ParseDuration(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const NamedSpan& unit : kSpans) {
    if (unit.name != name) continue;
    if (number > kLongest / unit.span) return std::nullopt;
    return number * unit.span;
  }
  return std::nullopt;
}

std::string FormatDuration(Duration duration) {
  std::string text;
  for (const NamedSpan& unit : kSpans) {
    const Duration::rep count = duration / unit.span;
    if (count == 0) continue;
    duration -= count * unit.span;
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", count, unit.name);
  }
  return text.empty() ? "0s" : text;
}

std::string FormatMoment(Duration since_opening) {
  const auto tenths = since_opening / std::chrono::milliseconds(100);
  const auto magnitude = tenths < 0 ? -tenths : tenths;
  return fmt::format("{}{:02}:{:02}.{}", tenths < 0 ? "-" : "", magnitude / 600,
                     magnitude / 10 % 60, magnitude % 10);
}

std::string FormatLatency(std::uint64_t nanoseconds) {
  static constexpr std::array<std::string_view, 3> kUnits = {"us", "ms", "s"};
  if (nanoseconds < 1'000) return fmt::format("{} ns", nanoseconds);
  return InThousands(nanoseconds, kUnits);
}

std::string FormatSpan(Duration span) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  using std::chrono::seconds;
  // Each unit up to where the next begins.
  struct Unit {
    std::string_view name;
    Duration span;
    Duration up_to;
  };
  static constexpr std::array<Unit, 5> kUnits = {{{"ms", milliseconds(1), seconds(1)},
                                                  {"s", seconds(1), seconds(90)},
                                                  {"min", minutes(1), minutes(90)},
                                                  {"h", hours(1), hours(36)},
                                                  {"d", std::chrono::days(1), Duration::max()}}};
  const Duration magnitude = span < Duration(0) ? -span : span;
  std::size_t unit = 0;
  while (magnitude >= kUnits[unit].up_to && unit + 1 < kUnits.size()) ++unit;
  std::string number = fmt::format(
      "{:.1f}", static_cast<double>(span.count()) / static_cast<double>(kUnits[unit].span.count()));
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}", number, kUnits[unit].name);
}

std::string Compact(std::uint64_t number) {
  static constexpr std::array<std::string_view, 4> kUnits = {"K", "M", "G", "T"};
  if (number < 10'000) return Grouped(number);
  return InThousands(number, kUnits);
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::uint64_t kKilobyte = 1'000;
  constexpr std::uint64_t kMegabyte = 1'000'000;
  if (bytes < kMegabyte) return fmt::format("{} KB", bytes / kKilobyte);
  if (bytes < 1'000 * kMegabyte) return fmt::format("{} MB", bytes / kMegabyte);
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / (1'000.0 * kMegabyte));
}

}  // namespace flashsale::sim
