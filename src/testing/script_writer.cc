#include <fmt/format.h>

#include <span>
#include <string>

#include "flashsale/testing/reference_model.h"
#include "testing/scenario.h"
#include "testing/script_case.h"
#include "testing/script_words.h"

namespace flashsale::inline v0 {
namespace {

std::string TimeText(Time t) {
  if (!IsValid(t)) return fmt::format("raw {}", t.time_since_epoch().count());
  const Duration offset = t - kScriptOrigin;
  // A leading sign would mean "relative to now".
  return offset < Duration{0} ? "0us" + FormatDuration(offset) : FormatDuration(offset);
}

std::string HeaderOf(const Scenario& scenario) {
  const SaleTerms& t = scenario.terms;
  std::string text = fmt::format("sale start {} end {} limit {}", TimeText(t.start),
                                 TimeText(t.end), t.limit_per_user);
  if (t.limit_ceiling.has_value()) text += fmt::format(" ceiling {}", *t.limit_ceiling);
  if (t.max_units_per_order.has_value())
    text += fmt::format(" per-order {}", *t.max_units_per_order);
  text += fmt::format(" open-holds {} hold {}", t.max_open_holds, FormatDuration(t.hold));
  if (t.longest_hold.has_value())
    text += fmt::format(" longest {}", FormatDuration(*t.longest_hold));
  text += t.end_policy == EndPolicy::kCut ? " policy cut" : " policy grace";
  text += t.late_confirm == LateConfirm::kRevive ? " late revive" : " late refuse";
  text += t.requires_admission ? " admission required" : " admission free";
  text += fmt::format(" strays {}\n", t.max_stray_tombstones);
  for (const SaleLine& line : t.lines) {
    text += fmt::format("line {} {}", line.product.view(), line.units);
    if (line.released_at_first.has_value())
      text += fmt::format(" released {}", *line.released_at_first);
    text += '\n';
  }
  for (const Wave& wave : t.waves) {
    text += fmt::format("wave {} {} {}\n", TimeText(wave.at), wave.line, wave.released);
  }
  for (const KeyLimit& key : t.key_limits) text += fmt::format("key {} {}\n", key.name, key.limit);
  if (scenario.needs.max_records_per_sale.has_value()) {
    text += fmt::format("store records {}\n", *scenario.needs.max_records_per_sale);
  }
  return text;
}

std::string CommandText(const Command& c, const ScenarioNames& names) {
  const bool named = Name(c.verb) != "?";
  const Verb verb = named ? c.verb : Verb::kReserve;
  const bool about_sale = IsOperatorAct(verb);
  std::string text(Name(verb));
  if (!about_sale) text += fmt::format(" {} {}", names.Of(c.user), names.Of(c.id));
  const bool takes_line = verb == Verb::kReserve || verb == Verb::kRelease;
  if (takes_line) text += fmt::format(" line:{} {}", c.line, c.units);
  if (about_sale && !c.user.is_nil()) text += " user " + names.Of(c.user);
  if (about_sale && !c.id.is_nil()) text += " id " + names.Of(c.id);
  if (!takes_line && c.line != 0) text += fmt::format(" line line:{}", c.line);
  if (!takes_line && c.units != 0) text += fmt::format(" units {}", c.units);
  if (c.user_limit != 0) text += fmt::format(" limit {}", c.user_limit);
  if (c.quote != 0) text += fmt::format(" quote {}", c.quote);
  if (c.admission_number != 0 || c.admission_grant != 0) {
    text += fmt::format(" admission {}/{}", c.admission_number, c.admission_grant);
  }
  if (c.hold != Duration{0}) text += " hold " + FormatDuration(c.hold);
  for (std::size_t i = 0; i < c.keys.size(); ++i) {
    if (!c.keys[i].is_nil()) text += fmt::format(" key:{} {}", i, names.Of(c.keys[i]));
  }
  if (c.flags != 0) text += fmt::format(" flags {}", c.flags);
  if (!named) text += fmt::format(" verb {}", static_cast<unsigned>(c.verb));
  return text;
}

std::string AnswerText(const Outcome& outcome) {
  std::string text(Name(outcome.code));
  if (outcome.state != ReservationState::kNone) {
    text += fmt::format(" {} {}", Name(outcome.state), outcome.units);
  }
  if (outcome.when_us != 0) text += " until " + TimeText(Time(Duration(outcome.when_us)));
  if (outcome.field != Field::kNone) text.append(" ").append(Name(outcome.field));
  return text;
}

}  // namespace

std::string WriteScript(const Scenario& scenario, const ScenarioNames& names) {
  const std::unique_ptr<Storage> reference = NewReferenceStorage(
      {.max_records_per_sale = scenario.needs.max_records_per_sale.value_or(~std::uint64_t{0})});
  InventoryRepository& inventory = reference->inventory();
  const SaleRef sale(scenario.terms.id);
  std::string text = HeaderOf(scenario) + "case \"shrunk\"\n";
  if (!inventory.Create(scenario.terms).ok()) return text;

  LapseGuard lapses;
  Time shown = kScriptOrigin;
  const auto show_time = [&text, &shown](Time now) {
    if (now != shown) text += fmt::format("at {}\n", TimeText(now));
    shown = now;
  };
  const Move* previous = nullptr;
  for (const Move& move : scenario.moves) {
    if (lapses.IsDueBefore(move)) {
      show_time(lapses.due_at(move));
      text += "expire\n";
      (void)inventory.ExpireDue(sale, shown, scenario.moves.size());
      lapses.OnExpired();
      previous = nullptr;
    }
    lapses.OnMove(move);
    const bool after_command = previous != nullptr && previous->kind == Move::Kind::kCommand;
    if (move.kind == Move::Kind::kCommand && after_command && previous->now == move.now &&
        !move.joins) {
      text += "---\n";
    }
    previous = &move;
    if (move.kind == Move::Kind::kExpire) {
      show_time(move.now);
      text += fmt::format("expire {}\n", move.max_holds);
      (void)inventory.ExpireDue(sale, move.now, move.max_holds);
      continue;
    }
    show_time(move.now);
    if (move.kind == Move::Kind::kForget) {
      const Result<Outcome> outcome = inventory.Forget(sale, move.now);
      text += fmt::format("forget -> {}\n", AnswerText(outcome.value()));
      continue;
    }
    Outcome outcome;
    (void)inventory.Apply(sale, move.now, std::span(&move.command, 1), std::span(&outcome, 1));
    text += fmt::format("{} -> {}\n", CommandText(move.command, names), AnswerText(outcome));
  }
  return text;
}

}  // namespace flashsale::inline v0
