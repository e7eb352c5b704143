#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Units kMinusFive = static_cast<Units>(-5);
constexpr Units kTwoTo31 = Units{1} << 31;

TEST_CASE("units 0, -5, 2^31 and 2^30 + 1 are Invalid and change nothing") {
  SaleTerms terms = SmallSale(kMaxUnits);
  terms.limit_per_user = kMaxUnits;
  Shop shop(terms);
  for (const Units units :
       {Units{0}, kMinusFive, kTwoTo31, kMaxUnits + 1, std::numeric_limits<Units>::max()}) {
    const Outcome outcome = shop.Ask(kStart, Reserve(User(1), Id(1), units));
    CHECK(outcome == Outcome{.code = Code::kInvalid, .field = Field::kUnits});
  }
  CHECK(shop.Events().empty());
  CHECK(shop.StockOf() == Stock{.limit = kMaxUnits, .released = kMaxUnits});
  CHECK_FALSE(shop.Find(User(1), Id(1)).has_value());

  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1), 3)) == Code::kDone);
  for (const Units units : {kMinusFive, kTwoTo31, kMaxUnits + 1, Units{4}}) {
    Command confirm = About(Verb::kConfirm, User(1), Id(1));
    confirm.units = units;
    CHECK(shop.Ask(kStart, confirm).code == Code::kInvalid);
    CHECK(shop.Ask(kStart, confirm).field == Field::kUnits);
  }
  for (const Units units : {Units{0}, kMinusFive, kTwoTo31}) {
    Command release = Act(Verb::kRelease);
    release.units = units;
    CHECK(shop.Ask(kStart, release) == Outcome{.code = Code::kInvalid, .field = Field::kUnits});
  }
  CHECK(shop.Events().size() == 1);
  CHECK(shop.StockOf().reserved == 3);
}

TEST_CASE("sums that would overflow 32 bits do not: of a user, of a key, of a line") {
  SaleTerms terms = SmallSale(kMaxUnits);
  for (const char* const product : {"b", "c", "d", "e"}) {
    terms.lines.push_back({.product = product, .units = kMaxUnits});
  }
  terms.limit_per_user = kMaxUnits;
  terms.max_open_holds = 32;
  terms.key_limits = {{.name = "device", .limit = kMaxUnits}};
  Shop shop(terms);

  // Four times 2^30 is 0 in 32 bits, five times is 2^30 again.
  CHECK(shop.Do(kStart, Reserve(User(1), Id(1), kMaxUnits, 0)) == Code::kDone);
  for (std::uint16_t line = 1; line < 5; ++line) {
    CHECK(shop.Do(kStart, Reserve(User(1), Id(1U + line), kMaxUnits, line)) == Code::kUserLimit);
    CHECK(shop.Do(kStart, Reserve(User(1), Id(1U + line), 1, line)) == Code::kUserLimit);
  }

  // One device of several users.
  for (std::uint16_t line = 1; line < 5; ++line) {
    Command command = Reserve(User(1U + line), Id(1), kMaxUnits, line);
    command.keys[0] = LimitKey::FromInteger(7);
    CHECK(shop.Do(kStart, command) == (line == 1 ? Code::kDone : Code::kUserLimit));
  }

  // One line that is taken as a whole.
  CHECK(shop.Do(kStart, Reserve(User(9), Id(1), kMaxUnits, 0)) == Code::kSoldOut);
  CHECK(shop.Do(kStart, Reserve(User(9), Id(1), 1, 0)) == Code::kSoldOut);
  CHECK(shop.StockOf(0) == Stock{.limit = kMaxUnits, .released = kMaxUnits, .reserved = kMaxUnits});
  shop.CheckBooks();
}

TEST_CASE("times outside the calendar are Invalid, deadlines beyond it stop at its end") {
  SaleTerms terms = SmallSale(5);
  terms.end = kMaxTime;
  terms.limit_per_user = 5;
  Shop shop(terms);
  for (const Time now :
       {kMinTime - kMicrosecond, kMaxTime + kMicrosecond, Time::min(), Time::max()}) {
    const Outcome outcome = shop.Ask(now, Reserve(User(1), Id(1)));
    CHECK(outcome == Outcome{.code = Code::kInvalid, .field = Field::kTime});
  }
  CHECK(shop.Events().empty());
  const Outcome last = shop.Ask(kMaxTime - kMicrosecond, Reserve(User(1), Id(2)));
  CHECK(last.code == Code::kDone);
  CHECK(last.deadline() == kMaxTime);
}

