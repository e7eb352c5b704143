#include "examples/flashsale_audit/time_text.h"

#include <doctest/doctest.h>

#include <chrono>

namespace flashsale::audit {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an instant is seconds, or what RFC 3339 has") {
  const Time noon{std::chrono::seconds{1'795'867'200}};  // 2026-11-28T12:00:00Z
  for (const char* const text :
       {"1795867200", "1795867200.0", "2026-11-28T12:00:00Z", "2026-11-28t12:00:00z",
        "2026-11-28 12:00:00Z", "2026-11-28T12:00:00.0000009Z", "2026-11-28T13:00:00+01:00",
        "2026-11-27T18:30:00-17:30", "2026-11-28T11:59:60Z"}) {
    CAPTURE(text);
    CHECK(ParseTime(text) == noon);
  }
  CHECK(ParseTime("2024-02-29T00:00:00.25Z") == Time(1'709'164'800'250ms));
  CHECK(ParseTime("0") == kMinTime);
  CHECK(ParseTime("0.000001") == kMinTime + 1us);
  CHECK(ParseTime("9007199254.740991") == kMaxTime);
  for (const char* const text : {"",
                                 " ",
                                 "-1",
                                 "1.",
                                 ".5",
                                 "1e9",
                                 "now",
                                 "9007199254.740992",
                                 "99999999999999999999",
                                 "2026-11-28",
                                 "2026-11-28T12:00Z",
                                 "2026-11-28T12:00:00",
                                 "2026-11-28T12:00:00.Z",
                                 "2026-11-28T12:00:00+0100",
                                 "2026-11-28T12:00:00+24:00",
                                 "2026-11-28T24:00:00Z",
                                 "2026-11-28T12:60:00Z",
                                 "2026-11-28T12:00:61Z",
                                 "2026-13-28T12:00:00Z",
                                 "2026-02-29T12:00:00Z",
                                 "2026-00-01T12:00:00Z",
                                 "2026-11-28T12:00:00Zulu",
                                 "26-11-28T12:00:00Z",
                                 "1969-12-31T23:59:59Z",
                                 "1970-01-01T00:00:00+00:01"}) {
    CAPTURE(text);
    CHECK(!ParseTime(text).has_value());
  }
}

}  // namespace
}  // namespace flashsale::audit
