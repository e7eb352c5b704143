#include "examples/flashsale_sim/access_log.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace flashsale::sim {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

constexpr std::string_view kFront = "192.0.2.7 - - ";
constexpr std::string_view kTime = "[17/May/2015:10:05:03 +0000] ";
constexpr std::string_view kBack = R"("GET / HTTP/1.1" 200 12 "-" "curl/8")";

std::string WithTime(std::string_view time) {
  return std::string(kFront) + "[" + std::string(time) + "] " + std::string(kBack);
}

// A well-formed line with something else behind its time.
std::string WithBack(std::string_view back) {
  return std::string(kFront) + std::string(kTime) + std::string(back);
}

TEST_CASE("a line of the Combined Log Format gives address, time and user agent") {
  const ParsedLine line = ParseAccessLogLine(
      R"(83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a.png HTTP/1.1" 200 203023 )"
      R"("http://example.org/a/" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101")");
  REQUIRE(line.ok());
  CHECK(line.entry.address == "83.149.9.216");
  CHECK(line.entry.at == Time(sys_days(2015y / 5 / 17)) + 10h + 5min + 3s);
  CHECK(line.entry.user_agent == "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101");
}

TEST_CASE("addresses of both families and host names are taken as they stand") {
  for (const std::string_view address :
       {"2001:db8::1", "::1", "fe80::1%eth0", "shop.example.org"}) {
    const std::string text =
        std::string(address) + " - ann " + std::string(kTime) + std::string(kBack);
    const ParsedLine line = ParseAccessLogLine(text);
    CAPTURE(line.error);
    REQUIRE(line.ok());
    CHECK(line.entry.address == address);
  }
}

TEST_CASE("a user name may hold spaces, but no bracket") {
  // The first bracket is where a time is expected: a name with one is malformed, never misread.
  CHECK(ParseAccessLogLine("192.0.2.7 - ann [x] lee " + std::string(kTime) + std::string(kBack))
            .error.starts_with("time: "));
  CHECK(ParseAccessLogLine("192.0.2.7 - ann lee " + std::string(kTime) + std::string(kBack)).ok());
}

TEST_CASE("escaped quotes and backslashes stay inside their field") {
  const std::string text = WithBack(R"("GET /\"x\" HTTP/1.1" 200 12 "\\" "a \"b\" c\\")");
  const ParsedLine line = ParseAccessLogLine(text);
  REQUIRE(line.ok());
  CHECK(line.entry.user_agent == R"(a \"b\" c\\)");
}

TEST_CASE("an empty or missing value is no error where servers write one") {
  CHECK(ParseAccessLogLine(WithBack(R"("-" 408 - "-" "-")")).ok());
  CHECK(ParseAccessLogLine(WithBack(R"("" 400 0 "" "")")).ok());
}

TEST_CASE("fields appended behind the user agent are skipped") {
  const std::string text = WithBack(std::string(kBack) + R"( "203.0.113.9" 0.042)");
  const ParsedLine line = ParseAccessLogLine(text);
  REQUIRE(line.ok());
  CHECK(line.entry.user_agent == "curl/8");
}

TEST_CASE("the zone is taken off the time") {
  const Time noon = Time(sys_days(2016y / 2 / 29)) + 12h;
  CHECK(ParseAccessLogLine(WithTime("29/Feb/2016:12:00:00 +0000")).entry.at == noon);
  CHECK(ParseAccessLogLine(WithTime("29/Feb/2016:17:30:00 +0530")).entry.at == noon);
  CHECK(ParseAccessLogLine(WithTime("29/Feb/2016:04:00:00 -0800")).entry.at == noon);
  CHECK(ParseAccessLogLine(WithTime("31/Dec/2016:23:59:60 +0000")).entry.at ==
        Time(sys_days(2017y / 1 / 1)));
}

TEST_CASE("a time that is none is named") {
  for (const std::string_view time :
       {"29/Feb/2015:12:00:00 +0000", "00/May/2015:12:00:00 +0000", "17/Mai/2015:12:00:00 +0000",
        "17/May/2015:24:00:00 +0000", "17/May/2015:12:60:00 +0000", "17/May/2015:12:00:61 +0000",
        "17/May/2015:12:00:00", "17/May/2015:12:00:00 0000", "17/May/2015:12:00:00 +0060",
        "17/May/2015:12:00:00 +00000", "17/May/1969:12:00:00 +0000", "17/May/15:12:00:00 +0000",
        "-7/May/2015:12:00:00 +0000", "01/Jan/1970:00:00:00 +0100", "now"}) {
    CAPTURE(time);
    CHECK(ParseAccessLogLine(WithTime(time)).error.starts_with("time: "));
  }
}

