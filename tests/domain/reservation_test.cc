#include "flashsale/domain/reservation.h"

#include <doctest/doctest.h>

#include <chrono>

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using enum ReservationState;

constexpr Time kNow{std::chrono::hours{24 * 365 * 50}};

TEST_CASE("a hold lives before its deadline and before the cut, not at either") {
  CHECK(IsLive(kNow + 1us, kMaxTime, kNow));
  CHECK_FALSE(IsLive(kNow, kMaxTime, kNow));
  CHECK(IsLive(kNow + 1h, kNow + 1us, kNow));
  CHECK_FALSE(IsLive(kNow + 1h, kNow, kNow));
}

TEST_CASE("an extension gives a whole hold, but never more than the longest life or the cut") {
  const ExtensionTerms terms{.hold = 5min, .longest_hold = 12min, .cut = kMaxTime};
  const Time deadline = kNow + 5min;
  CHECK(ExtendedDeadline(terms, kNow, deadline, kNow) == deadline);
  CHECK(ExtendedDeadline(terms, kNow, deadline, kNow + 4min) == kNow + 9min);
  CHECK(ExtendedDeadline(terms, kNow, kNow + 9min, kNow + 8min) == kNow + 12min);
  CHECK(ExtendedDeadline(terms, kNow, kNow + 12min, kNow + 11min) == kNow + 12min);
  const ExtensionTerms cut{.hold = 5min, .longest_hold = 12min, .cut = kNow + 7min};
  CHECK(ExtendedDeadline(cut, kNow, deadline, kNow + 4min) == kNow + 7min);
}

TEST_CASE("an extension never shortens, not even with clock or cut behind the deadline") {
  const ExtensionTerms terms{.hold = 5min, .longest_hold = 12min, .cut = kNow + 1min};
  CHECK(ExtendedDeadline(terms, kNow, kNow + 5min, kNow - 24h) == kNow + 5min);
  CHECK(ExtendedDeadline(terms, kNow, kNow + 5min, kNow + 4min) == kNow + 5min);
}

TEST_CASE("an extension stops at the end of time") {
  const ExtensionTerms terms{.hold = 5min, .longest_hold = 12min, .cut = kMaxTime};
  CHECK(ExtendedDeadline(terms, kMaxTime - 1us, kMaxTime, kMaxTime - 1us) == kMaxTime);
}

TEST_CASE("a reserve with a known id") {
  CHECK(JudgeReserveAgain(kActive, false, true) == Code::kAlreadyDone);
  CHECK(JudgeReserveAgain(kExpired, false, true) == Code::kExpired);
  CHECK(JudgeReserveAgain(kPurchased, false, true) == Code::kAlreadyDone);
  CHECK(JudgeReserveAgain(kCancelled, false, true) == Code::kCancelled);
  for (const ReservationState state : {kActive, kExpired, kPurchased, kCancelled}) {
    CHECK(JudgeReserveAgain(state, false, false) == Code::kIdConflict);
  }
  CHECK(JudgeReserveAgain(kCancelled, true, false) == Code::kCancelled);
}

TEST_CASE("a confirm") {
  for (const bool may_revive : {false, true}) {
    CHECK(JudgeConfirm(kActive, false, may_revive, 0, 3) == Code::kDone);
    CHECK(JudgeConfirm(kActive, false, may_revive, 3, 3) == Code::kDone);
    CHECK(JudgeConfirm(kActive, false, may_revive, 1, 3) == Code::kDone);
    CHECK(JudgeConfirm(kActive, false, may_revive, 4, 3) == Code::kInvalid);
    CHECK(JudgeConfirm(kPurchased, false, may_revive, 0, 3) == Code::kAlreadyDone);
    CHECK(JudgeConfirm(kPurchased, false, may_revive, 3, 3) == Code::kAlreadyDone);
    CHECK(JudgeConfirm(kPurchased, false, may_revive, 2, 3) == Code::kIdConflict);
    CHECK(JudgeConfirm(kPurchased, false, may_revive, 4, 3) == Code::kIdConflict);
    CHECK(JudgeConfirm(kCancelled, false, may_revive, 9, 3) == Code::kCancelled);
    CHECK(JudgeConfirm(kCancelled, true, may_revive, 0, 0) == Code::kCancelled);
    CHECK(JudgeConfirm(kNone, false, may_revive, 0, 0) == Code::kUnknownReservation);
  }
  CHECK(JudgeConfirm(kExpired, false, false, 0, 3) == Code::kExpired);
  CHECK(JudgeConfirm(kExpired, false, false, 4, 3) == Code::kExpired);
  CHECK(JudgeConfirm(kExpired, false, true, 0, 3) == Code::kRevived);
  CHECK(JudgeConfirm(kExpired, false, true, 2, 3) == Code::kRevived);
  CHECK(JudgeConfirm(kExpired, false, true, 4, 3) == Code::kInvalid);
}

TEST_CASE("a cancel") {
  CHECK(JudgeCancel(kActive) == Code::kDone);
  CHECK(JudgeCancel(kExpired) == Code::kExpired);
  CHECK(JudgeCancel(kPurchased) == Code::kAlreadyPurchased);
  CHECK(JudgeCancel(kCancelled) == Code::kAlreadyDone);
  CHECK(JudgeCancel(kNone) == Code::kDone);
}

TEST_CASE("an extend") {
  CHECK(JudgeExtend(kActive, true) == Code::kDone);
  CHECK(JudgeExtend(kActive, false) == Code::kAlreadyDone);
  for (const bool moves : {false, true}) {
    CHECK(JudgeExtend(kExpired, moves) == Code::kExpired);
    CHECK(JudgeExtend(kPurchased, moves) == Code::kAlreadyPurchased);
    CHECK(JudgeExtend(kCancelled, moves) == Code::kCancelled);
    CHECK(JudgeExtend(kNone, moves) == Code::kUnknownReservation);
  }
}

TEST_CASE("a void") {
  CHECK(JudgeVoid(kActive) == Code::kNotPurchased);
  CHECK(JudgeVoid(kExpired) == Code::kExpired);
  CHECK(JudgeVoid(kPurchased) == Code::kDone);
  CHECK(JudgeVoid(kCancelled) == Code::kAlreadyDone);
  CHECK(JudgeVoid(kNone) == Code::kUnknownReservation);
}

TEST_CASE("a tombstone is what was never asked for") {
  CHECK(Reservation{.state = kCancelled}.is_tombstone());
  CHECK_FALSE(Reservation{.state = kCancelled, .asked = 1}.is_tombstone());
}

}  // namespace
}  // namespace flashsale
