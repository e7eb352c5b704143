#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/engine/engine_sale.h"

namespace flashsale::engine {
namespace {

using namespace std::chrono_literals;

// The engine carries out a batch in runs; an engine that gets the same commands one by one must
// answer the same and end in the same state.
class Twins {
 public:
  explicit Twins(const SaleTerms& terms) : batches_(terms), singles_(terms) {}

  std::vector<Outcome> Do(Time now, const std::vector<Command>& commands) {
    const std::vector<Outcome> together = batches_.Do(now, commands);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Outcome alone = singles_.Do(now, std::span(&commands[i], 1))[0];
      CAPTURE(i);
      CAPTURE(Name(commands[i].verb));
      CAPTURE(ToString(alone));
      CAPTURE(ToString(together[i]));
      REQUIRE(together[i] == alone);
    }
    return together;
  }
  void CheckSameState() {
    REQUIRE(batches_.State() == singles_.State());
    REQUIRE(batches_->ReadStock(kStart).seq == singles_->ReadStock(kStart).seq);
  }
  EngineSale& batches() { return batches_; }
  EngineSale& singles() { return singles_; }

 private:
  EngineSale batches_;
  EngineSale singles_;
};

std::vector<Code> CodesOf(const std::vector<Outcome>& outcomes) {
  std::vector<Code> codes;
  for (const Outcome& outcome : outcomes) codes.push_back(outcome.code);
  return codes;
}

TEST_CASE("a batch that sells out in its midst answers each in its turn") {
  Twins twins(SmallSale(100));
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i < 160; ++i) commands.push_back(Reserve(User(i), Id(i)));
  const std::vector<Outcome> outcomes = twins.Do(kStart, commands);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    REQUIRE(outcomes[i].code == (i < 100 ? Code::kDone : Code::kSoldOut));
  }
  twins.CheckSameState();
  CHECK(twins.batches().Events() == twins.singles().Events());
}

TEST_CASE("what one command of a batch gives back, a later one may take") {
  Twins twins(SmallSale(2));
  twins.Do(kStart, {Reserve(User(1), Id(1)), Reserve(User(2), Id(2))});
  CHECK(CodesOf(twins.Do(kStart, {Reserve(User(3), Id(3)), About(Verb::kCancel, User(1), Id(1)),
                                  Reserve(User(3), Id(3)), Reserve(User(4), Id(4)),
                                  About(Verb::kConfirm, User(2), Id(2)),
                                  About(Verb::kVoid, User(2), Id(2)), Reserve(User(4), Id(4))})) ==
        std::vector<Code>{Code::kSoldOut, Code::kDone, Code::kDone, Code::kSoldOut, Code::kDone,
                          Code::kDone, Code::kDone});
  twins.CheckSameState();
}

TEST_CASE("the same command many times in one batch is one hold") {
  Twins twins(SmallSale(100));
  const std::vector<Command> commands(70, Reserve(User(1), Id(1)));
  const std::vector<Outcome> outcomes = twins.Do(kStart, commands);
  CHECK(outcomes.front().code == Code::kDone);
  for (std::size_t i = 1; i < outcomes.size(); ++i) CHECK(outcomes[i].code == Code::kAlreadyDone);
  CHECK(twins.batches().StockOf().reserved == 1);
  twins.CheckSameState();
}

TEST_CASE("an operator's act in a batch stands between what is before and after it") {
  Twins twins(SmallSale(100));
  std::vector<Command> commands;
  std::vector<Code> expected;
  const auto add = [&](const Command& command, Code code) {
    commands.push_back(command);
    expected.push_back(code);
  };
  for (std::uint64_t i = 0; i < 5; ++i) add(Reserve(User(i), Id(i)), Code::kDone);
  add(Act(Verb::kPause), Code::kDone);
  for (std::uint64_t i = 5; i < 10; ++i) add(Reserve(User(i), Id(i)), Code::kPaused);
  add(Command{.verb = Verb::kReserve}, Code::kInvalid);
  add(Act(Verb::kResume), Code::kDone);
  for (std::uint64_t i = 5; i < 10; ++i) add(Reserve(User(i), Id(i)), Code::kDone);
  add(Act(Verb::kClose), Code::kDone);
  add(Reserve(User(10), Id(10)), Code::kSaleEnded);
  add(About(Verb::kConfirm, User(0), Id(0)), Code::kDone);
  CHECK(CodesOf(twins.Do(kStart, commands)) == expected);
  twins.CheckSameState();
  CHECK(twins.batches().Events() == twins.singles().Events());
}

