#include "flashsale/policy/request_context.h"

#include <doctest/doctest.h>

#include <array>

namespace flashsale {
namespace {

TEST_CASE("a header is found by its name in any case, the first of several") {
  const std::array<HeaderField, 4> headers = {{{.name = "User-Agent", .value = "one"},
                                               {.name = "USER-AGENT", .value = "two"},
                                               {.name = "user-agents", .value = "three"},
                                               {.name = "", .value = "four"}}};
  const RequestContext context{.headers = headers};
  CHECK(context.Header("user-agent") == "one");
  CHECK(context.Header("uSER-aGENT") == "one");
  CHECK(context.Header("User-Agents") == "three");
  CHECK(context.Header("") == "four");
  CHECK_FALSE(context.Header("User-Agen").has_value());
  CHECK_FALSE(context.Header("User_Agent").has_value());
  CHECK_FALSE(RequestContext().Header("User-Agent").has_value());
}

}  // namespace
}  // namespace flashsale
