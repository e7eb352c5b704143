#include "examples/flashsale_audit/time_text.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace flashsale::audit {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Walks over the text from left to right.  A step that does not find what it looks for says so.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  // One of these characters.
  bool Skip(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits, with a number from `from` to `to`.  REQUIRES: digits <= 9.
  struct Digits {
    std::size_t digits;
    std::int64_t from;
    std::int64_t to;
  };
  std::optional<std::int64_t> Take(const Digits& due) {
    if (rest_.size() < due.digits) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : rest_.substr(0, due.digits)) {
      if (!IsDigit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value < due.from || value > due.to) return std::nullopt;
    rest_.remove_prefix(due.digits);
    return value;
  }
  // "." and digits, or neither.
  std::optional<Duration> TakeFraction() {
    if (!Skip(".")) return Duration(0);
    if (rest_.empty() || !IsDigit(rest_.front())) return std::nullopt;
    Duration fraction{0};
    for (Duration digit = std::chrono::milliseconds{100}; !rest_.empty() && IsDigit(rest_.front());
         digit /= 10) {
      fraction += digit * (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return fraction;
  }

 private:
  std::string_view rest_;
};

// What the local time of an offset is ahead of UTC: "Z", "+01:00", "-08:00".
std::optional<Duration> TakeOffset(Cursor& cursor) {
  if (cursor.Skip("Zz")) return Duration(0);
  const bool is_west = cursor.Skip("-");
  if (!is_west && !cursor.Skip("+")) return std::nullopt;
  const auto hours = cursor.Take({.digits = 2, .from = 0, .to = 23});
  if (!hours || !cursor.Skip(":")) return std::nullopt;
  const auto minutes = cursor.Take({.digits = 2, .from = 0, .to = 59});
  if (!minutes) return std::nullopt;
  const Duration offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return is_west ? -offset : offset;
}

std::optional<Time> ParseDateTime(std::string_view text) {
  Cursor cursor(text);
  const auto year = cursor.Take({.digits = 4, .from = 0, .to = 9'999});
  if (!year || !cursor.Skip("-")) return std::nullopt;
  const auto month = cursor.Take({.digits = 2, .from = 1, .to = 12});
  if (!month || !cursor.Skip("-")) return std::nullopt;
  const auto day = cursor.Take({.digits = 2, .from = 1, .to = 31});
  if (!day || !cursor.Skip("Tt ")) return std::nullopt;
  const auto hour = cursor.Take({.digits = 2, .from = 0, .to = 23});
  if (!hour || !cursor.Skip(":")) return std::nullopt;
  const auto minute = cursor.Take({.digits = 2, .from = 0, .to = 59});
  if (!minute || !cursor.Skip(":")) return std::nullopt;
  const auto second = cursor.Take({.digits = 2, .from = 0, .to = 60});
  if (!second) return std::nullopt;
  const auto fraction = cursor.TakeFraction();
  if (!fraction) return std::nullopt;
  const auto offset = TakeOffset(cursor);
  if (!offset || !cursor.at_end()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours{*hour} +
         std::chrono::minutes{*minute} + std::chrono::seconds{*second} + *fraction - *offset;
}

std::optional<Time> ParseSeconds(std::string_view text) {
  Cursor cursor(text);
  constexpr std::int64_t kMost = (kMaxTime - kMinTime) / std::chrono::seconds{1};
  std::int64_t seconds = 0;
  std::size_t digits = 0;
  while (const auto digit = cursor.Take({.digits = 1, .from = 0, .to = 9})) {
    seconds = seconds * 10 + *digit;
    ++digits;
    if (seconds > kMost) return std::nullopt;
  }
  const auto fraction = cursor.TakeFraction();
  if (digits == 0 || !fraction || !cursor.at_end()) return std::nullopt;
  return kMinTime + std::chrono::seconds{seconds} + *fraction;
}

}  // namespace

std::optional<Time> ParseTime(std::string_view text) {
  std::optional<Time> at = ParseSeconds(text);
  if (!at) at = ParseDateTime(text);
  if (!at || !IsValid(*at)) return std::nullopt;
  return at;
}

}  // namespace flashsale::audit