TEST_CASE("batches of no command and of more than a run's are carried out whole") {
  Twins twins(SmallSale(1'000));
  CHECK(twins.Do(kStart, {}).empty());
  for (const std::uint64_t size : {1U, 63U, 64U, 65U, 127U, 128U, 129U, 200U}) {
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < size; ++i) {
      commands.push_back(Reserve(User(size * 1'000 + i), Id(i)));
    }
    for (const Outcome& outcome : twins.Do(kStart, commands)) REQUIRE(outcome.code == Code::kDone);
  }
  twins.CheckSameState();
  CHECK(twins.batches().Events() == twins.singles().Events());
}

Command AnyCommand(std::mt19937_64& random, bool with_keys) {
  const UserId user = User(random() % 24);
  const ReservationId id = Id(random() % 6);
  switch (random() % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: {
      Command command = Reserve(user, id, static_cast<Units>(1 + random() % 3),
                                static_cast<std::uint16_t>(random() % 2));
      if (random() % 8 == 0) command.user_limit = static_cast<Units>(random() % 10);
      if (random() % 40 == 0) command.line = 2;
      if (with_keys && random() % 2 == 0) {
        command.keys[0] = LimitKey::FromInteger(random() % 4);
        command.keys[1] = LimitKey::FromInteger(random() % 4);
      }
      return command;
    }
    case 5:
    case 6: {
      Command command = About(Verb::kConfirm, user, id);
      command.units = static_cast<Units>(random() % 3);
      return command;
    }
    case 7:
      return About(Verb::kCancel, user, id);
    case 8:
      return About(Verb::kExtend, user, id);
    case 9:
      return About(Verb::kVoid, user, id);
    case 10:
      if (random() % 4 != 0) return About(Verb::kCancel, user, id);
      return {.verb = Verb::kRelease,
              .line = static_cast<std::uint16_t>(random() % 2),
              .units = static_cast<Units>(1 + random() % 30)};
    default:
      if (random() % 8 != 0) return Reserve(user, id);
      return Act(random() % 2 == 0 ? Verb::kPause : Verb::kResume);
  }
}

TEST_CASE("random batches of every verb answer as the same commands one by one") {
  for (std::uint64_t seed = 0; seed < static_cast<std::uint64_t>(Rounds(400)); ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    SaleTerms terms = SmallSale(1);
    terms.lines = {{.product = "a", .units = 30, .released_at_first = 8},
                   {.product = "b", .units = 20, .released_at_first = 20}};
    terms.limit_per_user = 3;
    terms.limit_ceiling = 6;
    terms.max_open_holds = 2;
    terms.max_stray_tombstones = 5;
    terms.late_confirm = seed % 2 == 0 ? LateConfirm::kRevive : LateConfirm::kRefuse;
    terms.end_policy = seed % 3 == 0 ? EndPolicy::kCut : EndPolicy::kGrace;
    const bool with_keys = seed % 4 < 2;
    if (with_keys) {
      terms.key_limits = {{.name = "device", .limit = 4}, {.name = "card", .limit = 5}};
    }
    Twins twins(terms);
    Time now = kStart - 30s;
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<Command> commands;
      const std::size_t size = 1 + random() % 40;
      for (std::size_t i = 0; i < size; ++i) commands.push_back(AnyCommand(random, with_keys));
      twins.Do(now, commands);
      twins.CheckSameState();
      now += std::chrono::seconds(random() % 120);
    }
  }
}

}  // namespace
}  // namespace flashsale::engine
