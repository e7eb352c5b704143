#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "flashsale/domain/verb.h"
#include "testing/script_case.h"
#include "testing/script_words.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::array kStates = {ReservationState::kActive, ReservationState::kPurchased,
                                ReservationState::kCancelled, ReservationState::kExpired};
constexpr auto kFields =
    std::to_array({Field::kSale, Field::kVerb, Field::kUser, Field::kReservation, Field::kLine,
                   Field::kUnits, Field::kUserLimit, Field::kLimitKeys, Field::kAdmission,
                   Field::kFlags, Field::kTime, Field::kHold});
constexpr auto kEventTypes = std::to_array(
    {EventType::kReserved, EventType::kConfirmed, EventType::kRevived, EventType::kCancelled,
     EventType::kTombstoned, EventType::kExtended, EventType::kExpired, EventType::kVoided,
     EventType::kStartedEarly, EventType::kPaused, EventType::kResumed, EventType::kReleased,
     EventType::kClosed, EventType::kSaleCancelled, EventType::kSettled, EventType::kClock});
constexpr auto kEdges =
    std::to_array({Edge::kSaleStarted, Edge::kSaleEnded, Edge::kSoldOut, Edge::kRestocked,
                   Edge::kSoldOutForGood, Edge::kLineSoldOut, Edge::kLineRestocked});

// The value whose Name() is `word`.
template <typename Values>
std::optional<typename Values::value_type> ByName(const Values& values, std::string_view word) {
  for (const auto value : values) {
    if (Name(value) == word) return value;
  }
  return std::nullopt;
}

template <typename Id>
Id IdOf(std::string_view word) {
  return word == "-" ? Id{} : Id::FromText(word);
}

// What a header says, over the one it inherits from.
struct Header {
  SaleTerms terms;
  StorageNeeds needs;
  bool own_lines = false;
  bool own_keys = false;
};

void ParseSale(ScriptWords& words, SaleTerms& terms) {
  while (!words.empty()) {
    const std::string option = words.Take("an option");
    if (option == "start") {
      terms.start = words.TakeTime(kScriptOrigin);
    } else if (option == "end") {
      terms.end = words.TakeTime(kScriptOrigin);
    } else if (option == "limit") {
      terms.limit_per_user = words.Take<Units>("a limit");
    } else if (option == "ceiling") {
      terms.limit_ceiling = words.Take<Units>("a limit");
    } else if (option == "per-order") {
      terms.max_units_per_order = words.Take<Units>("units");
    } else if (option == "open-holds") {
      terms.max_open_holds = words.Take<std::uint32_t>("a count");
    } else if (option == "hold") {
      terms.hold = words.TakeDuration();
    } else if (option == "longest") {
      terms.longest_hold = words.TakeDuration();
    } else if (option == "policy") {
      terms.end_policy = words.TakeIf("cut") ? EndPolicy::kCut : EndPolicy::kGrace;
      if (terms.end_policy == EndPolicy::kGrace && !words.TakeIf("grace")) {
        throw ScriptError("policy: expected grace or cut");
      }
    } else if (option == "late") {
      terms.late_confirm = words.TakeIf("revive") ? LateConfirm::kRevive : LateConfirm::kRefuse;
      if (terms.late_confirm == LateConfirm::kRefuse && !words.TakeIf("refuse")) {
        throw ScriptError("late: expected refuse or revive");
      }
    } else if (option == "admission") {
      terms.requires_admission = words.TakeIf("required");
      if (!terms.requires_admission && !words.TakeIf("free")) {
        throw ScriptError("admission: expected required or free");
      }
    } else if (option == "strays") {
      terms.max_stray_tombstones = words.Take<std::uint32_t>("a count");
    } else {
      throw ScriptError("\"" + option + "\": no such option of a sale");
    }
  }
}

