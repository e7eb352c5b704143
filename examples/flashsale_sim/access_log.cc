#include "examples/flashsale_sim/access_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>

namespace flashsale::sim {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

// Walks over a line from left to right.  Every step that does not find what it looks for leaves the
// cursor where it is.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  bool Skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  // Everything before `end`, at least one character; `end` is skipped.
  std::optional<std::string_view> TakeUntil(std::string_view end) {
    const std::size_t size = rest_.find(end);
    if (size == std::string_view::npos || size == 0) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size + end.size());
    return taken;
  }

  // The inside of a quoted field; a backslash takes the meaning from the character after it.
  std::optional<std::string_view> TakeQuoted() {
    if (!rest_.starts_with('"')) return std::nullopt;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view taken = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return taken;
      }
    }
    return std::nullopt;
  }

  // Exactly `digits` decimal digits.  REQUIRES: digits <= 9.
  std::optional<int> TakeNumber(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  // The number of the month whose English abbreviation comes next.
  std::optional<unsigned> TakeMonth() {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (Skip(kMonths[i])) return i + 1;
    }
    return std::nullopt;
  }

  // Decimal digits, or a lone "-" for none.
  bool SkipCount() {
    if (Skip("-")) return true;
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(size);
    return size > 0;
  }

 private:
  std::string_view rest_;
};

// The time as "17/May/2015:10:05:03 +0000" gives it.
std::optional<Time> ParseTime(std::string_view text) {
  Cursor cursor(text);
  const std::optional<int> day = cursor.TakeNumber(2);
  if (!day || !cursor.Skip("/")) return std::nullopt;
  const std::optional<unsigned> month = cursor.TakeMonth();
  if (!month || !cursor.Skip("/")) return std::nullopt;
  const std::optional<int> year = cursor.TakeNumber(4);
  if (!year || !cursor.Skip(":")) return std::nullopt;
  const std::optional<int> hour = cursor.TakeNumber(2);
  if (!hour || *hour > 23 || !cursor.Skip(":")) return std::nullopt;
  const std::optional<int> minute = cursor.TakeNumber(2);
  if (!minute || *minute > 59 || !cursor.Skip(":")) return std::nullopt;
  const std::optional<int> second = cursor.TakeNumber(2);
  if (!second || *second > 60 || !cursor.Skip(" ")) return std::nullopt;  // 60: a leap second
  const bool west = cursor.Skip("-");
  if (!west && !cursor.Skip("+")) return std::nullopt;
  const std::optional<int> zone_hour = cursor.TakeNumber(2);
  const std::optional<int> zone_minute = cursor.TakeNumber(2);
  if (!zone_hour || !zone_minute || *zone_minute > 59 || !cursor.at_end()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const Duration zone = std::chrono::hours(*zone_hour) + std::chrono::minutes(*zone_minute);
  const Time local = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                     std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  const Time at = west ? local + zone : local - zone;
  if (!IsValid(at)) return std::nullopt;
  return at;
}

ParsedLine Malformed(std::string_view error) { return {.entry = {}, .error = error}; }

}  // namespace

ParsedLine ParseAccessLogLine(std::string_view line) {
  if (line.empty()) return Malformed("empty line");
  if (std::any_of(line.begin(), line.end(), IsControl))
    return Malformed("control byte in the line");

  Cursor cursor(line);
  const std::optional<std::string_view> address = cursor.TakeUntil(" ");
  if (!address) return Malformed("address: expected at the start of the line");
  if (!cursor.TakeUntil(" ")) return Malformed("identity: expected after the address");
  // A user name may hold spaces, so it ends where the time begins.
  if (!cursor.TakeUntil(" [")) return Malformed("user: expected before the time in brackets");
  const std::optional<std::string_view> time_text = cursor.TakeUntil("] ");
  const std::optional<Time> at = time_text ? ParseTime(*time_text) : std::nullopt;
  if (!at) return Malformed("time: expected [day/month/year:hour:minute:second zone]");
  if (!cursor.TakeQuoted() || !cursor.Skip(" ")) {
    return Malformed("request: expected in quotes after the time");
  }
  if (!cursor.TakeNumber(3) || !cursor.Skip(" ")) {
    return Malformed("status: expected three digits after the request");
  }
  if (!cursor.SkipCount() || !cursor.Skip(" ")) {
    return Malformed("bytes: expected a number or - after the status");
  }
  if (!cursor.TakeQuoted() || !cursor.Skip(" ")) {
    return Malformed("referer: expected in quotes after the bytes");
  }
  const std::optional<std::string_view> user_agent = cursor.TakeQuoted();
  if (!user_agent || !(cursor.at_end() || cursor.Skip(" "))) {
    return Malformed("user agent: expected in quotes after the referer");
  }
  return {.entry = {.address = *address, .at = *at, .user_agent = *user_agent}, .error = {}};
}

AccessLogReader::AccessLogReader(std::istream& stream)
    : stream_(stream), buffer_(kMaxLineBytes + 1) {}  // getline appends a 0

bool AccessLogReader::Next(ParsedLine& line) {
  stream_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  const bool found_end = stream_.good();
  auto size = static_cast<std::size_t>(stream_.gcount());
  if (stream_.bad() || (stream_.eof() && size == 0)) return false;

  ++line_number_;
  if (stream_.fail()) {
    // The buffer is full and the line goes on.
    stream_.clear();
    stream_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    line = Malformed("line: expected at most 65536 bytes");
    return true;
  }
  if (found_end) --size;  // gcount includes the line's end
  std::string_view text(buffer_.data(), size);
  if (text.ends_with('\r')) text.remove_suffix(1);
  line = ParseAccessLogLine(text);
  return true;
}

}  // namespace flashsale::sim
