#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "flashsale/domain/verb.h"
#include "flashsale/repository/inventory_repository.h"
#include "testing/sale_audit.h"
#include "testing/script_case.h"

namespace flashsale::inline v0 {
namespace {

std::string UntilText(Time deadline) {
  return " until " + std::to_string(deadline.time_since_epoch().count());
}

std::string ToText(const ExpectedOutcome& expected) {
  std::string text(Name(expected.code));
  if (expected.state.has_value()) text.append(" ").append(Name(*expected.state));
  if (expected.units.has_value()) text += " " + std::to_string(*expected.units);
  if (expected.deadline.has_value()) text += UntilText(*expected.deadline);
  if (expected.field != Field::kNone) text.append(" ").append(Name(expected.field));
  return text;
}

std::string ToText(const Outcome& outcome) {
  std::string text(Name(outcome.code));
  if (outcome.state != ReservationState::kNone || outcome.units != 0) {
    text.append(" ").append(Name(outcome.state)).append(" ") += std::to_string(outcome.units);
  }
  if (outcome.when_us != 0) text += UntilText(Time(Duration(outcome.when_us)));
  if (outcome.field != Field::kNone) text.append(" ").append(Name(outcome.field));
  return text;
}

// Codes whose answer carries nothing else: all but those about a reservation that this user has.
bool IsBare(Code code) {
  return code == Code::kUnknownReservation ||
         (code >= Code::kSaleCancelled && code != Code::kInvalid);
}

bool Meets(const Outcome& outcome, const ExpectedOutcome& expected) {
  if (outcome.code != expected.code || outcome.field != expected.field) return false;
  if (IsBare(outcome.code)) return outcome == Outcome{.code = outcome.code};
  if (expected.state.has_value() && outcome.state != *expected.state) return false;
  if (expected.units.has_value() && outcome.units != *expected.units) return false;
  if (expected.deadline.has_value() &&
      outcome.when_us != expected.deadline->time_since_epoch().count()) {
    return false;
  }
  // Only what is held has a deadline.
  return outcome.state == ReservationState::kActive || outcome.when_us == 0;
}

std::string ToText(const Event& event, bool with_edges) {
  std::string text(Name(event.type));
  if (!with_edges) return text;
  text += '+';
  std::string_view separator;
  for (unsigned bit = 0; bit < 16; ++bit) {
    const auto edge = static_cast<Edge>(1U << bit);
    if (!event.edges.Has(edge)) continue;
    text.append(separator).append(Name(edge));
    separator = "+";
  }
  return text;
}

Figures FiguresOf(const Stock& stock) {
  return {{"limit", stock.limit},
          {"released", stock.released},
          {"available", stock.available()},
          {"reserved", stock.reserved},
          {"sold", stock.sold}};
}

Figures FiguresOf(const Tally& tally) {
  return {{"limit", tally.limit},        {"held", tally.held},       {"bought", tally.bought},
          {"open", tally.open_holds},    {"records", tally.records}, {"admission", tally.admission},
          {"used", tally.admission_used}};
}

Figures FiguresOf(const Reservation& record) {
  return {{"units", record.units},
          {"asked", record.asked},
          {"until", static_cast<std::uint64_t>(record.deadline.time_since_epoch().count())},
          {"quote", record.quote},
          {"admission", record.admission}};
}

// What the same command is answered when it is sent again at once.
Outcome AnsweredAgain(Outcome first) {
  if (first.code == Code::kDone || first.code == Code::kRevived) first.code = Code::kAlreadyDone;
  return first;
}

// Runs one case.  Everything returns what went wrong, empty if nothing did.
class CaseRunner {
 public:
  CaseRunner(const ScriptCase& script, InventoryRepository& repository, ScriptMode mode)
      : script_(script), repository_(repository), mode_(mode) {}

  std::string Run() {
    const Result<Outcome> created = repository_.Create(script_.terms);
    if (!created.ok()) return At(script_.line_number, created.status().ToString());
    audit_.emplace(repository_, script_.terms);
    for (const ScriptStep& step : script_.steps) {
      std::string error = RunStep(step);
      if (!error.empty()) return error;
    }
    std::string error = Flush();
    if (!error.empty() || !audit_.has_value()) return error;
    error = audit_->CheckAll(LastLawfulTime());
    return error.empty() ? error : At(script_.steps.back().line_number, error);
  }