// Takes a line of a header; false if it is none.
bool ParseHeaderLine(ScriptWords& words, Header& header) {
  if (words.TakeIf("sale")) {
    ParseSale(words, header.terms);
    return true;
  }
  if (words.TakeIf("line")) {
    if (!std::exchange(header.own_lines, true)) header.terms.lines.clear();
    SaleLine line{.product = words.Take("a product"), .units = words.Take<Units>("units")};
    if (words.TakeIf("released")) line.released_at_first = words.Take<Units>("units");
    header.terms.lines.push_back(line);
    return true;
  }
  if (words.TakeIf("wave")) {
    Wave wave{.at = words.TakeTime(kScriptOrigin)};
    wave.line = words.Take<std::uint16_t>("a line's number");
    wave.released = words.Take<Units>("units");
    header.terms.waves.push_back(wave);
    return true;
  }
  if (words.TakeIf("key")) {
    if (!std::exchange(header.own_keys, true)) header.terms.key_limits.clear();
    std::string name = words.Take("a name");
    const Units limit = words.Take<Units>("a limit");
    header.terms.key_limits.push_back({.name = std::move(name), .limit = limit});
    return true;
  }
  if (words.TakeIf("store")) {
    if (!words.TakeIf("records")) throw ScriptError("store: expected records N");
    header.needs.max_records_per_sale = words.Take<std::uint64_t>("a count");
    return true;
  }
  return false;
}

// Reads the lines of one case after its header.
class StepParser {
 public:
  explicit StepParser(const SaleTerms& terms) : terms_(terms) {}

  // Nothing where the line only moved the time.
  std::optional<ScriptStep> Parse(ScriptWords& words) {
    if (words.TakeIf("at")) {
      now_ = words.TakeTime(now_);
      return std::nullopt;
    }
    ScriptStep step;
    step.now = now_;
    if (words.TakeIf("---")) {
      step.kind = ScriptStep::Kind::kCut;
    } else if (words.TakeIf("expect")) {
      ParseExpect(words, step);
    } else if (words.TakeIf("events")) {
      ParseEvents(words, step);
    } else if (words.TakeIf("expire")) {
      ParseExpire(words, step);
    } else {
      ParseCommand(words, step);
    }
    return step;
  }

 private:
  std::uint16_t LineOf(const std::string& word) const {
    constexpr std::string_view kRaw = "line:";
    if (word.starts_with(kRaw)) {
      const auto number = ParseNumber(std::string_view(word).substr(kRaw.size()));
      if (number.has_value()) return static_cast<std::uint16_t>(*number);
    }
    for (std::size_t i = 0; i < terms_.lines.size(); ++i) {
      if (terms_.lines[i].product.view() == word) return static_cast<std::uint16_t>(i);
    }
    throw ScriptError("\"" + word + "\": no such line");
  }

  // The place of a limit key: its name, or key:I.
  std::optional<std::size_t> KeyIndexOf(std::string_view word) const {
    constexpr std::string_view kRaw = "key:";
    if (word.starts_with(kRaw)) {
      const auto number = ParseNumber(word.substr(kRaw.size()));
      if (number.has_value() && *number < kMaxLimitKeys) return number;
    }
    // Terms may name more keys than there can be, to be refused; a command cannot.
    for (std::size_t i = 0; i < std::min(terms_.key_limits.size(), kMaxLimitKeys); ++i) {
      if (terms_.key_limits[i].name == word) return i;
    }
    return std::nullopt;
  }

  void ParseCommand(ScriptWords& words, ScriptStep& step) {
    const std::string name = words.Take("a command");
    step.kind = ScriptStep::Kind::kCommand;
    Command& command = step.command;
    if (name == "forget") {
      step.kind = ScriptStep::Kind::kForget;
    } else if (name == "create") {
      step.kind = ScriptStep::Kind::kCreate;
    } else if (const std::optional<Verb> verb = ParseVerb(name)) {
      command.verb = *verb;
      ParseArguments(words, command);
    } else {
      throw ScriptError("\"" + name + "\": no such command");
    }
    while (!words.empty() && !words.TakeIf("->")) ParseOption(words, step);
    ParseAnswer(words, step.expected);
  }

