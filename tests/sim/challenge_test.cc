#include "examples/flashsale_sim/challenge.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace flashsale::sim {
namespace {

constexpr Time kNow{std::chrono::hours(1)};

ChallengeAnswer Ask(ChallengeDesk& desk, const std::string& token) {
  const auto answer = desk.Verify({.token = token}, nullptr);
  REQUIRE(answer.has_value());
  REQUIRE(answer->ok());
  return **answer;
}

TEST_CASE("a passed challenge says when it was passed") {
  ChallengeDesk desk(Dice(1));
  const ChallengeAnswer answer = Ask(desk, desk.Pass(kNow, 7));
  CHECK(answer.valid);
  CHECK(answer.issued_at == kNow);
  CHECK(desk.Pass(kNow, 7) != desk.Pass(kNow, 8));
}

TEST_CASE("a token that was made up, changed or cut is nobody's") {
  ChallengeDesk desk(Dice(1));
  std::string token = desk.Pass(kNow, 7);
  CHECK_FALSE(Ask(desk, token.substr(1)).valid);
  CHECK_FALSE(Ask(desk, std::string(48, 'x')).valid);
  CHECK_FALSE(Ask(desk, "").valid);
  CHECK_FALSE(Ask(desk, ChallengeDesk(Dice(2)).Pass(kNow, 7)).valid);
  token[20] = token[20] == '1' ? '2' : '1';
  CHECK_FALSE(Ask(desk, token).valid);
}

}  // namespace
}  // namespace flashsale::sim