 private:
  static std::string At(std::size_t line_number, const std::string& message) {
    return std::to_string(line_number) + ": " + message;
  }
  static std::string At(const ScriptStep& step, const std::string& message) {
    return At(step.line_number, step.text + ": " + message);
  }
  static std::string Mismatch(const ScriptStep& step, const std::string& expected,
                              const std::string& actual) {
    return At(step, "expected " + expected + ", got " + actual);
  }

  Time LastLawfulTime() const {
    Time last = kScriptOrigin;
    for (const ScriptStep& step : script_.steps) {
      if (IsValid(step.now)) last = step.now;
    }
    return last;
  }

  SaleRef SaleOf(const ScriptStep& step) const { return step.sale.value_or(script_.terms.id); }

  std::string RunStep(const ScriptStep& step) {
    if (step.kind == ScriptStep::Kind::kCommand) return RunCommand(step);
    std::string error = Flush();
    if (!error.empty()) return error;
    switch (step.kind) {
      case ScriptStep::Kind::kCommand:
      case ScriptStep::Kind::kCut:
        return {};
      case ScriptStep::Kind::kForget:
        return Forget(step);
      case ScriptStep::Kind::kCreate:
        return Create(step);
      case ScriptStep::Kind::kExpire:
        return Expire(step);
      case ScriptStep::Kind::kExpectStock:
      case ScriptStep::Kind::kExpectSale:
        return LookAtStock(step);
      case ScriptStep::Kind::kExpectTally:
        return LookAtTally(step);
      case ScriptStep::Kind::kExpectHold:
        return LookAtHold(step);
      case ScriptStep::Kind::kEvents:
        return LookAtEvents(step);
    }
    return {};
  }

  std::string RunCommand(const ScriptStep& step) {
    const bool joins = !batch_.empty() && mode_ == ScriptMode::kBatched &&
                       batch_.front()->now == step.now && batch_.front()->sale == step.sale;
    std::string error = joins ? std::string() : Flush();
    batch_.push_back(&step);
    return error;
  }

  std::string Flush() {
    const std::vector<const ScriptStep*> batch = std::exchange(batch_, {});
    if (batch.empty()) return {};
    std::vector<Command> commands(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) commands[i] = batch[i]->command;
    std::vector<Outcome> outcomes(commands.size());
    const ScriptStep& first = *batch.front();
    const Status status = repository_.Apply(SaleOf(first), first.now, commands, outcomes);
    if (!status.ok()) return At(first, status.ToString());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const ScriptStep& step = *batch[i];
      if (!Meets(outcomes[i], step.expected)) {
        return Mismatch(step, ToText(step.expected), ToText(outcomes[i]));
      }
    }
    return mode_ == ScriptMode::kTwice ? SendAgain(first, outcomes.front()) : std::string();
  }

  std::string SendAgain(const ScriptStep& step, const Outcome& first) {
    Outcome second;
    const Status status =
        repository_.Apply(SaleOf(step), step.now, {&step.command, 1}, {&second, 1});
    if (!status.ok()) return At(step, "sent again: " + status.ToString());
    const Outcome due = AnsweredAgain(first);
    if (second == due) return {};
    return At(step, "sent again: expected " + ToText(due) + ", got " + ToText(second));
  }

  std::string Forget(const ScriptStep& step) {
    const Result<Outcome> outcome = repository_.Forget(SaleOf(step), step.now);
    if (!outcome.ok()) return At(step, outcome.status().ToString());
    if (!Meets(*outcome, step.expected)) {
      return Mismatch(step, ToText(step.expected), ToText(*outcome));
    }
    if (outcome->code == Code::kDone) audit_.reset();
    return {};
  }

  std::string Create(const ScriptStep& step) {
    const Result<Outcome> outcome = repository_.Create(script_.terms);
    if (!outcome.ok()) return At(step, outcome.status().ToString());
    if (!Meets(*outcome, step.expected)) {
      return Mismatch(step, ToText(step.expected), ToText(*outcome));
    }
    if (outcome->code != Code::kDone) return {};
    cursor_ = 0;
    audit_.emplace(repository_, script_.terms);
    return {};
  }

  std::string Expire(const ScriptStep& step) {
    const Result<ExpireReport> report =
        repository_.ExpireDue(script_.terms.id, step.now, step.max_holds);
    if (!report.ok()) return At(step, report.status().ToString());
    if (step.expired.has_value() && report->expired != *step.expired) {
      return Mismatch(step, std::to_string(*step.expired), std::to_string(report->expired));
    }
    return {};
  }

