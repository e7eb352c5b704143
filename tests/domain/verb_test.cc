#include "flashsale/domain/verb.h"

#include <doctest/doctest.h>

#include <string_view>

namespace flashsale {
namespace {

TEST_CASE("there are 12 verbs, each with a name that finds it again") {
  int verbs = 0;
  for (int number = 0; number < 256; ++number) {
    const auto verb = static_cast<Verb>(number);
    if (Name(verb) == "?") continue;
    ++verbs;
    CHECK(ParseVerb(Name(verb)) == verb);
    CHECK(IsOperatorAct(verb) == (number >= 20));
  }
  CHECK(verbs == 12);
  CHECK(ParseVerb("cancel-sale") == Verb::kCancelSale);
  CHECK_FALSE(IsOperatorAct(Verb::kVoid));
}

TEST_CASE("what is no name of a verb is none") {
  for (const std::string_view name : {"", "?", "Reserve", "reserve ", "cancel_sale", "forget"}) {
    CHECK_FALSE(ParseVerb(name).has_value());
  }
}

}  // namespace
}  // namespace flashsale
