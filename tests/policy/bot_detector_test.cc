#include "flashsale/policy/bot_detector.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace flashsale {
namespace {

TEST_CASE("every reason has a name of its own") {
  std::set<std::string> names;
  for (int reason = 0; reason <= static_cast<int>(BotReason::kChallengePassed); ++reason) {
    const std::string name(Name(static_cast<BotReason>(reason)));
    CHECK(name != "Unknown");
    CHECK(names.insert(name).second);
  }
  CHECK(Name(static_cast<BotReason>(200)) == "Unknown");
}

}  // namespace
}  // namespace flashsale
