#ifndef FLASHSALE_SERVICE_LOG_H_
#define FLASHSALE_SERVICE_LOG_H_

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

enum class LogLevel : std::uint8_t {
  kDebug = 1,
  kInfo = 2,
  kWarning = 3,
  kError = 4,
};
// "debug", "info", "warning", "error".
FLASHSALE_EXPORT std::string_view Name(LogLevel level);

// A value of a record: text, a number, a truth.  Text is not copied.
class LogValue {
 public:
  using Variant = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  // NOLINTBEGIN(google-explicit-constructor): a field is written {"key", value}
  LogValue(std::string_view text) : value_(text) {}
  LogValue(const char* text) : value_(std::string_view(text)) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  LogValue(bool value) : value_(value) {}
  LogValue(double value) : value_(value) {}
  template <std::integral T>
  LogValue(T value) : value_(Widen(value)) {}
  // NOLINTEND(google-explicit-constructor)

  const Variant& value() const { return value_; }

 private:
  template <std::integral T>
  static Variant Widen(T value) {
    if constexpr (std::signed_integral<T>) return static_cast<std::int64_t>(value);
    if constexpr (!std::signed_integral<T>) return static_cast<std::uint64_t>(value);
  }

  Variant value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

// Something that an operator may want to know.  Everything it shows is gone when the sink returns.
struct LogRecord {
  Time at{};
  LogLevel level = LogLevel::kInfo;
  // A stable name, to search and to count by: "sale_created", "store_failed".
  std::string_view event;
  // Not valid: about no sale.
  SaleId sale = {};
  std::span<const LogField> fields = {};
  // How many records of this event were left out since the last one, to keep within its rate.
  std::uint64_t suppressed = 0;
};

// One line in the form of logfmt, without its end:
//
//   at=2026-03-01T12:00:00.000123Z level=warning event=store_failed sale=drop attempts=3 error="a
//   \"b\"\n"
//
// Printable ASCII alone, whatever the record holds: values are put in quotes where they have to be,
// control bytes and those beyond ASCII become \n, \t, \r or \xNN, and in names `_`.  So no text
// that a client sent can end a line, begin another or steer a terminal.  A value is cut after 512
// bytes, a name after 64, each marked by "...".
FLASHSALE_EXPORT std::string FormatLogLine(const LogRecord& record);

// Where records go.
//
// Implementer's duty: any thread; it should not block for long, because whoever logs waits for it.
// What it throws is counted and otherwise ignored.
using LogSink = std::function<void(const LogRecord&)>;

struct LoggerOptions {
  // Null: nothing is logged.
  LogSink sink = {};
  LogLevel lowest = LogLevel::kInfo;  // one of the above
  // How many records of one event name pass, each name by itself.  Of errors too: a failing store
  // fails for everybody.
  Quota rate_per_event = {.permits = 10, .per = std::chrono::seconds{1}, .burst = 20};
};

// What was logged since the logger was made.
struct LogStats {
  std::uint64_t delivered = 0;
  std::uint64_t suppressed = 0;
  std::uint64_t failures = 0;  // the sink threw

  friend bool operator==(const LogStats&, const LogStats&) = default;
};

// Passes records on to a sink, as many of each event as its rate allows, and says with the next one
// how many were left out; so a crowd that runs into the same refusal does not fill a disk.
// Event names are the program's, a few dozen: the first 128 have a rate each, all others one
// together.
//
// Thread safety: any thread; lock-free but for the sink.
// Blocking: as the sink.  Ownership: of the sink.  Clock: none.
class FLASHSALE_EXPORT Logger {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<Logger>> New(const LoggerOptions& options = {});

  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // Whether records of this level go anywhere: ask before making an expensive one.
  bool Wants(LogLevel level) const { return has_sink_ && level >= lowest_; }

  // `record.suppressed` is ignored.  REQUIRES: IsValid(record.at).
  void Log(const LogRecord& record);

  LogStats Stats() const;

 private:
  struct State;
  Logger(bool has_sink, LogLevel lowest, std::unique_ptr<State> state);

  const bool has_sink_;
  const LogLevel lowest_;
  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_LOG_H_
