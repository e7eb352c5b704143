#include "flashsale/domain/verb.h"

#include <array>

namespace flashsale::inline v0 {
namespace {

constexpr std::array kVerbs = {Verb::kReserve, Verb::kConfirm, Verb::kCancel,  Verb::kExtend,
                               Verb::kVoid,    Verb::kStart,   Verb::kPause,   Verb::kResume,
                               Verb::kRelease, Verb::kClose,   Verb::kCancelSale, Verb::kSettle};

}  // namespace

std::string_view Name(Verb verb) {
  switch (verb) {
    case Verb::kReserve: return "reserve";
    case Verb::kConfirm: return "confirm";
    case Verb::kCancel: return "cancel";
    case Verb::kExtend: return "extend";
    case Verb::kVoid: return "void";
    case Verb::kStart: return "start";
    case Verb::kPause: return "pause";
    case Verb::kResume: return "resume";
    case Verb::kRelease: return "release";
    case Verb::kClose: return "close";
    case Verb::kCancelSale: return "cancel-sale";
    case Verb::kSettle: return "settle";
  }
  return "?";
}

std::optional<Verb> ParseVerb(std::string_view name) {
  for (const Verb verb : kVerbs) {
    if (Name(verb) == name) return verb;
  }
  return std::nullopt;
}

}  // namespace flashsale::inline v0
