#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// A failed check must not throw out of a round's end.
class Findings {
 public:
  void Expect(bool holds, int round, const std::string& what) {
    if (holds) return;
    const std::scoped_lock lock(mutex_);
    if (first_.empty()) first_ = "round " + std::to_string(round) + ": " + what;
  }
  std::string first() const { return first_; }

 private:
  std::mutex mutex_;
  std::string first_;
};

TEST_CASE("two reserves at once of one user who holds nothing, stock 0: SoldOut twice") {
  // A tally charged in advance, by a sibling that is itself refused, would say UserLimit.
  SaleTerms terms = SmallSale(1);
  terms.lines[0].released_at_first = 0;
  Shop shop(terms);
  const int rounds = Rounds(100'000);
  Tallies answers;
  AtOnce(2, [&](std::size_t thread) {
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t id = static_cast<std::uint64_t>(round) * 2 + thread;
      answers.Add(shop.Do(kStart, Reserve(User(7), Id(id))));
    }
  });
  CHECK(answers[Code::kSoldOut] == 2 * rounds);
  CHECK(shop.Events().empty());
  shop.CheckBooks();
}

TEST_CASE("confirm races expiry races another buyer: the unit is one person's, every time") {
  Shop shop(SmallSale(1), {.events_per_sale = std::size_t{1} << 10});
  Findings findings;
  const int rounds = Rounds(100'000);
  Outcome confirmed;
  Outcome bought;
  int honoured = 0;
  std::uint64_t first_id = 0;
  const auto prepare = [&](int round) {
    first_id = static_cast<std::uint64_t>(round) * 2 + 1;
    const Code code = shop.Do(kStart, Reserve(User(first_id), Id(first_id)));
    findings.Expect(code == Code::kDone, round, "the unit was not free again");
  };
  prepare(0);
  const Time deadline = kStart + 5min;
  InRounds(
      3, rounds,
      [&](std::size_t thread, int round) {
        switch (thread) {
          case 0:
            // At the last instant: whether it is honoured depends on who comes first.
            confirmed = shop.Ask(deadline - kMicrosecond,
                                 About(Verb::kConfirm, User(first_id), Id(first_id)));
            break;
          case 1: {
            const Result<ExpireReport> report =
                shop.inventory().ExpireDue(shop.sale(), deadline, 100);
            findings.Expect(report.ok() && report->expired <= 1, round, "more than one expired");
            break;
          }
          default:
            bought = shop.Ask(deadline, Reserve(User(first_id + 1), Id(first_id + 1)));
            break;
        }
      },
      [&](int round) {
        const bool first_has_it = confirmed.code == Code::kDone;
        const bool second_has_it = bought.code == Code::kDone;
        honoured += first_has_it ? 1 : 0;
        findings.Expect(first_has_it != second_has_it, round,
                        ToString(confirmed) + " and " + ToString(bought));
        findings.Expect(first_has_it || confirmed.code == Code::kExpired, round,
                        ToString(confirmed));
        findings.Expect(second_has_it || bought.code == Code::kSoldOut, round, ToString(bought));
        const Command undo = first_has_it
                                 ? About(Verb::kVoid, User(first_id), Id(first_id))
                                 : About(Verb::kCancel, User(first_id + 1), Id(first_id + 1));
        findings.Expect(shop.Do(kStart, undo) == Code::kDone, round, "no one holds it");
        if (round + 1 < rounds) prepare(round + 1);
      });
  CHECK(findings.first() == "");
  MESSAGE("the confirm won in " << honoured << " of " << rounds << " rounds");
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1});
  shop.CheckBooks();
}