TEST_CASE("a sale id with NUL, CR LF, quotes or of 1 MB is Invalid and names no sale") {
  Shop shop(SmallSale(1));
  const std::vector<std::string> texts = {"",
                                          std::string("drop\0", 5),
                                          std::string("\0drop", 5),
                                          "drop\r\n",
                                          "drop\r\nSET x 1",
                                          "dr'op",
                                          "dr\"op",
                                          "drop;--",
                                          "../drop",
                                          "drop ",
                                          "d\xc3\xb6p",
                                          std::string(65, 'a'),
                                          std::string(std::size_t{1} << 20, 'a'),
                                          std::string(std::size_t{1} << 20, '\0')};
  for (const std::string& text : texts) {
    const SaleId id = text;
    REQUIRE_FALSE(id.valid());
    SaleTerms terms = SmallSale(1);
    terms.id = id;
    const Result<Outcome> created = shop.inventory().Create(terms);
    CHECK(created.status().code() == StatusCode::kInvalidArgument);
    CHECK(shop.Ask(id, kStart, Reserve(User(1), Id(1))) ==
          Outcome{.code = Code::kInvalid, .field = Field::kSale});
    CHECK(shop.inventory().Resolve(id).status().code() == StatusCode::kNotFound);
    CHECK(shop.inventory().ReadStock(id, kStart).status().code() == StatusCode::kNotFound);
    CHECK(shop.inventory().Forget(id, kStart)->code == Code::kInvalid);

    SaleTerms product = SmallSale(1);
    product.id = "other";
    product.lines[0].product = text;
    CHECK(shop.inventory().Create(product).status().code() == StatusCode::kInvalidArgument);
    CHECK(shop.inventory().Resolve("other").status().code() == StatusCode::kNotFound);
  }
  CHECK(shop.Events().empty());
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1});
  shop.CheckBooks();
}

TEST_CASE("an id of any bytes is opaque: NUL, quotes and line ends tell ids apart") {
  SaleTerms terms = SmallSale(100);
  Shop shop(terms);
  std::uint64_t number = 0;
  for (const std::string_view text :
       {std::string_view("a\0b", 3), std::string_view("a\0c", 3), std::string_view("a"),
        std::string_view("a\r\n"), std::string_view("a'"), std::string_view("")}) {
    const UserId user = UserId::FromText(text);
    REQUIRE_FALSE(user.is_nil());
    CHECK(shop.Do(kStart, Reserve(user, Id(++number))) == Code::kDone);
  }
  const std::string megabyte(std::size_t{1} << 20, 'u');
  CHECK(shop.Do(kStart, Reserve(UserId::FromText(megabyte), Id(++number))) == Code::kDone);
  CHECK(shop.StockOf().reserved == number);
}

TEST_CASE("a command with a member that its verb does not use is Invalid and changes nothing") {
  Shop shop(SmallSale(5));
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);
  std::vector<Command> commands;
  commands.emplace_back(Reserve(User(1), Id(2))).flags = 1;
  commands.emplace_back(About(Verb::kConfirm, User(1), Id(1))).line = 1;
  commands.emplace_back(About(Verb::kConfirm, User(1), Id(1))).quote = 1;
  commands.emplace_back(About(Verb::kCancel, User(1), Id(1))).units = 1;
  commands.emplace_back(About(Verb::kCancel, User(1), Id(1))).keys[2] = LimitKey::FromInteger(1);
  commands.emplace_back(About(Verb::kExtend, User(1), Id(1))).user_limit = 1;
  commands.emplace_back(Act(Verb::kClose)).user = User(1);
  commands.emplace_back(Act(Verb::kClose)).id = Id(1);
  commands.emplace_back(Reserve(UserId(), Id(2)));
  commands.emplace_back(Reserve(User(1), ReservationId()));
  commands.emplace_back(Reserve(User(2), Id(2))).admission_number = kMaxExactInteger + 1;
  commands.emplace_back(Reserve(User(2), Id(2))).admission_grant = 1;
  commands.emplace_back(Reserve(User(2), Id(2))).verb = static_cast<Verb>(0);
  commands.emplace_back(Reserve(User(2), Id(2))).verb = static_cast<Verb>(255);
  std::vector<Outcome> outcomes(commands.size());
  REQUIRE(shop.inventory().Apply(shop.sale(), kStart, commands, outcomes).ok());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    CHECK_MESSAGE(outcomes[i].code == Code::kInvalid, "command " << i);
    CHECK(outcomes[i].field != Field::kNone);
  }
  CHECK(shop.Events().size() == 1);
  CHECK(shop.StockOf().reserved == 1);
}

}  // namespace
}  // namespace flashsale
