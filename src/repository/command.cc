#include "flashsale/repository/command.h"

namespace flashsale::inline v0 {
namespace {

struct Shape {
  bool names_reservation;
  bool names_line;
  Units fewest_units;
  Units most_units;
};

constexpr Shape kConfirmShape = {true, false, 0, kMaxUnits};
constexpr Shape kByIdShape = {true, false, 0, 0};
constexpr Shape kReleaseShape = {false, true, 1, kMaxUnits};
constexpr Shape kActShape = {false, false, 0, 0};

// What a verb other than kReserve needs.  Nothing for a number that is no verb.
const Shape* ShapeOf(Verb verb) {
  switch (verb) {
    case Verb::kReserve:
      break;
    case Verb::kConfirm:
      return &kConfirmShape;
    case Verb::kCancel:
    case Verb::kExtend:
    case Verb::kVoid:
      return &kByIdShape;
    case Verb::kRelease:
      return &kReleaseShape;
    case Verb::kStart:
    case Verb::kPause:
    case Verb::kResume:
    case Verb::kClose:
    case Verb::kCancelSale:
    case Verb::kSettle:
      return &kActShape;
  }
  return nullptr;
}

Field FindReserveError(const Command& command) {
  if (command.flags != 0) return Field::kFlags;
  if (command.user.is_nil()) return Field::kUser;
  if (command.id.is_nil()) return Field::kReservation;
  if (command.units < 1 || command.units > kMaxUnits) return Field::kUnits;
  if (command.user_limit > kMaxUnits) return Field::kUserLimit;
  const bool admitted = command.admission_number != 0;
  if (command.admission_number > kMaxExactInteger || admitted != (command.admission_grant != 0)) {
    return Field::kAdmission;
  }
  if (command.hold < Duration(0) || command.hold > kMaxHold) return Field::kHold;
  return Field::kNone;
}

}  // namespace

Field FindShapeError(const Command& command) {
  // Most commands are reserves, and most reserves are sent to be refused: they are looked at first.
  if (command.verb == Verb::kReserve) return FindReserveError(command);
  const Shape* shape = ShapeOf(command.verb);
  if (shape == nullptr) return Field::kVerb;
  if (command.flags != 0 || command.quote != 0) return Field::kFlags;
  if (command.user.is_nil() == shape->names_reservation) return Field::kUser;
  if (command.id.is_nil() == shape->names_reservation) return Field::kReservation;
  if (!shape->names_line && command.line != 0) return Field::kLine;
  if (command.units < shape->fewest_units || command.units > shape->most_units) {
    return Field::kUnits;
  }
  if (command.user_limit != 0) return Field::kUserLimit;
  if (command.keys != LimitKeys{}) return Field::kLimitKeys;
  if (command.admission_number != 0 || command.admission_grant != 0) return Field::kAdmission;
  if (command.hold != Duration(0)) return Field::kHold;
  return Field::kNone;
}

}  // namespace flashsale::inline v0
