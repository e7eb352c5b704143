#include "flashsale/service/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/field_check.h"
#include "flashsale/policy/token_bucket.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestValue = 512;
constexpr std::size_t kEventNames = 128;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

void AppendName(std::string_view name, std::string& line) {
  if (name.empty()) line += '_';
  for (const char c : name.substr(0, kLongestName)) line += IsNameByte(c) ? c : '_';
  if (name.size() > kLongestName) line += "...";
}

void AppendEscaped(char c, std::string& line) {
  switch (c) {
    case '"':
      line += "\\\"";
      return;
    case '\\':
      line += "\\\\";
      return;
    case '\n':
      line += "\\n";
      return;
    case '\r':
      line += "\\r";
      return;
    case '\t':
      line += "\\t";
      return;
    default:
      break;
  }
  if (c >= ' ' && c <= '~') {
    line += c;
  } else {
    fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
  }
}

void AppendText(std::string_view text, std::string& line) {
  const bool plain = !text.empty() && text.size() <= kLongestValue &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
                     });
  if (plain) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text.substr(0, kLongestValue)) AppendEscaped(c, line);
  if (text.size() > kLongestValue) line += "...";
  line += '"';
}

void AppendValue(const LogValue& value, std::string& line) {
  std::visit(
      [&line](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>) {
          AppendText(v, line);
        } else {
          fmt::format_to(std::back_inserter(line), "{}", v);
        }
      },
      value.value());
}

// As RFC 3339 writes it, in UTC, with microseconds.
void AppendTime(Time at, std::string& line) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  fmt::format_to(std::back_inserter(line), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count(), time.subseconds().count());
}

// FNV-1a (draft-eastlake-fnv): names are the program's own, so nobody picks them to collide.
std::uint64_t HashOf(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "?";
}

std::string FormatLogLine(const LogRecord& record) {
  std::string line = "at=";
  AppendTime(record.at, line);
  line.append(" level=").append(Name(record.level)).append(" event=");
  AppendName(record.event, line);
  if (record.sale.valid()) line.append(" sale=").append(record.sale.view());
  for (const LogField& field : record.fields) {
    line += ' ';
    AppendName(field.key, line);
    line += '=';
    AppendValue(field.value, line);
  }
  if (record.suppressed != 0) {
    fmt::format_to(std::back_inserter(line), " suppressed={}", record.suppressed);
  }
  return line;
}

struct Logger::State {
  // The rate of one event name.
  struct alignas(64) Event {
    explicit Event(const Quota& quota) : bucket(quota) {}
    std::atomic<std::uint64_t> hash{0};  // 0: nobody's
    TokenBucket bucket;
    std::atomic<std::uint64_t> suppressed{0};
  };

  explicit State(const LoggerOptions& from)
      : options(from),
        events(MakeEvents(from.rate_per_event, std::make_index_sequence<kEventNames + 1>())) {}

  template <std::size_t... Index>
  static std::array<Event, sizeof...(Index)> MakeEvents(const Quota& quota,
                                                        std::index_sequence<Index...>) {
    return {((void)Index, Event(quota))...};
  }

  Event& EventOf(std::string_view name) {
    const std::uint64_t hash = HashOf(name);
    for (std::size_t i = 0; i < kEventNames; ++i) {
      Event& event = events[(hash + i) % kEventNames];
      // Relaxed: the word is all there is; the rest of an event is there from the beginning.
      std::uint64_t seen = event.hash.load(std::memory_order_relaxed);
      if (seen == hash) return event;
      if (seen != 0) continue;
      if (event.hash.compare_exchange_strong(seen, hash, std::memory_order_relaxed)) return event;
      if (seen == hash) return event;
    }
    return events[kEventNames];
  }

  const LoggerOptions options;
  std::array<Event, kEventNames + 1> events;  // the last for all names beyond
  // Counts, each read on its own: relaxed.
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> suppressed{0};
  std::atomic<std::uint64_t> failures{0};
};

Result<std::unique_ptr<Logger>> Logger::New(const LoggerOptions& options) {
  FieldCheck check;
  check.That(options.lowest >= LogLevel::kDebug && options.lowest <= LogLevel::kError, "lowest",
             fmt::format("{}", static_cast<unsigned>(options.lowest)),
             "kDebug, kInfo, kWarning or kError");
  if (!check.ok()) return check.status();
  Status status = Validate(options.rate_per_event, "rate_per_event");
  if (!status.ok()) return status;
  return std::unique_ptr<Logger>(
      new Logger(options.sink != nullptr, options.lowest, std::make_unique<State>(options)));
}

Logger::Logger(bool has_sink, LogLevel lowest, std::unique_ptr<State> state)
    : has_sink_(has_sink), lowest_(lowest), state_(std::move(state)) {}

Logger::~Logger() = default;

void Logger::Log(const LogRecord& record) {
  if (!Wants(record.level)) return;
  State::Event& event = state_->EventOf(record.event);
  if (!event.bucket.Take(record.at).allowed) {
    event.suppressed.fetch_add(1, std::memory_order_relaxed);
    state_->suppressed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  LogRecord passed = record;
  passed.suppressed = event.suppressed.exchange(0, std::memory_order_relaxed);
  try {
    state_->options.sink(passed);
    state_->delivered.fetch_add(1, std::memory_order_relaxed);
  } catch (...) {
    state_->failures.fetch_add(1, std::memory_order_relaxed);
  }
}

LogStats Logger::Stats() const {
  return {.delivered = state_->delivered.load(std::memory_order_relaxed),
          .suppressed = state_->suppressed.load(std::memory_order_relaxed),
          .failures = state_->failures.load(std::memory_order_relaxed)};
}

}  // namespace flashsale::inline v0