TEST_CASE("each part that is missing or damaged is named") {
  struct Damage {
    std::string line;
    std::string_view error;
  };
  const std::vector<Damage> damages = {
      {"", "empty line"},
      {"no-spaces-at-all", "address: "},
      {" - - " + std::string(kTime) + std::string(kBack), "address: "},
      {"192.0.2.7 -", "identity: "},
      {"192.0.2.7 - -", "user: "},
      {std::string(kFront) + std::string(kBack), "user: "},
      {WithBack(""), "request: "},
      {WithBack(R"(GET / 200 12 "-" "curl/8")"), "request: "},
      {WithBack(R"("GET / 200 12 "-" "curl/8")"), "request: "},
      {WithBack(R"("GET /" 20 12 "-" "curl/8")"), "status: "},
      {WithBack(R"("GET /" 2000 12 "-" "curl/8")"), "status: "},
      {WithBack(R"("GET /" 200 "-" "curl/8")"), "bytes: "},
      {WithBack(R"("GET /" 200 1a "-" "curl/8")"), "bytes: "},
      {WithBack(R"("GET /" 200 12)"), "bytes: "},
      {WithBack(R"("GET /" 200 12 -)"), "referer: "},
      {WithBack(R"("GET /" 200 12 "-")"), "referer: "},
      {WithBack(R"("GET /" 200 12 "-" )"), "user agent: "},
      {WithBack(R"("GET /" 200 12 "-" "curl)"), "user agent: "},
      {WithBack(R"("GET /" 200 12 "-" "curl\")"), "user agent: "},
      {WithBack(R"("GET /" 200 12 "-" "curl"x)"), "user agent: "}};
  for (const Damage& damage : damages) {
    CAPTURE(damage.line);
    CHECK(ParseAccessLogLine(damage.line).error.starts_with(damage.error));
  }
}

TEST_CASE("every line that was cut short is malformed") {
  const std::string line = WithBack(kBack);
  REQUIRE(ParseAccessLogLine(line).ok());
  for (std::size_t size = 0; size < line.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(ParseAccessLogLine(std::string_view(line).substr(0, size)).ok());
  }
}

TEST_CASE("control bytes make a line malformed, a tab and bytes above 127 do not") {
  for (const char byte : {'\0', '\x01', '\r', '\x1B', '\x7F'}) {
    std::string line = WithBack(kBack);
    line[line.size() - 2] = byte;
    CHECK(ParseAccessLogLine(line).error.starts_with("control byte"));
  }
  CHECK(ParseAccessLogLine(WithBack("\"GET /\xC3\xA9\xFF\" 200 1 \"-\" \"a\tb\"")).ok());
}

std::vector<ParsedLine> ReadAll(std::string text) {
  std::istringstream stream(std::move(text));
  AccessLogReader reader(stream);
  std::vector<ParsedLine> lines;
  for (ParsedLine line; reader.Next(line);) {
    line.entry = {};  // its views end with the next line
    lines.push_back(line);
    CHECK(reader.line_number() == lines.size());
  }
  return lines;
}

TEST_CASE("the reader takes either line end and a last line without one") {
  const std::string line = WithBack(kBack);
  CHECK(ReadAll("").empty());
  for (const std::string& text : {line, line + "\n", line + "\r\n"}) {
    const std::vector<ParsedLine> lines = ReadAll(text);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ok());
  }
  const std::vector<ParsedLine> lines = ReadAll(line + "\n\n" + line);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].ok());
  CHECK(lines[1].error == "empty line");
  CHECK(lines[2].ok());
}

TEST_CASE("a line of a megabyte is malformed and the next one is read") {
  const std::string line = WithBack(kBack);
  const std::vector<ParsedLine> lines = ReadAll(line + "\n" + std::string(1 << 20, 'x') + "\n" +
                                                line + "\n" + std::string(1 << 20, 'y'));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].ok());
  CHECK(lines[1].error.starts_with("line: "));
  CHECK(lines[2].ok());
  CHECK(lines[3].error.starts_with("line: "));
}

TEST_CASE("the longest line that is read has 65,536 bytes") {
  const std::string line = WithBack(R"("GET /" 200 1 "-" ")");
  const auto of_size = [&line](std::size_t size) {
    return line + std::string(size - line.size() - 1, 'x') + '"';
  };
  for (const std::string_view end : {"", "\n"}) {
    const std::string fits = of_size(AccessLogReader::kMaxLineBytes) + std::string(end);
    const std::string too_long = of_size(AccessLogReader::kMaxLineBytes + 1) + std::string(end);
    REQUIRE(ReadAll(fits).size() == 1);
    CHECK(ReadAll(fits)[0].ok());
    REQUIRE(ReadAll(too_long).size() == 1);
    CHECK(ReadAll(too_long)[0].error == "line: expected at most 65536 bytes");
  }
}

TEST_CASE("a NUL byte hides nothing that follows it") {
  const std::string line = WithBack(kBack);
  const std::vector<ParsedLine> lines = ReadAll(std::string("a\0b", 3) + "\n" + line + "\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].error.starts_with("control byte"));
  CHECK(lines[1].ok());
}

}  // namespace
}  // namespace flashsale::sim
