#include "flashsale/base/outcome.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace flashsale {
namespace {

// Every number that names a code, found without a list of them.
std::vector<Code> AllCodes() {
  std::vector<Code> codes;
  for (int number = 0; number < 1 << 16; ++number) {
    const auto code = static_cast<Code>(number);
    if (Name(code) != "?") codes.push_back(code);
  }
  return codes;
}

TEST_CASE("an outcome is 16 bytes of plain data, and Invalid until it is written") {
  CHECK(sizeof(Outcome) == 16);
  CHECK(std::is_trivially_copyable_v<Outcome>);
  CHECK(Outcome{}.code == Code::kInvalid);
  const Outcome held{.code = Code::kDone, .state = ReservationState::kActive, .when_us = 42};
  CHECK(held.deadline() == Time(Duration(42)));
  CHECK(held != Outcome{.code = Code::kDone, .state = ReservationState::kActive, .when_us = 43});
}

TEST_CASE("there are 31 codes, each with a name that finds it again and a sentence") {
  const std::vector<Code> codes = AllCodes();
  CHECK(codes.size() == 32);
  std::set<std::string_view> names;
  for (const Code code : codes) {
    const std::string_view name = Name(code);
    CAPTURE(name);
    CHECK(names.insert(name).second);
    CHECK(ParseCode(name) == code);
    CHECK_FALSE(Text(code).empty());
    CHECK(Text(code) != Text(static_cast<Code>(0)));
    CHECK(std::all_of(name.begin(), name.end(),
                      [](unsigned char c) { return std::isalpha(c) != 0; }));
  }
}

TEST_CASE("what is no name of a code is none") {
  for (const std::string_view name : {"", "?", "done", "DONE", "Done ", " Done", "kDone", "Don"}) {
    CHECK_FALSE(ParseCode(name).has_value());
  }
}

TEST_CASE("the numbers of the codes are what goes over wires") {
  CHECK(static_cast<int>(Code::kDone) == 10);
  CHECK(static_cast<int>(Code::kAlreadyDone) == 11);
  CHECK(static_cast<int>(Code::kExpired) == 20);
  CHECK(static_cast<int>(Code::kSaleCancelled) == 30);
  CHECK(static_cast<int>(Code::kInvalid) == 40);
  CHECK(static_cast<int>(Code::kSoldOut) == 47);
  CHECK(static_cast<int>(Code::kOverloaded) == 60);
  CHECK(static_cast<int>(Code::kWaitingPage) == 66);
}

TEST_CASE("every code has an HTTP status: success only for what was carried out or is waiting") {
  for (const Code code : AllCodes()) {
    CAPTURE(Name(code));
    const int status = HttpStatus(code);
    const bool accepted = code == Code::kDone || code == Code::kAlreadyDone ||
                          code == Code::kRevived || code == Code::kQueued;
    CHECK((status >= 200 && status < 300) == accepted);
    CHECK((accepted || (status >= 400 && status < 600)));
  }
  CHECK(HttpStatus(Code::kInvalid) == 400);
  CHECK(HttpStatus(Code::kRateLimited) == 429);
  CHECK(HttpStatus(Code::kSoldOut) == 409);
}

TEST_CASE("transient is what waiting alone may change") {
  for (const Code code : {Code::kNotStarted, Code::kPaused, Code::kSoldOut, Code::kUserLimit,
                          Code::kTooManyHolds, Code::kOverloaded, Code::kRateLimited,
                          Code::kHoldsRemain, Code::kStorageFull}) {
    CAPTURE(Name(code));
    CHECK(IsTransient(code));
  }
  for (const Code code : {Code::kDone, Code::kAlreadyDone, Code::kExpired, Code::kCancelled,
                          Code::kIdConflict, Code::kSaleEnded, Code::kInvalid, Code::kUnknownSale,
                          Code::kTooManyAttempts, Code::kDenied}) {
    CAPTURE(Name(code));
    CHECK_FALSE(IsTransient(code));
  }
}

TEST_CASE("states and fields have names of their own") {
  std::set<std::string_view> states;
  for (int i = 0; i <= 4; ++i) states.insert(Name(static_cast<ReservationState>(i)));
  CHECK(states ==
        std::set<std::string_view>{"none", "active", "purchased", "cancelled", "expired"});
  CHECK(Name(static_cast<ReservationState>(5)) == "?");

  std::set<std::string_view> fields;
  for (int i = 0; i <= 12; ++i) fields.insert(Name(static_cast<Field>(i)));
  CHECK(fields.size() == 13);
  CHECK(fields.count("?") == 0);
  CHECK(Name(static_cast<Field>(14)) == "?");
}

TEST_CASE("an outcome in a log says all there is to say") {
  CHECK(ToString(Outcome{.code = Code::kDone,
                         .state = ReservationState::kActive,
                         .units = 2,
                         .when_us = 1'700'000'000'000'000}) ==
        "Done active 2 units until 1700000000000000");
  CHECK(ToString(Outcome{.code = Code::kAlreadyDone,
                         .state = ReservationState::kPurchased,
                         .units = 1}) == "AlreadyDone purchased 1 units");
  CHECK(ToString(Outcome{.code = Code::kInvalid, .field = Field::kUnits}).starts_with(
      "Invalid units: expected 1 to 2^30"));
  CHECK(ToString(Outcome{.code = Code::kSoldOut}) == "SoldOut");
  CHECK(ToString(Outcome{.code = Code::kRateLimited, .when_us = 1'500}) ==
        "RateLimited retry after 1500 us");
}

TEST_CASE("an Invalid names its field and what was expected, whichever field it is") {
  for (int i = 1; i <= 12; ++i) {
    const auto field = static_cast<Field>(i);
    const std::string text = ToString(Outcome{.code = Code::kInvalid, .field = field});
    CAPTURE(text);
    const std::string front = "Invalid " + std::string(Name(field)) + ": expected ";
    CHECK(text.starts_with(front));
    CHECK(text.size() > front.size());
    CHECK(text.find('?') == std::string::npos);
  }
}

}  // namespace
}  // namespace flashsale
