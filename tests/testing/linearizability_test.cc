#include "flashsale/testing/linearizability.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace flashsale {
namespace {

constexpr Time At(std::int64_t us) { return Time(Duration(us)); }

// Writes histories by hand: a call is given with the two instants at which it began and returned.
class Scene {
 public:
  static constexpr std::int64_t kHold = 1'000;

  Scene() {
    terms_.id = "scene";
    terms_.lines = {{.product = "thing", .units = 1}};
    terms_.start = At(1'000'000);
    terms_.end = At(2'000'000);
    terms_.hold = Duration(kHold);
  }

  SaleTerms& terms() { return terms_; }

  struct Span {
    std::uint64_t invoked;
    std::uint64_t returned;
  };

  Call& Add(std::uint32_t thread, Span span, std::int64_t now_us) {
    Call& call = history_.emplace_back();
    call.thread = thread;
    call.invoked = span.invoked;
    call.returned = span.returned;
    call.now = At(1'000'000 + now_us);
    return call;
  }

  Call& Act(std::uint32_t thread, Span span, std::int64_t now_us, Verb verb, Code code) {
    Call& call = Add(thread, span, now_us);
    call.command.verb = verb;
    call.outcome.code = code;
    return call;
  }

  // About the hold `id` of `user`.
  Call& Ask(std::uint32_t thread, Span span, std::int64_t now_us, Verb verb, std::uint64_t user,
            std::uint64_t id, Outcome outcome) {
    Call& call = Add(thread, span, now_us);
    call.command.verb = verb;
    call.command.user = UserId::FromInteger(user);
    call.command.id = ReservationId::FromInteger(id);
    if (verb == Verb::kReserve) call.command.units = 1;
    call.outcome = outcome;
    return call;
  }

  Call& Reserve(std::uint32_t thread, Span span, std::int64_t now_us, std::uint64_t user,
                std::uint64_t id, Code code) {
    return Ask(thread, span, now_us, Verb::kReserve, user, id,
               code == Code::kDone ? Held(now_us) : Outcome{.code = code});
  }

  static Outcome Held(std::int64_t reserved_at_us, Code code = Code::kDone, Units units = 1) {
    return {.code = code,
            .state = ReservationState::kActive,
            .units = units,
            .when_us = 1'000'000 + reserved_at_us + kHold};
  }

  static Outcome About(Code code, ReservationState state, Units units = 1) {
    return {.code = code, .state = state, .units = units};
  }

  LinearizabilityReport Check() const { return CheckLinearizable(terms_, history_); }

 private:
  SaleTerms terms_;
  History history_;
};

#define CHECK_ACCEPTED(scene)                             \
  do {                                                    \
    const LinearizabilityReport report = (scene).Check(); \
    CHECK_MESSAGE(report.ok(), report.explanation);       \
  } while (false)

#define CHECK_REJECTED(scene) \
  CHECK((scene).Check().verdict == LinearizabilityReport::Verdict::kNotLinearizable)

using enum ReservationState;

TEST_CASE("an empty history is explained") { CHECK_ACCEPTED(Scene()); }

TEST_CASE("one unit goes to one of two who ask at once, and to either") {
  for (const bool first_wins : {true, false}) {
    Scene scene;
    scene.Reserve(0, {1, 4}, 0, 1, 1, first_wins ? Code::kDone : Code::kSoldOut);
    scene.Reserve(1, {2, 3}, 0, 2, 2, first_wins ? Code::kSoldOut : Code::kDone);
    CHECK_ACCEPTED(scene);
  }
}

TEST_CASE("one unit sold twice is rejected") {
  Scene scene;
  scene.Reserve(0, {1, 4}, 0, 1, 1, Code::kDone);
  scene.Reserve(1, {2, 3}, 0, 2, 2, Code::kDone);
  CHECK_REJECTED(scene);
}

TEST_CASE("nobody may lose the last unit to nobody") {
  Scene scene;
  scene.Reserve(0, {1, 4}, 0, 1, 1, Code::kSoldOut);
  scene.Reserve(1, {2, 3}, 0, 2, 2, Code::kSoldOut);
  CHECK_REJECTED(scene);
}

TEST_CASE("the order of calls that do not overlap is kept") {
  Scene scene;
  scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kSoldOut);
  scene.Reserve(1, {3, 4}, 0, 2, 2, Code::kDone);
  CHECK_REJECTED(scene);
}