  void ParseArguments(ScriptWords& words, Command& command) const {
    if (command.verb == Verb::kRelease) {
      command.line = LineOf(words.Take("a line"));
      command.units = words.Take<Units>("units");
      return;
    }
    if (IsOperatorAct(command.verb)) return;
    command.user = IdOf<UserId>(words.Take("a user"));
    command.id = IdOf<ReservationId>(words.Take("a reservation id"));
    if (command.verb == Verb::kReserve) {
      command.line = LineOf(words.Take("a line"));
      command.units = words.Take<Units>("units");
    } else if (command.verb == Verb::kConfirm && ParseNumber(words.Peek()).has_value()) {
      command.units = words.Take<Units>("units");
    }
  }

  void ParseOption(ScriptWords& words, ScriptStep& step) const {
    const std::string option = words.Take("an option");
    Command& command = step.command;
    if (const std::optional<std::size_t> key = KeyIndexOf(option)) {
      command.keys[*key] = IdOf<LimitKey>(words.Take("a key"));
    } else if (option == "limit") {
      command.user_limit = words.Take<Units>("a limit");
    } else if (option == "hold") {
      command.hold = words.TakeDuration();
    } else if (option == "quote") {
      command.quote = words.Take<std::uint64_t>("a quote");
    } else if (option == "admission") {
      ParseAdmission(words.Take("NUMBER/GRANT"), command);
    } else if (option == "flags") {
      command.flags = words.Take<std::uint8_t>("flags");
    } else if (option == "user") {
      command.user = IdOf<UserId>(words.Take("a user"));
    } else if (option == "id") {
      command.id = IdOf<ReservationId>(words.Take("a reservation id"));
    } else if (option == "line") {
      command.line = LineOf(words.Take("a line"));
    } else if (option == "units") {
      command.units = words.Take<Units>("units");
    } else if (option == "verb") {
      command.verb = static_cast<Verb>(words.Take<std::uint8_t>("a verb"));
    } else if (option == "sale") {
      const std::string sale = words.Take("a sale");
      step.sale = sale == "-" ? SaleId() : SaleId(sale);
    } else {
      throw ScriptError("\"" + option + "\": no such option of a command");
    }
  }

  static void ParseAdmission(const std::string& word, Command& command) {
    const std::size_t slash = word.find('/');
    const auto number = ParseNumber(std::string_view(word).substr(0, slash));
    const auto grant = slash == std::string::npos
                           ? std::nullopt
                           : ParseNumber(std::string_view(word).substr(slash + 1));
    if (!number.has_value() || !grant.has_value() || *grant > 0xffffffff) {
      throw ScriptError("\"" + word + "\": expected NUMBER/GRANT");
    }
    command.admission_number = *number;
    command.admission_grant = static_cast<std::uint32_t>(*grant);
  }

  void ParseAnswer(ScriptWords& words, ExpectedOutcome& expected) const {
    const std::string name = words.Take("-> and an answer");
    const std::optional<Code> code = ParseCode(name);
    if (!code.has_value()) throw ScriptError("\"" + name + "\": no such code");
    expected.code = *code;
    while (!words.empty()) {
      if (words.TakeIf("until")) {
        expected.deadline = words.TakeTime(now_);
      } else if (ParseNumber(words.Peek()).has_value()) {
        expected.units = words.Take<Units>("units");
      } else if (const auto state = ByName(kStates, words.Peek())) {
        expected.state = state;
        words.Take("a state");
      } else if (const auto field = ByName(kFields, words.Peek())) {
        expected.field = *field;
        words.Take("a field");
      } else {
        throw ScriptError("\"" + words.Take("") + "\": no state, units, deadline or field");
      }
    }
    if (expected.code == Code::kInvalid && expected.field == Field::kNone) {
      throw ScriptError("an Invalid names its field");
    }
  }

