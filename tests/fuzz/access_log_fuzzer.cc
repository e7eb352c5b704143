// Any bytes at all are read as an access log: nothing may be misread, nothing may go wrong.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "examples/flashsale_sim/access_log.h"

namespace {

using flashsale::sim::AccessLogEntry;
using flashsale::sim::AccessLogReader;
using flashsale::sim::ParseAccessLogLine;
using flashsale::sim::ParsedLine;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool LiesWithin(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckLine(std::string_view line) {
  const ParsedLine parsed = ParseAccessLogLine(line);
  if (!parsed.ok()) return;
  const AccessLogEntry& entry = parsed.entry;
  Require(flashsale::IsValid(entry.at));
  Require(!entry.address.empty() && entry.address.find(' ') == std::string_view::npos);
  Require(LiesWithin(entry.address, line) && LiesWithin(entry.user_agent, line));
  Require(line.find('\0') == std::string_view::npos);
  // The field ends at the first quote that no backslash takes away.
  bool escaped = false;
  for (const char c : entry.user_agent) {
    Require(c != '"' || escaped);
    escaped = c == '\\' && !escaped;
  }
  Require(!escaped);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // In place, where a byte read beyond the end is noticed.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckLine(text);

  std::istringstream stream{std::string(text)};
  AccessLogReader reader(stream);
  ParsedLine line;
  while (reader.Next(line)) {
  }
  // Every line is seen once, whatever is in it; the last one may lack its end.
  const auto ends = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const bool open = !text.empty() && text.back() != '\n';
  Require(reader.line_number() == ends + (open ? 1 : 0));
  return 0;
}
