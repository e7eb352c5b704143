#include "flashsale/base/id_text.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace flashsale {
namespace {

TEST_CASE("an id may be written in four ways") {
  const UserId uuid = *UserId::FromUuid("6f1c7c1e-3a52-4a8c-9b37-0d5b7f7b1a44");
  for (const char* const text :
       {"6f1c7c1e-3a52-4a8c-9b37-0d5b7f7b1a44", "6F1C7C1E-3A52-4A8C-9B37-0D5B7F7B1A44",
        "6f1c7c1e3a524a8c9b370d5b7f7b1a44", "6F1C7C1E3A524A8C9B370D5B7F7B1A44"}) {
    CAPTURE(text);
    const Result<UserId> id = ParseId<UserId>(text);
    REQUIRE(id.ok());
    CHECK(*id == uuid);
  }
  for (const char* const prefix : {"int:", "integer:"}) {
    CHECK(*ParseId<UserId>(std::string(prefix) + "7") == UserId::FromInteger(7));
    CHECK(*ParseId<UserId>(std::string(prefix) + "0") == UserId::FromInteger(0));
    CHECK(*ParseId<LimitKey>(std::string(prefix) + "18446744073709551615") ==
          LimitKey::FromInteger(std::numeric_limits<std::uint64_t>::max()));
  }
  CHECK(*ParseId<UserId>("text:ann") == UserId::FromText("ann"));
  CHECK(*ParseId<ReservationId>("text:int:1") == ReservationId::FromText("int:1"));
  CHECK(*ParseId<LimitKey>("text: ") == LimitKey::FromText(" "));
}

TEST_CASE("what is no id is told with what was expected") {
  const auto refusal = [](std::string_view text) {
    const Status status = ParseId<UserId>(text).status();
    CHECK(status.code() == StatusCode::kInvalidArgument);
    return status.message();
  };
  for (const char* const text :
       {"", "ann", "6f1c7c1e-3a52-4a8c-9b37-0d5b7f7b1a4", "6f1c7c1e3a524a8c9b370d5b7f7b1a4g",
        "6f1c7c1e3a52-4a8c-9b37-0d5b7f7b-1a44", "Text:ann", " int:1"}) {
    CHECK(refusal(text) == "'" + std::string(text) +
                               "', expected a UUID, 32 hex digits, int: and a number, or text: "
                               "and anything");
  }
  for (const char* const number : {"", "x", "-1", "1x", " 1", "+1", "18446744073709551616"}) {
    for (const char* const prefix : {"int:", "integer:"}) {
      const std::string text = std::string(prefix) + number;
      CHECK(refusal(text) ==
            "'" + text + "', expected a number from 0 to 18446744073709551615 behind " + prefix);
    }
  }
  CHECK(refusal("text:") == "'text:', expected something behind text:");
  for (const char* const nil :
       {"00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"}) {
    CHECK(refusal(nil) == "'" + std::string(nil) + "', expected an id that is not nil");
  }
}

}  // namespace
}  // namespace flashsale