  static void ParseExpire(ScriptWords& words, ScriptStep& step) {
    step.kind = ScriptStep::Kind::kExpire;
    step.max_holds = 1'000'000;
    if (ParseNumber(words.Peek()).has_value()) {
      step.max_holds = words.Take<std::uint64_t>("a count");
    }
    if (words.TakeIf("->")) step.expired = words.Take<std::uint64_t>("a count");
  }

  static void ParseEvents(ScriptWords& words, ScriptStep& step) {
    step.kind = ScriptStep::Kind::kEvents;
    if (words.TakeIf("none")) return;
    do {
      const std::string word = words.Take("events");
      std::size_t plus = word.find('+');
      const auto type = ByName(kEventTypes, std::string_view(word).substr(0, plus));
      if (!type.has_value()) throw ScriptError("\"" + word + "\": no such event");
      ExpectedEvent event{.type = *type, .edges = std::nullopt};
      if (plus != std::string::npos) event.edges = Edges();
      while (plus != std::string::npos && plus + 1 < word.size()) {
        const std::size_t begin = plus + 1;
        plus = word.find('+', begin);
        const auto edge = ByName(kEdges, std::string_view(word).substr(begin, plus - begin));
        if (!edge.has_value()) throw ScriptError("\"" + word + "\": no such edge");
        event.edges->Add(*edge);
      }
      step.events.push_back(event);
    } while (!words.empty());
  }

  void ParseExpect(ScriptWords& words, ScriptStep& step) const {
    const std::string what = words.Take("stock, tally, key, hold or sale");
    if (what == "stock") {
      step.kind = ScriptStep::Kind::kExpectStock;
      step.command.line = LineOf(words.Take("a line"));
    } else if (what == "tally") {
      step.kind = ScriptStep::Kind::kExpectTally;
      step.tally_key = TallyKey::Of(IdOf<UserId>(words.Take("a user")));
    } else if (what == "key") {
      step.kind = ScriptStep::Kind::kExpectTally;
      const std::optional<std::size_t> index = KeyIndexOf(words.Take("a key's name"));
      if (!index.has_value()) throw ScriptError("no such limit key");
      step.tally_key = TallyKey::Of(*index, IdOf<LimitKey>(words.Take("a key")));
    } else if (what == "hold") {
      step.kind = ScriptStep::Kind::kExpectHold;
      step.command.user = IdOf<UserId>(words.Take("a user"));
      step.command.id = IdOf<ReservationId>(words.Take("a reservation id"));
      if (words.TakeIf("unknown")) return;
      step.hold_state = ByName(kStates, words.Take("a state"));
      if (!step.hold_state.has_value()) throw ScriptError("no such state");
      if (ParseNumber(words.Peek()).has_value()) {
        step.figures["units"] = words.Take<Units>("units");
      }
    } else if (what == "sale") {
      step.kind = ScriptStep::Kind::kExpectSale;
      step.phase = words.Take("a phase");
      step.sale_state = words.Take("a state");
      step.figures["final"] = words.TakeIf("final") ? 1 : 0;
    } else {
      throw ScriptError("\"" + what + "\": expected stock, tally, key, hold or sale");
    }
    ParseFigures(words, step);
  }

  void ParseFigures(ScriptWords& words, ScriptStep& step) const {
    while (!words.empty()) {
      const std::string name = words.Take("a name");
      if (name == "until") {
        const Time deadline = words.TakeTime(now_);
        step.figures[name] = static_cast<std::uint64_t>(deadline.time_since_epoch().count());
      } else {
        step.figures[name] = words.Take<std::uint64_t>("a figure");
      }
    }
  }

  const SaleTerms& terms_;
  Time now_ = kScriptOrigin;
};

