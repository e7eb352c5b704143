#include "flashsale/repository/command.h"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace flashsale {
namespace {

constexpr UserId kUser = UserId::FromInteger(1);
constexpr ReservationId kId = ReservationId::FromInteger(2);
constexpr std::array kActs = {Verb::kStart,      Verb::kPause, Verb::kResume, Verb::kClose,
                              Verb::kCancelSale, Verb::kSettle};
constexpr std::array kByIdVerbs = {Verb::kConfirm, Verb::kCancel, Verb::kExtend, Verb::kVoid};

Command Lawful(Verb verb) {
  Command command{.verb = verb};
  if (IsOperatorAct(verb)) {
    if (verb == Verb::kRelease) command.units = 5;
    return command;
  }
  command.user = kUser;
  command.id = kId;
  if (verb == Verb::kReserve) command.units = 1;
  return command;
}

std::vector<Verb> AllVerbs() {
  std::vector<Verb> verbs = {Verb::kReserve, Verb::kRelease};
  verbs.insert(verbs.end(), kActs.begin(), kActs.end());
  verbs.insert(verbs.end(), kByIdVerbs.begin(), kByIdVerbs.end());
  return verbs;
}

Command With(Verb verb, const std::function<void(Command&)>& change) {
  Command command = Lawful(verb);
  change(command);
  return command;
}

TEST_CASE("the least that a verb needs is lawful") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    CHECK(FindShapeError(Lawful(verb)) == Field::kNone);
  }
}

TEST_CASE("all that a reserve may carry is lawful at once, at its bounds") {
  Command command = Lawful(Verb::kReserve);
  command.line = std::numeric_limits<std::uint16_t>::max();
  command.units = kMaxUnits;
  command.user_limit = kMaxUnits;
  command.admission_grant = std::numeric_limits<std::uint32_t>::max();
  command.admission_number = kMaxExactInteger;
  command.quote = std::numeric_limits<std::uint64_t>::max();
  command.keys = {LimitKey::FromInteger(1), LimitKey::FromInteger(2), LimitKey::FromInteger(3)};
  command.hold = kMaxHold;
  CHECK(FindShapeError(command) == Field::kNone);
}

TEST_CASE("a number that is no verb is Invalid by verb") {
  for (int number = 0; number < 256; ++number) {
    const auto verb = static_cast<Verb>(number);
    if (Name(verb) != "?") continue;
    CHECK(FindShapeError(Lawful(verb)) == Field::kVerb);
  }
}

TEST_CASE("flags are reserved, and a quote goes with a reserve only") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    for (const int flags : {1, 2, 128, 255}) {
      CHECK(FindShapeError(With(verb, [flags](Command& c) {
              c.flags = static_cast<std::uint8_t>(flags);
            })) == Field::kFlags);
    }
    CHECK(FindShapeError(With(verb, [](Command& c) { c.quote = 1; })) ==
          (verb == Verb::kReserve ? Field::kNone : Field::kFlags));
  }
}

TEST_CASE("ids are given where one is due, and nowhere else") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    const bool due = !IsOperatorAct(verb);
    CHECK(FindShapeError(With(verb, [due](Command& c) { c.user = due ? UserId() : kUser; })) ==
          Field::kUser);
    CHECK(FindShapeError(With(verb, [due](Command& c) { c.id = due ? ReservationId() : kId; })) ==
          Field::kReservation);
  }
}

TEST_CASE("a line is named by reserve and release only") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    const bool names_line = verb == Verb::kReserve || verb == Verb::kRelease;
    CHECK(FindShapeError(With(verb, [](Command& c) { c.line = 1; })) ==
          (names_line ? Field::kNone : Field::kLine));
  }
}

TEST_CASE("units: 1 to 2^30, from 0 for a confirm, none where the verb uses none") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    const Units fewest = verb == Verb::kReserve || verb == Verb::kRelease ? 1 : 0;
    const Units most = fewest == 1 || verb == Verb::kConfirm ? kMaxUnits : 0;
    for (const Units units : {Units{0}, Units{1}, kMaxUnits, kMaxUnits + 1, Units{1} << 31,
                              static_cast<Units>(-5), std::numeric_limits<Units>::max()}) {
      CAPTURE(units);
      const bool lawful = units >= fewest && units <= most;
      CHECK(FindShapeError(With(verb, [units](Command& c) { c.units = units; })) ==
            (lawful ? Field::kNone : Field::kUnits));
    }
  }
}