TEST_CASE("the order of one thread's calls is kept, within a batch too") {
  Scene scene;
  scene.Reserve(0, {1, 9}, 0, 1, 1, Code::kSoldOut);
  scene.Reserve(0, {1, 9}, 0, 2, 2, Code::kDone);
  CHECK_REJECTED(scene);
}

TEST_CASE("SoldOut is honest only while nothing that lapsed could be had") {
  Scene dishonest;
  dishonest.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  dishonest.Reserve(1, {3, 4}, 1'000, 2, 2,
                    Code::kSoldOut);  // the hold lapsed at this very instant
  CHECK_REJECTED(dishonest);

  Scene honest;
  honest.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  honest.Reserve(1, {3, 4}, 999, 2, 2, Code::kSoldOut);
  CHECK_ACCEPTED(honest);

  Scene reclaimed;
  reclaimed.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  reclaimed.Reserve(1, {3, 4}, 1'000, 2, 2, Code::kDone);
  reclaimed.Ask(0, {5, 6}, 1'000, Verb::kConfirm, 1, 1, Scene::About(Code::kExpired, kExpired));
  CHECK_ACCEPTED(reclaimed);
}

TEST_CASE("SoldOut may be due to a hold that another call took and gave back meanwhile") {
  Scene scene;
  scene.Reserve(0, {1, 3}, 0, 1, 1, Code::kDone);
  scene.Ask(0, {4, 7}, 0, Verb::kCancel, 1, 1, Scene::About(Code::kDone, kCancelled));
  scene.Reserve(1, {2, 6}, 0, 2, 2, Code::kSoldOut);
  scene.Reserve(1, {8, 9}, 0, 2, 2, Code::kDone);
  CHECK_ACCEPTED(scene);
}

TEST_CASE("a user's limit is not used up by a sibling that was itself refused") {
  Scene dishonest;
  dishonest.terms().lines[0].released_at_first = 0;
  dishonest.Reserve(0, {1, 4}, 0, 1, 1, Code::kUserLimit);
  dishonest.Reserve(1, {2, 3}, 0, 1, 2, Code::kSoldOut);
  CHECK_REJECTED(dishonest);

  Scene honest;
  honest.terms().lines[0].released_at_first = 0;
  honest.Reserve(0, {1, 4}, 0, 1, 1, Code::kSoldOut);
  honest.Reserve(1, {2, 3}, 0, 1, 2, Code::kSoldOut);
  CHECK_ACCEPTED(honest);
}

TEST_CASE("a user's limit is used up by a live hold, and not by one that lapsed") {
  for (const bool lapsed : {false, true}) {
    Scene scene;
    scene.terms().lines[0].units = 5;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    scene.Reserve(1, {3, 4}, lapsed ? 1'000 : 999, 1, 2, Code::kUserLimit);
    if (lapsed) {
      CHECK_REJECTED(scene);
    } else {
      CHECK_ACCEPTED(scene);
    }
  }
}

TEST_CASE("a limit key that two users share is charged for both") {
  const auto scene_with = [](Code second) {
    Scene scene;
    scene.terms().lines[0].units = 5;
    scene.terms().key_limits = {{.name = "device", .limit = 1}};
    const LimitKey device = LimitKey::FromInteger(7);
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone).command.keys[0] = device;
    scene.Reserve(1, {3, 4}, 0, 2, 2, second).command.keys[0] = device;
    return scene;
  };
  CHECK_ACCEPTED(scene_with(Code::kUserLimit));
  CHECK_REJECTED(scene_with(Code::kDone));
}

TEST_CASE("a confirm after the deadline is not honoured") {
  Scene scene;
  scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  scene.Ask(0, {3, 4}, 1'000, Verb::kConfirm, 1, 1, Scene::About(Code::kDone, kPurchased));
  CHECK_REJECTED(scene);
}

TEST_CASE("a confirm is honoured or the unit is resold, never both") {
  const auto scene_with = [](Outcome confirm, Code reserve) {
    Scene scene;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    scene.Ask(0, {3, 8}, 999, Verb::kConfirm, 1, 1, confirm);
    scene.Reserve(1, {4, 7}, 1'000, 2, 2, reserve);
    return scene;
  };
  const Outcome bought = Scene::About(Code::kDone, kPurchased);
  const Outcome expired = Scene::About(Code::kExpired, kExpired);
  CHECK_ACCEPTED(scene_with(bought, Code::kSoldOut));
  CHECK_ACCEPTED(scene_with(expired, Code::kDone));
  CHECK_REJECTED(scene_with(bought, Code::kDone));
  CHECK_REJECTED(scene_with(expired, Code::kSoldOut));
}

TEST_CASE("what is recorded EXPIRED stays so for a call whose own time is earlier") {
  Scene scene;
  scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  scene.Add(1, {3, 4}, 1'000).kind = CallKind::kExpireDue;
  scene.Ask(0, {5, 6}, 500, Verb::kConfirm, 1, 1, Scene::About(Code::kExpired, kExpired));
  CHECK_ACCEPTED(scene);
}

TEST_CASE("nothing expires before it lapsed for somebody who asked") {
  Scene scene;
  scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  scene.Add(1, {3, 4}, 999).kind = CallKind::kExpireDue;
  scene.Ask(0, {5, 6}, 500, Verb::kConfirm, 1, 1, Scene::About(Code::kExpired, kExpired));
  CHECK_REJECTED(scene);

  Scene too_late;  // the only call for which the hold has lapsed begins after the answer
  too_late.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  too_late.Ask(0, {3, 4}, 500, Verb::kConfirm, 1, 1, Scene::About(Code::kExpired, kExpired));
  too_late.Add(1, {5, 6}, 1'000).kind = CallKind::kExpireDue;
  CHECK_REJECTED(too_late);
}

TEST_CASE("AlreadyDone needs a Done before it") {
  Scene early;
  early.Ask(0, {1, 2}, 0, Verb::kReserve, 1, 1, Scene::Held(0, Code::kAlreadyDone));
  early.Reserve(1, {3, 4}, 0, 1, 1, Code::kDone);
  CHECK_REJECTED(early);

  Scene twice;
  twice.Reserve(0, {1, 4}, 0, 1, 1, Code::kDone);
  twice.Reserve(1, {2, 3}, 0, 1, 1, Code::kDone);
  CHECK_REJECTED(twice);

  Scene once;
  once.Reserve(0, {1, 4}, 0, 1, 1, Code::kDone);
  once.Ask(1, {2, 3}, 0, Verb::kReserve, 1, 1, Scene::Held(0, Code::kAlreadyDone));
  CHECK_ACCEPTED(once);
}

TEST_CASE("another user's call is a call on an id never seen") {
  Scene leak;
  leak.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  leak.Ask(1, {3, 4}, 0, Verb::kConfirm, 2, 1, Scene::About(Code::kDone, kPurchased));
  CHECK_REJECTED(leak);

  Scene sealed;
  sealed.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  sealed.Ask(1, {3, 4}, 0, Verb::kConfirm, 2, 1, {.code = Code::kUnknownReservation});
  CHECK_ACCEPTED(sealed);
}

TEST_CASE("a reserve takes no effect after a close that had returned") {
  Scene late;
  late.Act(0, {1, 2}, 0, Verb::kClose, Code::kDone);
  late.Reserve(1, {3, 4}, 0, 1, 1, Code::kDone);
  CHECK_REJECTED(late);

  // A refusal that tells of the close, then a reserve that does not know of it.
  Scene slipped;
  slipped.Act(0, {1, 9}, 0, Verb::kClose, Code::kDone);
  slipped.Reserve(1, {2, 3}, 0, 1, 1, Code::kSaleEnded);
  slipped.Reserve(1, {4, 5}, 0, 1, 1, Code::kDone);
  CHECK_REJECTED(slipped);

  Scene racing;
  racing.Act(0, {1, 9}, 0, Verb::kClose, Code::kDone);
  racing.Reserve(1, {2, 3}, 0, 1, 1, Code::kDone);
  racing.Reserve(1, {4, 5}, 0, 2, 2, Code::kSaleEnded);
  CHECK_ACCEPTED(racing);
}

TEST_CASE("with cut, a hold lapses with the close") {
  const auto scene_with = [](EndPolicy policy, Outcome confirm) {
    Scene scene;
    scene.terms().end_policy = policy;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    scene.Act(1, {3, 4}, 10, Verb::kClose, Code::kDone);
    scene.Ask(0, {5, 6}, 10, Verb::kConfirm, 1, 1, confirm);
    return scene;
  };
  CHECK_ACCEPTED(scene_with(EndPolicy::kCut, Scene::About(Code::kExpired, kExpired)));
  CHECK_REJECTED(scene_with(EndPolicy::kCut, Scene::About(Code::kDone, kPurchased)));
  CHECK_ACCEPTED(scene_with(EndPolicy::kGrace, Scene::About(Code::kDone, kPurchased)));
}

TEST_CASE("a cancel before its reserve leaves a tombstone, a delayed reserve takes nothing") {
  const auto scene_with = [](Outcome reserve) {
    Scene scene;
    scene.Ask(0, {1, 2}, 0, Verb::kCancel, 1, 1, Scene::About(Code::kDone, kCancelled, 0));
    scene.Ask(1, {3, 4}, 0, Verb::kReserve, 1, 1, reserve);
    return scene;
  };
  CHECK_ACCEPTED(scene_with(Scene::About(Code::kCancelled, kCancelled, 0)));
  CHECK_REJECTED(scene_with(Scene::Held(0)));
}

TEST_CASE("a revived confirm takes stock anew, and only where there is some") {
  const auto scene_with = [](Code reserve, Outcome confirm) {
    Scene scene;
    scene.terms().late_confirm = LateConfirm::kRevive;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    scene.Reserve(1, {3, 8}, 1'500, 2, 2, reserve);
    scene.Ask(0, {4, 7}, 1'500, Verb::kConfirm, 1, 1, confirm);
    return scene;
  };
  const Outcome revived = Scene::About(Code::kRevived, kPurchased);
  const Outcome expired = Scene::About(Code::kExpired, kExpired);
  CHECK_ACCEPTED(scene_with(Code::kDone, expired));
  CHECK_ACCEPTED(scene_with(Code::kSoldOut, revived));
  CHECK_REJECTED(scene_with(Code::kDone, revived));
  CHECK_REJECTED(scene_with(Code::kSoldOut, expired));
}

TEST_CASE("a voided purchase is sold again, a purchase that stands is not") {
  Scene scene;
  scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  scene.Ask(0, {3, 4}, 0, Verb::kConfirm, 1, 1, Scene::About(Code::kDone, kPurchased));
  scene.Reserve(1, {5, 6}, 5'000, 2, 2, Code::kSoldOut);
  scene.Ask(0, {7, 8}, 0, Verb::kVoid, 1, 1, Scene::About(Code::kDone, kCancelled));
  scene.Reserve(1, {9, 10}, 5'000, 2, 2, Code::kDone);
  CHECK_ACCEPTED(scene);
  scene.Reserve(0, {11, 12}, 5'000, 3, 3, Code::kDone);
  CHECK_REJECTED(scene);
}

TEST_CASE("a refused admission spends nothing, a used-up one grants nothing") {
  const auto scene_with = [](Code second) {
    Scene scene;
    scene.terms().requires_admission = true;
    scene.terms().limit_per_user = 5;
    scene.terms().lines[0].units = 2;
    for (const std::uint64_t id : {1U, 2U}) {
      Command& command =
          scene.Reserve(0, {id * 2, id * 2 + 1}, 0, 1, id, id == 1 ? Code::kDone : second).command;
      command.admission_number = 3;
      command.admission_grant = 1;
    }
    return scene;
  };
  CHECK_ACCEPTED(scene_with(Code::kNotAdmitted));
  CHECK_REJECTED(scene_with(Code::kDone));
}

TEST_CASE("reads see one state: stock, tally and record") {
  const auto scene_with = [](Units reserved, Units held, bool found) {
    Scene scene;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    Call& stock = scene.Add(1, {3, 4}, 0);
    stock.kind = CallKind::kReadStock;
    stock.stock = {.limit = 1, .released = 1, .reserved = reserved};
    Call& tally = scene.Add(1, {5, 6}, 0);
    tally.kind = CallKind::kReadTally;
    tally.tally_key = TallyKey::Of(UserId::FromInteger(1));
    tally.tally.held = held;
    Call& find = scene.Ask(1, {7, 8}, 0, Verb::kReserve, 1, 1, {});
    find.kind = CallKind::kFind;
    if (found) {
      find.found = Reservation{.user = UserId::FromInteger(1),
                               .id = ReservationId::FromInteger(1),
                               .state = kActive,
                               .asked = 1,
                               .units = 1,
                               .reserved_at = At(1'000'000),
                               .deadline = At(1'001'000)};
    }
    return scene;
  };
  CHECK_ACCEPTED(scene_with(1, 1, true));
  CHECK_REJECTED(scene_with(0, 1, true));
  CHECK_REJECTED(scene_with(1, 0, true));
  CHECK_REJECTED(scene_with(1, 1, false));
}

TEST_CASE("a call whose reply was lost took effect once or never") {
  const auto scene_with = [](Code other) {
    Scene scene;
    scene.Reserve(0, {1, Call::kNeverReturned}, 0, 1, 1, Code::kDone);
    scene.Reserve(1, {2, 3}, 0, 2, 2, other);
    return scene;
  };
  CHECK_ACCEPTED(scene_with(Code::kSoldOut));
  CHECK_ACCEPTED(scene_with(Code::kDone));

  Scene once_only = scene_with(Code::kSoldOut);
  once_only.Ask(1, {4, 5}, 0, Verb::kConfirm, 1, 1, {.code = Code::kUnknownReservation});
  CHECK_REJECTED(once_only);
}

TEST_CASE("the state that an answer carries is checked too") {
  Scene wrong_deadline;
  Call& call = wrong_deadline.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
  call.outcome.when_us += 1;
  CHECK_REJECTED(wrong_deadline);
}

TEST_CASE("a settled sale has no live hold") {
  const auto scene_with = [](std::int64_t now_us, Code settle) {
    Scene scene;
    scene.Reserve(0, {1, 2}, 0, 1, 1, Code::kDone);
    scene.Act(0, {3, 4}, 1, Verb::kClose, Code::kDone);
    scene.Act(0, {5, 6}, now_us, Verb::kSettle, settle);
    return scene;
  };
  CHECK_ACCEPTED(scene_with(999, Code::kHoldsRemain));
  CHECK_REJECTED(scene_with(999, Code::kDone));
  CHECK_ACCEPTED(scene_with(1'000, Code::kDone));
  CHECK_REJECTED(scene_with(1'000, Code::kHoldsRemain));
}

TEST_CASE("a history too large for its bound is undecided, never accepted") {
  Scene scene;
  scene.terms().lines[0].units = 3;
  History history;
  for (std::uint32_t thread = 0; thread < 8; ++thread) {
    Call& call = history.emplace_back();
    call.thread = thread;
    call.invoked = 1;
    call.returned = 2;
    call.now = At(1'000'000);
    call.command.user = UserId::FromInteger(thread);
    call.command.id = ReservationId::FromInteger(thread);
    call.command.units = 1;
    call.outcome.code = Code::kUserLimit;
  }
  const LinearizabilityReport report =
      CheckLinearizable(scene.terms(), history, {.max_configurations = 0});
  CHECK(report.verdict == LinearizabilityReport::Verdict::kUndecided);
}

}  // namespace
}  // namespace flashsale
