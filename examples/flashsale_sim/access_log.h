#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_ACCESS_LOG_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_ACCESS_LOG_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string_view>
#include <vector>

#include "flashsale/base/time.h"

namespace flashsale::sim {

// What a line of an access log says of who came when.  The views point into the line.
struct AccessLogEntry {
  // An IPv4 or IPv6 address or a host name, as the server wrote it.
  std::string_view address;
  Time at{};
  // As written: without the quotes around it, escapes kept.
  std::string_view user_agent;
};

struct ParsedLine {
  AccessLogEntry entry;
  // Why the line is malformed: which field, and what was expected.  Empty where it is not.
  std::string_view error;

  bool ok() const { return error.empty(); }
};

// Reads one line, without its end, of the Combined Log Format that web servers write:
//
//   address identity user [17/May/2015:10:05:03 +0000] "request" status bytes "referer" "user
//   agent"
//
// Quoted fields may hold escaped quotes (\").  Fields that a server was told to append are skipped.
// Any input is safe; control bytes other than a tab make a line malformed.
ParsedLine ParseAccessLogLine(std::string_view line);

// Reads an access log line by line, in bounded memory whatever it holds.
// Thread safety: one thread.
// Blocking: on the stream.  Ownership: the stream must outlive the reader.  Clock: none.
class AccessLogReader {
 public:
  // A line that is longer is malformed; its rest is skipped.
  static constexpr std::size_t kMaxLineBytes = 65'536;

  explicit AccessLogReader(std::istream& stream);

  // The next line; what it returned before is no longer valid.  False at the end of the stream.
  bool Next(ParsedLine& line);

  // The number of the line that Next gave last, from 1.
  std::uint64_t line_number() const { return line_number_; }

 private:
  std::istream& stream_;
  std::vector<char> buffer_;
  std::uint64_t line_number_ = 0;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_ACCESS_LOG_H_