TEST_CASE("a user limit goes with a reserve only, up to 2^30") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    CHECK(FindShapeError(With(verb, [](Command& c) { c.user_limit = 1; })) ==
          (verb == Verb::kReserve ? Field::kNone : Field::kUserLimit));
    CHECK(FindShapeError(With(verb, [](Command& c) { c.user_limit = kMaxUnits + 1; })) ==
          Field::kUserLimit);
  }
}

TEST_CASE("limit keys go with a reserve only") {
  for (const Verb verb : AllVerbs()) {
    for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
      CAPTURE(Name(verb));
      CHECK(FindShapeError(With(verb, [i](Command& c) { c.keys[i] = LimitKey::FromInteger(1); })) ==
            (verb == Verb::kReserve ? Field::kNone : Field::kLimitKeys));
    }
  }
}

TEST_CASE("an admission is a number below 2^53 with a grant, or neither, with a reserve only") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    const auto shape = [verb](std::uint64_t number, std::uint32_t grant) {
      return FindShapeError(With(verb, [=](Command& c) {
        c.admission_number = number;
        c.admission_grant = grant;
      }));
    };
    CHECK(shape(0, 0) == Field::kNone);
    CHECK(shape(1, 1) == (verb == Verb::kReserve ? Field::kNone : Field::kAdmission));
    CHECK(shape(1, 0) == Field::kAdmission);
    CHECK(shape(0, 1) == Field::kAdmission);
    CHECK(shape(kMaxExactInteger + 1, 1) == Field::kAdmission);
    CHECK(shape(std::numeric_limits<std::uint64_t>::max(), 1) == Field::kAdmission);
  }
}

TEST_CASE("a hold of its own is 0 to 30 days, with a reserve only") {
  for (const Verb verb : AllVerbs()) {
    CAPTURE(Name(verb));
    const auto shape = [verb](Duration hold) {
      return FindShapeError(With(verb, [hold](Command& c) { c.hold = hold; }));
    };
    CHECK(shape(Duration(0)) == Field::kNone);
    for (const Duration hold : {Duration(1), kMaxHold}) {
      CHECK(shape(hold) == (verb == Verb::kReserve ? Field::kNone : Field::kHold));
    }
    for (const Duration hold : {Duration(-1), kMaxHold + Duration(1), Duration::min(),
                                Duration::max()}) {
      CHECK(shape(hold) == Field::kHold);
    }
  }
}

// Each step mends the first fault of the ones before it, so the next in order must show.
TEST_CASE("of several faults the first of the documented order is told") {
  Command command{.verb = static_cast<Verb>(99),
                  .flags = 1,
                  .line = 1,
                  .units = 1,
                  .user_limit = kMaxUnits + 1,
                  .admission_grant = 1,
                  .quote = 1,
                  .keys = {LimitKey::FromInteger(1)},
                  .hold = Duration(1)};
  CHECK(FindShapeError(command) == Field::kVerb);
  command.verb = Verb::kCancel;
  CHECK(FindShapeError(command) == Field::kFlags);
  command.flags = 0;
  CHECK(FindShapeError(command) == Field::kFlags);
  command.quote = 0;
  CHECK(FindShapeError(command) == Field::kUser);
  command.user = kUser;
  CHECK(FindShapeError(command) == Field::kReservation);
  command.id = kId;
  CHECK(FindShapeError(command) == Field::kLine);
  command.line = 0;
  CHECK(FindShapeError(command) == Field::kUnits);
  command.units = 0;
  CHECK(FindShapeError(command) == Field::kUserLimit);
  command.user_limit = 0;
  CHECK(FindShapeError(command) == Field::kLimitKeys);
  command.keys = {};
  CHECK(FindShapeError(command) == Field::kAdmission);
  command.admission_grant = 0;
  CHECK(FindShapeError(command) == Field::kHold);
  command.hold = Duration(0);
  CHECK(FindShapeError(command) == Field::kNone);
}

}  // namespace
}  // namespace flashsale