// A line with "t[1..3]" stands for three, with t1, t2 and t3; anything else for itself.
std::vector<std::string> ExpandRange(std::string_view line) {
  constexpr std::uint64_t kMost = 1'000;
  const std::size_t open = line.find('[');
  const std::size_t dots = line.find("..", open);
  const std::size_t close = line.find(']', dots);
  if (close == std::string_view::npos) return {std::string(line)};
  const auto first = ParseNumber(line.substr(open + 1, dots - open - 1));
  const auto last = ParseNumber(line.substr(dots + 2, close - dots - 2));
  if (!first.has_value() || !last.has_value() || *first > *last) {
    throw ScriptError("expected [FIRST..LAST]");
  }
  if (*last - *first >= kMost) {
    throw ScriptError("expected [FIRST..LAST] for at most " + std::to_string(kMost) + " lines");
  }
  std::vector<std::string> lines;
  for (std::uint64_t i = 0; i <= *last - *first; ++i) {
    lines.push_back(std::string(line.substr(0, open)) + std::to_string(*first + i) +
                    std::string(line.substr(close + 1)));
  }
  return lines;
}

// Reads a whole script; Parse throws ScriptError and leaves line_number() where it stood.
class ScriptParser {
 public:
  std::size_t line_number() const { return line_number_; }

  std::vector<ScriptCase> Parse(std::string_view text) {
    defaults_.terms.start = kScriptOrigin;
    defaults_.terms.end = kScriptOrigin + std::chrono::hours{1};
    defaults_.terms.lines = {{.product = "shirt", .units = 10}};
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      ++line_number_;
      for (const std::string& line : ExpandRange(text.substr(0, end))) ParseLine(line);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    EndCase();
    if (cases_.empty()) throw ScriptError("a script without a case");
    return std::move(cases_);
  }

 private:
  void ParseLine(std::string_view line) {
    ScriptWords words(line);
    if (words.empty()) return;
    if (words.TakeIf("case")) {
      EndCase();
      header_ = defaults_;
      header_.own_lines = header_.own_keys = false;
      cases_.push_back({.name = words.Take("a name"),
                        .line_number = line_number_,
                        .terms = {},
                        .needs = {},
                        .steps = {}});
      words.ExpectEnd();
      in_header_ = true;
      return;
    }
    if (in_header_ && ParseHeaderLine(words, cases_.empty() ? defaults_ : header_)) {
      words.ExpectEnd();
      return;
    }
    if (cases_.empty()) throw ScriptError("expected a header line or a case");
    EndHeader();
    StepParser& parser = *step_parser_;
    std::optional<ScriptStep> step = parser.Parse(words);
    words.ExpectEnd();
    if (!step.has_value()) return;
    step->line_number = line_number_;
    step->text = line.substr(line.find_first_not_of(" \t"));
    cases_.back().steps.push_back(*std::move(step));
  }

  void EndHeader() {
    if (!std::exchange(in_header_, false)) return;
    terms_ = header_.terms;
    cases_.back().terms = header_.terms;
    cases_.back().needs = header_.needs;
    step_parser_.emplace(terms_);
  }

  void EndCase() {
    if (cases_.empty()) return;
    EndHeader();
    if (cases_.back().steps.empty()) throw ScriptError("a case without a step");
  }

  std::vector<ScriptCase> cases_;
  Header defaults_;
  Header header_;
  SaleTerms terms_;
  std::optional<StepParser> step_parser_;
  bool in_header_ = true;
  std::size_t line_number_ = 0;
};

}  // namespace

Result<std::vector<ScriptCase>> ParseScript(const ScriptSource& script) {
  ScriptParser parser;
  try {
    return parser.Parse(script.text);
  } catch (const ScriptError& error) {
    return Status(StatusCode::kInvalidArgument,
                  script.name + ":" + std::to_string(parser.line_number()) + ": " + error.what());
  }
}

}  // namespace flashsale::inline v0