TEST_CASE("confirm races cancel races extend of one hold: one of the two ends it") {
  Shop shop(SmallSale(2), {.events_per_sale = std::size_t{1} << 10});
  Findings findings;
  Outcome confirmed;
  Outcome cancelled;
  Outcome extended;
  const auto id_of = [](int round) { return static_cast<std::uint64_t>(round) + 1; };
  const auto prepare = [&](int round) {
    findings.Expect(shop.Do(kStart, Reserve(User(id_of(round)), Id(id_of(round)))) == Code::kDone,
                    round, "not free again");
  };
  const int rounds = Rounds(20'000);
  prepare(0);
  InRounds(
      3, rounds,
      [&](std::size_t thread, int round) {
        const UserId user = User(id_of(round));
        const ReservationId id = Id(id_of(round));
        if (thread == 0) confirmed = shop.Ask(kStart + 1s, About(Verb::kConfirm, user, id));
        if (thread == 1) cancelled = shop.Ask(kStart + 1s, About(Verb::kCancel, user, id));
        if (thread == 2) extended = shop.Ask(kStart + 1s, About(Verb::kExtend, user, id));
      },
      [&](int round) {
        const bool was_bought = confirmed.code == Code::kDone;
        findings.Expect(was_bought
                            ? cancelled.code == Code::kAlreadyPurchased
                            : cancelled.code == Code::kDone && confirmed.code == Code::kCancelled,
                        round, ToString(confirmed) + " and " + ToString(cancelled));
        findings.Expect(
            extended.code == Code::kDone ||
                extended.code == (was_bought ? Code::kAlreadyPurchased : Code::kCancelled),
            round, ToString(extended));
        if (was_bought) {
          findings.Expect(shop.Do(kStart, About(Verb::kVoid, User(id_of(round)),
                                                Id(id_of(round)))) == Code::kDone,
                          round, "cannot be voided");
        }
        if (round + 1 < rounds) prepare(round + 1);
      });
  CHECK(findings.first() == "");
  CHECK(shop.StockOf() == Stock{.limit = 2, .released = 2});
  shop.CheckBooks();
}

TEST_CASE("a hold that has lapsed for a caller is not in their way though it is taken just then") {
  // The refusal must see that somebody entered between its looks at the deadlines and at the stock.
  Shop shop(SmallSale(1), {.events_per_sale = std::size_t{1} << 10});
  Findings findings;
  Outcome later;
  const auto id_of = [](std::size_t thread, int round) {
    return static_cast<std::uint64_t>(round) * 2 + thread;
  };
  InRounds(
      2, Rounds(100'000),
      [&](std::size_t thread, int round) {
        const std::uint64_t id = id_of(thread, round);
        const Outcome outcome =
            shop.Ask(kStart + (thread == 0 ? 0min : 5min), Reserve(User(id), Id(id)));
        if (thread == 1) later = outcome;
      },
      [&](int round) {
        findings.Expect(later.code == Code::kDone, round, ToString(later));
        const std::uint64_t id = id_of(1, round);
        findings.Expect(shop.Do(kStart, About(Verb::kCancel, User(id), Id(id))) == Code::kDone,
                        round, "nothing to cancel");
      });
  CHECK(findings.first() == "");
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1});
  shop.CheckBooks();
}

TEST_CASE("a device that two users share holds its limit however they race") {
  SaleTerms terms = SmallSale(10);
  terms.key_limits = {{.name = "device", .limit = 1}};
  Shop shop(terms, {.events_per_sale = std::size_t{1} << 10});
  Findings findings;
  std::array<Code, 2> codes{};
  const LimitKey device = LimitKey::FromInteger(1);
  InRounds(
      2, Rounds(20'000),
      [&](std::size_t thread, int round) {
        const std::uint64_t id = static_cast<std::uint64_t>(round) * 2 + thread;
        Command command = Reserve(User(id), Id(id));
        command.keys[0] = device;
        codes[thread] = shop.Do(kStart, command);
      },
      [&](int round) {
        const std::size_t winner = codes[0] == Code::kDone ? 0 : 1;
        findings.Expect(codes[winner] == Code::kDone && codes[1 - winner] == Code::kUserLimit,
                        round, std::string(Name(codes[0])) + ", " + std::string(Name(codes[1])));
        const std::uint64_t id = static_cast<std::uint64_t>(round) * 2 + winner;
        findings.Expect(shop.Do(kStart, About(Verb::kCancel, User(id), Id(id))) == Code::kDone,
                        round, "nothing to cancel");
      });
  CHECK(findings.first() == "");
  CHECK(shop.StockOf() == Stock{.limit = 10, .released = 10});
  shop.CheckBooks();
}

TEST_CASE("a hold that has just lapsed goes to one of two who ask at once, in every round") {
  SaleTerms terms = SmallSale(1);
  terms.hold = 1ms;
  Shop shop(terms, {.events_per_sale = std::size_t{1} << 10});
  Findings findings;
  std::array<Code, 2> codes{};
  InRounds(
      2, Rounds(20'000),
      [&](std::size_t thread, int round) {
        const std::uint64_t id = static_cast<std::uint64_t>(round) * 2 + thread;
        codes[thread] = shop.Do(kStart + round * 1ms, Reserve(User(id), Id(id)));
      },
      [&](int round) {
        const std::size_t winner = codes[0] == Code::kDone ? 0 : 1;
        findings.Expect(codes[winner] == Code::kDone && codes[1 - winner] == Code::kSoldOut, round,
                        std::string(Name(codes[0])) + ", " + std::string(Name(codes[1])));
      });
  CHECK(findings.first() == "");
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1, .reserved = 1});
  shop.CheckBooks();
}

}  // namespace
}  // namespace flashsale
