#include "flashsale/base/id_text.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string>

#include "base/field_check.h"

namespace flashsale::inline v0::id_internal {
namespace {

Status Wrong(std::string_view text, std::string_view expected) {
  return {StatusCode::kInvalidArgument, fmt::format("{}, expected {}", Printable(text), expected)};
}

// What stands behind a prefix, where the text begins with it.
std::optional<std::string_view> Behind(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

}  // namespace

Result<WrittenId> ParseWritten(std::string_view text) {
  if (const auto name = Behind("text:", text)) {
    if (name->empty()) return Wrong(text, "something behind text:");
    return WrittenId{.name = name};
  }
  for (const std::string_view prefix : {"int:", "integer:"}) {
    const auto digits = Behind(prefix, text);
    if (!digits.has_value()) continue;
    std::uint64_t number = 0;
    const char* const end = digits->data() + digits->size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
    const auto [stop, error] = std::from_chars(digits->data(), end, number);
    if (error == std::errc() && stop == end) {
      return WrittenId{.bytes = UserId::FromInteger(number).bytes()};
    }
    return Wrong(text, fmt::format("a number from 0 to {} behind {}",
                                   std::numeric_limits<std::uint64_t>::max(), prefix));
  }
  std::string uuid(text);
  constexpr std::size_t kHexDigits = 32;
  if (uuid.size() == kHexDigits) {
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) uuid.insert(dash, 1, '-');
  }
  const std::optional<Bytes16> bytes = ParseUuid(uuid);
  if (!bytes.has_value()) {
    return Wrong(text, "a UUID, 32 hex digits, int: and a number, or text: and anything");
  }
  if (*bytes == Bytes16{}) return Wrong(text, "an id that is not nil");
  return WrittenId{.bytes = *bytes};
}

}  // namespace flashsale::inline v0::id_internal
