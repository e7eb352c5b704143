#include "flashsale/base/status.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace flashsale {
namespace {

TEST_CASE("a status is OK unless it says otherwise") {
  const Status ok;
  CHECK(ok.ok());
  CHECK(ok.code() == StatusCode::kOk);
  CHECK(ok.message().empty());
  CHECK(ok.ToString() == "Ok");
  CHECK(ok == Status());

  const Status refused(StatusCode::kUnavailable, "connection refused");
  CHECK_FALSE(refused.ok());
  CHECK(refused.ToString() == "Unavailable: connection refused");
  CHECK(refused != ok);
  CHECK(refused != Status(StatusCode::kUnavailable, "another"));
}

TEST_CASE("every status code has a name of its own, and only Unknown may have been applied") {
  std::set<std::string_view> names;
  for (int number = 0; number <= 11; ++number) {
    const auto code = static_cast<StatusCode>(number);
    CAPTURE(number);
    CHECK(Name(code) != "?");
    CHECK(names.insert(Name(code)).second);
    CHECK(Status(code, "why").MayHaveBeenApplied() == (code == StatusCode::kUnknown));
  }
  CHECK(Name(static_cast<StatusCode>(12)) == "?");
}

TEST_CASE("a result is a value or the reason why there is none") {
  Result<std::string> value(std::string("here"));
  CHECK(value.ok());
  CHECK(value.status().ok());
  CHECK(value.value() == "here");
  CHECK(*value == "here");
  CHECK(value->size() == 4);
  value.value() = "there";
  CHECK(std::as_const(value).value() == "there");

  const Result<std::string> none(Status(StatusCode::kNotFound, "id: no sale 'x'"));
  CHECK_FALSE(none.ok());
  CHECK(none.status().code() == StatusCode::kNotFound);
}

TEST_CASE("a value that can only be moved is moved out of a result") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  REQUIRE(taken != nullptr);
  CHECK(*taken == 7);
}

}  // namespace
}  // namespace flashsale