  static std::string Compare(const ScriptStep& step, const Figures& actual) {
    for (const auto& [name, expected] : step.figures) {
      const auto figure = actual.find(name);
      if (figure == actual.end()) return At(step, "no figure \"" + name + "\"");
      if (figure->second != expected) {
        return Mismatch(step, name + " " + std::to_string(expected),
                        name + " " + std::to_string(figure->second));
      }
    }
    return {};
  }

  std::string LookAtStock(const ScriptStep& step) {
    const Result<SaleStock> stock = repository_.ReadStock(script_.terms.id, step.now);
    if (!stock.ok()) return At(step, stock.status().ToString());
    if (step.kind == ScriptStep::Kind::kExpectStock) {
      return Compare(step, FiguresOf(stock->lines[step.command.line]));
    }
    if (Name(stock->phase) != step.phase || Name(stock->state) != step.sale_state) {
      return Mismatch(step, step.phase + " " + step.sale_state,
                      std::string(Name(stock->phase)) + " " + std::string(Name(stock->state)));
    }
    return Compare(step, {{"final", stock->sold_out_for_good ? 1 : 0}});
  }

  std::string LookAtTally(const ScriptStep& step) {
    const Result<Tally> tally = repository_.ReadTally(script_.terms.id, step.tally_key);
    if (!tally.ok()) return At(step, tally.status().ToString());
    return Compare(step, FiguresOf(*tally));
  }

  std::string LookAtHold(const ScriptStep& step) {
    const Result<std::optional<Reservation>> found =
        repository_.Find(script_.terms.id, step.command.user, step.command.id);
    if (!found.ok()) return At(step, found.status().ToString());
    const std::optional<Reservation>& record = *found;
    const ReservationState actual = record.has_value() ? record->state : ReservationState::kNone;
    const ReservationState expected = step.hold_state.value_or(ReservationState::kNone);
    if (actual != expected) {
      return Mismatch(step, std::string(Name(expected)), std::string(Name(actual)));
    }
    return record.has_value() ? Compare(step, FiguresOf(*record)) : std::string();
  }

  std::string LookAtEvents(const ScriptStep& step) {
    std::vector<Event> events;
    std::array<Event, 64> page;
    while (true) {
      const Result<EventPage> read = repository_.ReadEvents(script_.terms.id, cursor_, page);
      if (!read.ok()) return At(step, read.status().ToString());
      if (read->count == 0) break;
      cursor_ = read->cursor;
      events.insert(events.end(), page.begin(),
                    page.begin() + static_cast<std::ptrdiff_t>(read->count));
    }
    std::string expected_text;
    std::string actual_text;
    bool equal = events.size() == step.events.size();
    for (const ExpectedEvent& event : step.events) {
      const Event shown{.type = event.type, .edges = event.edges.value_or(Edges())};
      expected_text += ToText(shown, event.edges.has_value()) + " ";
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      const ExpectedEvent* event = i < step.events.size() ? &step.events[i] : nullptr;
      const bool with_edges = event == nullptr || event->edges.has_value();
      actual_text += ToText(events[i], with_edges) + " ";
      equal = equal && events[i].type == event->type &&
              (!event->edges.has_value() || events[i].edges == *event->edges);
    }
    return equal ? std::string() : Mismatch(step, expected_text, actual_text);
  }

  const ScriptCase& script_;
  InventoryRepository& repository_;
  const ScriptMode mode_;
  std::vector<const ScriptStep*> batch_;
  std::uint64_t cursor_ = 0;
  std::optional<SaleAudit> audit_;  // none while the sale is forgotten
};

}  // namespace

std::vector<CheckResult> RunScript(const ScriptSource& script, const StorageFactory& open,
                                   ScriptMode mode) {
  Result<std::vector<ScriptCase>> cases = ParseScript(script);
  if (!cases.ok()) {
    return {
        {.name = "script/" + script.name, .passed = false, .message = cases.status().message()}};
  }
  std::vector<CheckResult> results;
  for (std::size_t i = 0; i < cases->size(); ++i) {
    ScriptCase& script_case = (*cases)[i];
    script_case.terms.id = "case-" + std::to_string(i + 1);
    CheckResult result{.name = "script/" + script.name + "/" + script_case.name};
    const Result<std::unique_ptr<Storage>> storage = open(script_case.needs);
    if (storage.ok()) {
      result.message = CaseRunner(script_case, storage.value()->inventory(), mode).Run();
      if (!result.message.empty()) result.message.insert(0, script.name + ":");
    } else {
      result.message = storage.status().ToString();
    }
    result.passed = result.message.empty();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace flashsale::inline v0
