// The ledger against the shop's own orders.
#include "flashsale/service/reconciliation.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "flashsale/backend/memory.h"
#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

class Shop {
 public:
  explicit Shop(LateConfirm late = LateConfirm::kRevive) : Shop(Terms(late)) {}
  explicit Shop(const SaleTerms& terms) {
    auto storage = OpenMemoryStorage({.events_per_sale = 1'024});
    REQUIRE(storage.ok());
    storage_ = *std::move(storage);
    REQUIRE(inventory().Create(terms).ok());
  }
  static SaleTerms Terms(LateConfirm late) {
    SaleTerms terms = SmallSale(20);
    terms.limit_per_user = 3;
    terms.hold = 60s;
    terms.late_confirm = late;
    return terms;
  }
  InventoryRepository& inventory() { return storage_->inventory(); }
  Outcome Do(const Command& command, Time now = kStart) {
    Outcome outcome;
    REQUIRE(inventory().Apply("drop", now, {&command, 1}, {&outcome, 1}).ok());
    return outcome;
  }
  void Buy(std::uint64_t user, std::uint64_t id, Units units = 1, Time now = kStart) {
    REQUIRE(Do(Reserve(User(user), Id(id), units), now).code == Code::kDone);
    REQUIRE(Do(About(Verb::kConfirm, User(user), Id(id)), now).code == Code::kDone);
  }
  Reconciliation Run(const std::vector<ShopOrder>& orders, ReconciliationOptions options = {}) {
    if (options.now == Time{}) options.now = kStart + 1s;
    const Result<Reconciliation> result = Reconcile(inventory(), "drop", orders, options);
    REQUIRE_MESSAGE(result.ok(), result.status().ToString());
    return *result;
  }
  Stock StockNow() { return inventory().ReadStock("drop", kStart)->lines[0]; }

 private:
  std::unique_ptr<Storage> storage_;
};

ShopOrder Order(std::uint64_t user, std::uint64_t id, Units units = 1) {
  return {.user = User(user), .id = Id(id), .units = units};
}

TEST_CASE("where both agree there is nothing to tell") {
  Shop shop;
  shop.Buy(1, 1);
  shop.Buy(1, 2, 2);
  shop.Do(Reserve(User(2), Id(1)));  // not bought yet: no business of the shop's
  const Reconciliation found = shop.Run({Order(1, 2, 2), Order(1, 1)});
  CHECK(found.agrees());
  CHECK(found.orders == 2);
  CHECK(found.purchases == 2);
  CHECK(found.matching == 2);
}

TEST_CASE("each difference is told with its remedy, and a dry run changes nothing") {
  Shop shop;
  shop.Buy(1, 1);                       // extra
  shop.Buy(2, 1, 2);                    // differs
  shop.Do(Reserve(User(3), Id(1), 2));  // held: missing
  shop.Do(Reserve(User(4), Id(1)));     // cancelled: missing
  shop.Do(About(Verb::kCancel, User(4), Id(1)));
  shop.Buy(6, 1);  // twice
  const std::uint64_t before = shop.inventory().ReadStock("drop", kStart)->seq;
  const Reconciliation found = shop.Run(
      {Order(2, 1, 1), Order(3, 1, 2), Order(4, 1), Order(5, 9), Order(6, 1), Order(6, 1)});
  CHECK(!found.agrees());
  CHECK(found.matching == 0);
  REQUIRE(found.discrepancies.size() == 6);
  const auto expect = [&](std::size_t i, std::uint64_t user, Difference difference, Remedy remedy) {
    CAPTURE(i);
    CHECK(found.discrepancies[i].order.user == User(user));
    CHECK(found.discrepancies[i].difference == difference);
    CHECK(found.discrepancies[i].remedy == remedy);
    CHECK(!found.discrepancies[i].is_settled);
    CHECK(!found.discrepancies[i].outcome.has_value());
  };
  expect(0, 1, Difference::kExtra, Remedy::kVoid);
  expect(1, 2, Difference::kDiffers, Remedy::kByHand);
  expect(2, 3, Difference::kMissing, Remedy::kConfirm);
  expect(3, 4, Difference::kMissing, Remedy::kByHand);
  expect(4, 5, Difference::kMissing, Remedy::kReserveAndConfirm);
  expect(5, 6, Difference::kTwice, Remedy::kByHand);
  CHECK(found.discrepancies[1].ledger.units == 2);
  CHECK(shop.inventory().ReadStock("drop", kStart)->seq == before);
}

TEST_CASE("what is held may be bought in part, but not more of it") {
  Shop shop;
  shop.Do(Reserve(User(1), Id(1), 2));
  const auto remedy = [&shop](const ShopOrder& order) {
    return shop.Run({order}).discrepancies.at(0).remedy;
  };
  CHECK(remedy(Order(1, 1, 1)) == Remedy::kConfirm);
  CHECK(remedy(Order(1, 1, 2)) == Remedy::kConfirm);
  CHECK(remedy(Order(1, 1, 3)) == Remedy::kByHand);
}

TEST_CASE("what the terms can never allow is left to somebody") {
  const auto remedy = [](const SaleTerms& terms, const ShopOrder& order,
                         const std::vector<Command>& before = {}) {
    Shop shop(terms);
    for (const Command& command : before) REQUIRE(shop.Do(command).code == Code::kDone);
    const Reconciliation found = shop.Run({order}, {.now = kStart, .apply = true});
    const Discrepancy& only = found.discrepancies.at(0);
    CHECK(only.outcome.has_value() == (only.remedy != Remedy::kByHand));
    // Nothing is held back that would have been allowed.
    if (only.remedy == Remedy::kByHand) {
      Command command = Reserve(order.user, order.id, order.units);
      command.line = order.line;
      CHECK(shop.Do(command).code != Code::kDone);
    } else {
      CHECK(only.is_settled);
    }
    return only.remedy;
  };
  constexpr Remedy kSell = Remedy::kReserveAndConfirm;
  SaleTerms terms = SmallSale(20);
  terms.limit_per_user = 3;
  CHECK(remedy(terms, Order(1, 1, 3)) == kSell);
  CHECK(remedy(terms, Order(1, 1, 4)) == Remedy::kByHand);
  terms.max_units_per_order = 2;
  CHECK(remedy(terms, Order(1, 1, 2)) == kSell);
  CHECK(remedy(terms, Order(1, 1, 3)) == Remedy::kByHand);
  terms = SmallSale(2);
  terms.limit_per_user = 3;
  CHECK(remedy(terms, Order(1, 1, 2)) == kSell);
  CHECK(remedy(terms, Order(1, 1, 3)) == Remedy::kByHand);
  // Whose limit was raised.
  terms = SmallSale(20);
  terms.limit_per_user = 2;
  terms.limit_ceiling = 5;
  Command raised = Reserve(User(1), Id(7), 1);
  raised.user_limit = 4;
  const std::vector<Command> before = {raised, About(Verb::kCancel, User(1), Id(7))};
  CHECK(remedy(terms, Order(1, 1, 4), before) == kSell);
  CHECK(remedy(terms, Order(1, 1, 5), before) == Remedy::kByHand);
  CHECK(remedy(terms, Order(2, 1, 3), before) == Remedy::kByHand);
  // A remedy comes without an admission.
  terms.requires_admission = true;
  CHECK(remedy(terms, Order(1, 1, 1)) == Remedy::kByHand);
}

TEST_CASE("remedies make both agree, once") {
  Shop shop;
  shop.Buy(1, 1);
  shop.Do(Reserve(User(3), Id(1), 2));
  shop.Do(Reserve(User(7), Id(1)));
  const std::vector<ShopOrder> orders = {Order(3, 1), Order(5, 9, 2), Order(7, 1)};
  // The hold of the last has lapsed by then, and is revived.
  const ReconciliationOptions options{.now = kStart + 2min, .apply = true};
  const Reconciliation found = shop.Run(orders, options);
  CHECK(found.agrees());
  CHECK(found.settled == 4);
  CHECK(found.discrepancies[0].outcome->code == Code::kDone);  // taken back
  CHECK(found.discrepancies[3].outcome->code == Code::kRevived);
  CHECK(shop.StockNow().sold == 4);
  const Reconciliation again = shop.Run(orders, options);
  CHECK(again.agrees());
  CHECK(again.discrepancies.empty());
  CHECK(again.matching == 3);
}

TEST_CASE("a remedy keeps every limit, and says what it was refused for") {
  Shop shop(LateConfirm::kRefuse);
  shop.Buy(1, 1, 3);
  shop.Do(Reserve(User(2), Id(1)));
  const Reconciliation found =
      shop.Run({Order(1, 1, 3), Order(1, 2), Order(2, 1)}, {.now = kStart + 2min, .apply = true});
  REQUIRE(found.discrepancies.size() == 2);
  CHECK(found.discrepancies[0].outcome->code == Code::kUserLimit);
  CHECK(found.discrepancies[1].outcome->code == Code::kExpired);
  CHECK(found.settled == 0);
  CHECK(!found.agrees());
  CHECK(shop.StockNow().sold == 3);
}

TEST_CASE("what was bought after the shop's list was made is not looked at") {
  Shop shop;
  shop.Buy(1, 1);
  shop.Buy(2, 1, 1, kStart + 10s);
  shop.Do(Reserve(User(3), Id(1)), kStart + 1s);
  shop.Do(About(Verb::kConfirm, User(3), Id(1)), kStart + 20s);
  const Reconciliation found = shop.Run({Order(1, 1)}, {.as_of = kStart + 5s});
  CHECK(found.agrees());
  CHECK(found.too_new == 2);
  CHECK(found.discrepancies.empty());
  // What was bought at that very instant should be in the list.
  CHECK(shop.Run({Order(1, 1)}, {.as_of = kStart + 10s}).discrepancies.size() == 1);
  CHECK(shop.Run({Order(1, 1)}, {.as_of = kStart + 10s}).too_new == 1);
  // Bought long after its hold had lapsed.
  shop.Do(Reserve(User(4), Id(1)), kStart + 25s);
  CHECK(shop.Do(About(Verb::kConfirm, User(4), Id(1)), kStart + 3min).code == Code::kRevived);
  CHECK(shop.Run({Order(1, 1)}, {.as_of = kStart + 5s}).too_new == 3);
  // Once the log has forgotten when that was, nobody guesses.
  for (std::uint64_t i = 0; i < 1'500; ++i) {
    shop.Do(Act(i % 2 == 0 ? Verb::kPause : Verb::kResume), kStart + 4min);
  }
  const std::vector<ShopOrder> orders = {Order(1, 1)};
  const Status status =
      Reconcile(shop.inventory(), "drop", orders, {.now = kStart + 5min, .as_of = kStart + 5s})
          .status();
  CHECK(status.code() == StatusCode::kFailedPrecondition);
  CHECK(status.message().find("as_of: the log does not tell any more") == 0);
}

TEST_CASE("what makes no sense is named") {
  Shop shop;
  const auto refusal = [&](const ShopOrder& order, Time now = kStart, const char* sale = "drop") {
    return Reconcile(shop.inventory(), sale, {&order, 1}, {.now = now}).status().message();
  };
  CHECK(refusal({.id = Id(1), .units = 1}) == "orders[0].user: nil, expected an id");
  CHECK(refusal({.user = User(1), .units = 1}) == "orders[0].id: nil, expected an id");
  CHECK(refusal(Order(1, 1, 0)) == "orders[0].units: 0, expected 1 or more");
  CHECK(refusal({.user = User(1), .id = Id(1), .line = 1, .units = 1}) ==
        "orders[0].line: 1, expected below 1");
  CHECK(refusal(Order(1, 1), kMinTime - 1us) == "now: -1 us, expected 0 to 2^53 - 1");
  const auto as_of = [&](Time at) {
    return Reconcile(shop.inventory(), "drop", {}, {.now = kStart, .as_of = at}).status();
  };
  CHECK(as_of(kMinTime - 1us) ==
        Status(StatusCode::kInvalidArgument, "as_of: -1 us, expected 0 to 2^53 - 1"));
  CHECK(as_of(kMaxTime + 1us) ==
        Status(StatusCode::kInvalidArgument, "as_of: 9007199254740992 us, expected 0 to 2^53 - 1"));
  CHECK(as_of(kMinTime).ok());
  CHECK(as_of(kMaxTime).ok());
  CHECK(refusal(Order(1, 1), kStart, "none").find("none") != std::string::npos);
}

TEST_CASE("orders are read from a table, whatever its columns and quotes") {
  SaleTerms terms = SmallSale(5);
  const Result<std::vector<ShopOrder>> orders = ParseShopOrders(
      "\xEF\xBB\xBFnote,Units,ID,user\r\n"
      "\"paid, by card\",2,int:7,00000000-0000-0001-0000-000000000003\r\n"
      "\"said \"\"thanks\"\"\",1,text:order 8,int:4\n"
      "\"two\nlines\",1,int:9,text:anna\n"
      "\n"
      ",1,integer:1,00000000000000010000000000000001\n",
      terms);
  REQUIRE_MESSAGE(orders.ok(), orders.status().ToString());
  const std::vector<ShopOrder> expected = {{.user = UserId::FromInteger(3),
                                            .id = ReservationId::FromInteger(7),
                                            .units = 2,
                                            .table_line = 2},
                                           {.user = UserId::FromInteger(4),
                                            .id = ReservationId::FromText("order 8"),
                                            .units = 1,
                                            .table_line = 3},
                                           {.user = UserId::FromText("anna"),
                                            .id = ReservationId::FromInteger(9),
                                            .units = 1,
                                            .table_line = 4},
                                           {.user = UserId::FromInteger(1),
                                            .id = ReservationId::FromInteger(1),
                                            .units = 1,
                                            .table_line = 7}};
  CHECK(*orders == expected);
  terms.lines.push_back({.product = "other", .units = 1});
  const Result<std::vector<ShopOrder>> with_product =
      ParseShopOrders("product,units,id,user\nother,1,int:1,int:1", terms);
  REQUIRE(with_product.ok());
  CHECK(with_product->front().line == 1);
}

TEST_CASE("a table that cannot be read is refused where it cannot") {
  SaleTerms terms = SmallSale(5);
  const auto refusal = [&](const char* csv) {
    return ParseShopOrders(csv, terms).status().message();
  };
  CHECK(refusal("") == "line 1: nothing, expected a heading");
  CHECK(refusal("user,units\n") ==
        "line 1, column 'id': none, expected in the heading, which has 'user', 'units'");
  CHECK(refusal("user;id;units\nint:1;int:1;1\n") ==
        "line 1, column 'user': none, expected in the heading, which has 'user;id;units': fields "
        "are separated by ',', not by ';'");
  CHECK(refusal("user,id,units,User\n") == "line 1, column 'user': twice, expected once");
  CHECK(refusal("user,id,ID,units\n") == "line 1, column 'id': twice, expected once");
  CHECK(refusal("user,id,units,,product,product\n") ==
        "line 1, column 'product': twice, expected once");
  CHECK(refusal("user,id,units\nint:1,int:1\n") == "line 2: 2 fields, expected 3");
  CHECK(refusal("user,id,units\nbob,int:1,1\n") ==
        "line 2, column 'user': 'bob', expected a UUID, 32 hex digits, int: and a number, or text: "
        "and anything");
  CHECK(refusal("user,id,units\n\nint:1,int:x,1\n") ==
        "line 3, column 'id': 'int:x', expected a number from 0 to 18446744073709551615 behind "
        "int:");
  CHECK(refusal("user,id,units\nint:1,text:,1\n") ==
        "line 2, column 'id': 'text:', expected something behind text:");
  CHECK(refusal("user,id,units\n00000000-0000-0000-0000-000000000000,int:1,1\n") ==
        "line 2, column 'user': '00000000-0000-0000-0000-000000000000', expected an id that is not "
        "nil");
  for (const char* const units : {"0", "1x", "1073741825", "4294967296", "-1", ""}) {
    CHECK(refusal((std::string("user,id,units\nint:1,int:1,") + units + "\n").c_str()) ==
          "line 2, column 'units': '" + std::string(units) +
              "', expected a number from 1 to 1073741824");
  }
  CHECK(refusal("user,id,units\rint:1,int:1,1\r") ==
        "line 1: a line end of CR alone, expected LF or CR LF");
  CHECK(refusal("user,id,units\r\nint:1,int:1,1\r") ==
        "line 2: a line end of CR alone, expected LF or CR LF");
  CHECK(refusal("user,id,units\nint:1,\"int:1,1\n") ==
        "line 2: quotes, expected around whole fields and in pairs within");
  CHECK(refusal("user,id,units\nint:1,in\"t:1,1\n") ==
        "line 2: quotes, expected around whole fields and in pairs within");
  terms.lines.push_back({.product = "other", .units = 1});
  CHECK(refusal("user,id,units\n") ==
        "line 1, column 'product': none, expected in the heading, which has 'user', 'id', 'units'");
  CHECK(refusal("user,id,units,product\nint:1,int:1,1,cake\n") ==
        "line 2, column 'product': 'cake', expected one that the sale has");
}

}  // namespace
}  // namespace flashsale
