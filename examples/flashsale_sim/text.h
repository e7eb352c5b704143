#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_TEXT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flashsale/base/time.h"

namespace flashsale::sim {

// "1,234,567": a number as people read it.
std::string Grouped(std::uint64_t number);

// "1 shopper", "1,000 shoppers".
std::string Counted(std::uint64_t number, std::string_view noun);

// "300s", "5m", "1h", "250ms" as a span of time; nothing where `text` is no such thing, or
// negative, or beyond 1,000 days.
std::optional<Duration> ParseDuration(std::string_view text);

// "5m", "1h 30m", "1s 500ms"; what is below a millisecond is left out.
std::string FormatDuration(Duration duration);

// "07:30.5": minutes, seconds and tenths, for the table of what happened; "-00:10.0" before it.
std::string FormatMoment(Duration since_opening);

// "850 ns", "12.3 us", "4.56 ms", "1.20 s": three digits.
std::string FormatLatency(std::uint64_t nanoseconds);

// "850 ms", "12.5 s", "4.2 min", "1.5 h", "3 d": one unit and at most one decimal.
std::string FormatSpan(Duration span);

// "9,999", "12.3 K", "1.23 M", "45.6 G": a number where there is room for three digits.
std::string Compact(std::uint64_t number);

// "1.5 GB", "512 MB", "12 KB".
std::string FormatBytes(std::uint64_t bytes);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_TEXT_H_
