#include "flashsale/policy/owned_bot_query.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an owned query shows what the request showed, when the request is gone") {
  std::unique_ptr<OwnedBotQuery> owned;
  const std::string long_value(5'000, 'v');
  {
    const SaleId sale = "drop";
    std::vector<std::string> texts = {"User-Agent", "Mozilla", "X-Empty", "", "Long", long_value};
    std::vector<HeaderField> headers = {{.name = texts[0], .value = texts[1]},
                                        {.name = texts[2], .value = texts[3]},
                                        {.name = texts[4], .value = texts[5]}};
    std::string token = "the token";
    std::vector<Duration> intervals = {1ms, 2ms, 3ms};
    const RequestContext context{.address = *IpAddress::Parse("192.0.2.7"),
                                 .headers = headers,
                                 .device = LimitKey::FromInteger(3),
                                 .challenge_token = token,
                                 .behavior = {.time_on_page = 5s, .intervals = intervals}};
    owned = std::make_unique<OwnedBotQuery>(BotQuery{.sale = sale,
                                                     .user = UserId::FromInteger(9),
                                                     .action = GuardedAction::kJoin,
                                                     .context = context});
    for (std::string& text : texts) std::fill(text.begin(), text.end(), 'x');
    std::fill(token.begin(), token.end(), 'x');
    std::fill(intervals.begin(), intervals.end(), 0ms);
    headers.clear();
  }
  const BotQuery query = owned->query();
  CHECK(query.sale == SaleId("drop"));
  CHECK(query.user == UserId::FromInteger(9));
  CHECK(query.action == GuardedAction::kJoin);
  CHECK(query.context.address.ToString() == "192.0.2.7");
  CHECK(query.context.device == LimitKey::FromInteger(3));
  CHECK(query.context.challenge_token == "the token");
  CHECK(query.context.behavior.time_on_page == Duration(5s));
  CHECK(std::ranges::equal(query.context.behavior.intervals, std::vector<Duration>{1ms, 2ms, 3ms}));
  REQUIRE(query.context.headers.size() == 3);
  CHECK(query.context.Header("user-agent") == "Mozilla");
  CHECK(query.context.Header("x-empty") == "");
  CHECK(query.context.Header("long") == long_value);
}

TEST_CASE("a query that shows nothing is owned as well") {
  const SaleId sale = "drop";
  const RequestContext context;
  const OwnedBotQuery owned({.sale = sale, .context = context});
  CHECK(owned.query().context.headers.empty());
  CHECK(owned.query().context.challenge_token.empty());
  CHECK(owned.query().user.is_nil());
}

}  // namespace
}  // namespace flashsale
