#ifndef FLASHSALE_SRC_BASE_FIELD_CHECK_H_
#define FLASHSALE_SRC_BASE_FIELD_CHECK_H_

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// A text for messages and logs: in quotes, control bytes and those of other alphabets as \xNN, and
// no more of it than a line has room for.
inline std::string Printable(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string printable = "'";
  for (const char c : text.substr(0, kLongest)) {
    const bool plain = c >= ' ' && c <= '~' && c != '\'' && c != '\\';
    printable +=
        plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  if (text.size() > kLongest) printable += "...";
  return printable + "'";
}

// Gathers the first thing that is wrong with terms or options: field, value, what was expected.
// Thread safety: as an int.
class FieldCheck {
 public:
  template <typename T>
  FieldCheck& InRange(std::string_view field, T value, T lowest, T highest) {
    if (status_.ok() && (value < lowest || value > highest)) {
      Fail(field, fmt::format("{}", value), fmt::format("{} to {}", lowest, highest));
    }
    return *this;
  }

  FieldCheck& InRange(std::string_view field, Duration value, Duration lowest, Duration highest) {
    if (status_.ok() && (value < lowest || value > highest)) {
      Fail(field, fmt::format("{} us", value.count()),
           fmt::format("{} us to {} us", lowest.count(), highest.count()));
    }
    return *this;
  }

  FieldCheck& That(bool holds, std::string_view field, std::string_view value,
                   std::string_view expectation) {
    if (status_.ok() && !holds) Fail(field, value, expectation);
    return *this;
  }

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 private:
  void Fail(std::string_view field, std::string_view value, std::string_view expectation) {
    status_ = Status(StatusCode::kInvalidArgument,
                     fmt::format("{}: {}, expected {}", field, value, expectation));
  }

  Status status_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_FIELD_CHECK_H_
