#include "testing/scenario.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "testing/script_case.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kAllRecords = 10'000;  // more than any scenario makes

template <typename Id>
std::string NameOf(std::string_view letter, const std::vector<Id>& ids, const Id& id) {
  const auto found = std::find(ids.begin(), ids.end(), id);
  if (found == ids.end()) return "-";
  return std::string(letter) + std::to_string(found - ids.begin());
}

// Makes one sale after dice.
class ScenarioMaker {
 public:
  ScenarioMaker(Dice& dice, const ScenarioNames& names) : dice_(dice), names_(names) {}

  Scenario Make(std::uint32_t most_commands) {
    MakeTerms();
    now_ = scenario_.terms.start - seconds{dice_.Roll(15)};
    commands_ = dice_.Between(1, std::min<std::uint32_t>(most_commands, 400));
    while (scenario_.moves.size() < commands_) {
      MoveTime();
      AddBatch(std::min<std::size_t>(BatchSize(), commands_ - scenario_.moves.size()));
    }
    return std::move(scenario_);
  }

 private:
  void MakeTerms() {
    SaleTerms& terms = scenario_.terms;
    // In a heavy world few users make many records, up to the bound; in others stock is scarce.
    const bool heavy = dice_.Chance(15);
    users_ = heavy ? dice_.Between(1, 2) : dice_.Between(2, ScenarioNames::kUsers);
    ids_ = heavy ? ScenarioNames::kReservations : dice_.Between(3, 20);
    const std::uint32_t lines = dice_.Between(1, 3);
    for (std::uint32_t i = 0; i < lines; ++i) {
      SaleLine line{.product = "p" + std::to_string(i),
                    .units = heavy ? dice_.Between(20, 200) : dice_.Between(1, 9)};
      if (dice_.Chance(30)) line.released_at_first = dice_.Between(0, line.units);
      terms.lines.push_back(line);
    }
    terms.start = kScriptOrigin + minutes{2};
    terms.end = terms.start + minutes{dice_.Between(5, 200)};
    terms.limit_per_user = heavy ? dice_.Between(30, 90) : dice_.Between(1, 5);
    if (dice_.Chance(40)) terms.limit_ceiling = terms.limit_per_user + dice_.Between(0, 4);
    if (dice_.Chance(30)) terms.max_units_per_order = dice_.Between(1, 6);
    if (dice_.Chance(10)) {
      const std::uint16_t line = MakeLine();
      terms.waves.push_back({.at = terms.start, .line = line, .released = terms.lines[line].units});
    }
    terms.max_open_holds = heavy ? 32 : dice_.Between(1, 4);
    const std::uint32_t keys = dice_.Chance(50) ? 0 : dice_.Between(1, 3);
    constexpr std::array<std::string_view, 3> kKeyNames = {"device", "payment", "address"};
    for (std::uint32_t i = 0; i < keys; ++i) {
      terms.key_limits.push_back(
          {.name = std::string(kKeyNames[i]), .limit = dice_.Between(1, heavy ? 90 : 6)});
    }
    terms.hold = seconds{dice_.Between(30, 300)};
    if (dice_.Chance(30)) terms.longest_hold = terms.hold + seconds{dice_.Between(0, 300)};
    terms.end_policy = dice_.Chance(40) ? EndPolicy::kCut : EndPolicy::kGrace;
    terms.late_confirm = dice_.Chance(50) ? LateConfirm::kRevive : LateConfirm::kRefuse;
    terms.requires_admission = dice_.Chance(25);
    terms.max_stray_tombstones = dice_.Chance(40) ? dice_.Between(0, 4) : 10'000;
    if (dice_.Chance(12)) scenario_.needs.max_records_per_sale = dice_.Between(1, 20);
  }

  void MoveTime() {
    const SaleTerms& terms = scenario_.terms;
    const std::uint64_t way = dice_.Roll(100);
    if (way < 45) return;
    if (way < 80) {
      now_ += seconds{dice_.Roll(40)};
    } else if (way < 92 && !held_since_.empty()) {
      // Around the deadline of some hold.
      now_ = held_since_[dice_.Roll(held_since_.size())] + terms.hold + Duration{1} -
             Duration{dice_.Roll(3)};
    } else if (way < 94) {
      now_ = (dice_.Chance(80) ? terms.start : terms.end) - Duration{dice_.Roll(2)};
    } else if (way < 97) {
      now_ -= seconds{dice_.Roll(300)};
    } else {
      now_ += minutes{dice_.Roll(10)};
    }
  }

  std::size_t BatchSize() { return dice_.Chance(50) ? 1 : dice_.Between(1, 12); }

  void AddBatch(std::size_t size) {
    if (dice_.Chance(4)) {
      scenario_.moves.push_back({.kind = Move::Kind::kExpire,
                                 .now = now_,
                                 .max_holds = dice_.Chance(50) ? dice_.Roll(4) : kAllRecords});
      return;
    }
    if (dice_.Chance(1)) {
      scenario_.moves.push_back({.kind = Move::Kind::kForget, .now = now_});
      return;
    }
    // Outside of what the library counts in, once in a while.
    const bool lawful = !dice_.Chance(1);
    const Time now = lawful             ? now_
                     : dice_.Chance(50) ? kMinTime - Duration{1}
                                        : kMaxTime + Duration{1};
    for (std::size_t i = 0; i < size; ++i) {
      scenario_.moves.push_back(
          {.kind = Move::Kind::kCommand, .now = now, .joins = i != 0, .command = MakeCommand()});
    }
  }

  Command MakeCommand() {
    Command command{.verb = MakeVerb()};
    if (command.verb == Verb::kReserve) {
      MakeReserve(command);
    } else if (command.verb == Verb::kRelease) {
      command.line = MakeLine();
      command.units = dice_.Between(1, scenario_.terms.lines[command.line].units + 1);
    }
    if (!IsOperatorAct(command.verb)) MakeIds(command);
    if (command.verb == Verb::kConfirm && dice_.Chance(25)) command.units = dice_.Between(1, 4);
    if (dice_.Chance(2)) Spoil(command);
    return command;
  }

  void MakeIds(Command& command) {
    const bool reserve = command.verb == Verb::kReserve;
    if (!recent_.empty() && dice_.Chance(reserve ? 8 : 85)) {
      // One that was asked for lately and so may well be held.
      const Command& reserved = recent_[dice_.Roll(recent_.size())];
      command.user = reserved.user;
      command.id = reserved.id;
      return;
    }
    command.user = names_.user(dice_.Roll(users_));
    command.id = names_.reservation(dice_.Roll(ids_));
    if (!reserve) return;
    constexpr std::size_t kMostRecent = 12;
    if (recent_.size() == kMostRecent) recent_.erase(recent_.begin());
    recent_.push_back(command);
  }

  Verb MakeVerb() {
    // What ends a sale comes mostly late in its life.
    const bool late = scenario_.moves.size() * 4 > commands_ * 3;
    const std::uint64_t roll = dice_.Roll(late || dice_.Chance(10) ? 1000 : 965);
    if (roll < 470) return Verb::kReserve;
    if (roll < 630) return Verb::kConfirm;
    if (roll < 730) return Verb::kCancel;
    if (roll < 830) return Verb::kExtend;
    if (roll < 870) return Verb::kVoid;
    if (roll < 900) return Verb::kRelease;
    if (roll < 915) return Verb::kPause;
    if (roll < 960) return Verb::kResume;
    if (roll < 965) return Verb::kStart;
    if (roll < 978) return Verb::kClose;
    if (roll < 984) return Verb::kCancelSale;
    return Verb::kSettle;
  }

  void MakeReserve(Command& command) {
    const SaleTerms& terms = scenario_.terms;
    held_since_.push_back(now_);
    command.line = MakeLine();
    command.units = dice_.Chance(50) ? 1 : dice_.Between(1, 4);
    if (dice_.Chance(25)) command.user_limit = dice_.Between(1, terms.limit_per_user + 4);
    if (dice_.Chance(20)) command.quote = dice_.Next();
    if (dice_.Chance(12)) command.hold = seconds{dice_.Between(1, 400)};
    if (dice_.Chance(terms.requires_admission ? 90 : 10)) {
      command.admission_number = 1 + scenario_.moves.size() / 30 + dice_.Roll(3);
      command.admission_grant = dice_.Between(1, 4);
    }
    for (std::size_t i = 0; i < terms.key_limits.size(); ++i) {
      if (dice_.Chance(60)) command.keys[i] = names_.key(dice_.Roll(ScenarioNames::kKeys));
    }
  }

  std::uint16_t MakeLine() {
    return static_cast<std::uint16_t>(dice_.Roll(scenario_.terms.lines.size()));
  }

  // Makes one member of a command what it should not be; some of that is lawful all the same.
  void Spoil(Command& command) {
    constexpr std::array<Units, 5> kOddUnits = {0, 9, kMaxUnits, kMaxUnits + 1, 0xffffffff};
    constexpr std::array<Duration, 4> kOddHolds = {Duration{-1}, Duration{1}, kMaxHold,
                                                   kMaxHold + Duration{1}};
    switch (dice_.Roll(10)) {
      case 0:
        command.verb = static_cast<Verb>(dice_.Roll(256));
        break;
      case 1:
        command.flags = static_cast<std::uint8_t>(dice_.Between(1, 255));
        break;
      case 2:
        command.user = UserId{};
        break;
      case 3:
        command.id = ReservationId{};
        break;
      case 4:
        command.line = static_cast<std::uint16_t>(dice_.Between(0, 4));
        break;
      case 5:
        command.units = kOddUnits[dice_.Roll(kOddUnits.size())];
        break;
      case 6:
        command.user_limit = kOddUnits[dice_.Roll(kOddUnits.size())];
        break;
      case 7:
        command.keys[dice_.Roll(kMaxLimitKeys)] = names_.key(0);
        break;
      case 8:
        command.hold = kOddHolds[dice_.Roll(kOddHolds.size())];
        break;
      default:
        command.admission_number = dice_.Chance(50) ? kMaxExactInteger + 1 : dice_.Roll(2);
        command.admission_grant = dice_.Between(0, 1);
        break;
    }
  }

  Dice& dice_;
  const ScenarioNames& names_;
  Scenario scenario_;
  std::size_t commands_ = 1;
  std::size_t users_ = 1;
  std::size_t ids_ = 1;
  Time now_ = kScriptOrigin;
  std::vector<Time> held_since_;
  std::vector<Command> recent_;
};

}  // namespace

ScenarioNames::ScenarioNames() {
  for (std::size_t i = 0; i < kUsers; ++i) {
    users_.push_back(UserId::FromText("u" + std::to_string(i)));
  }
  for (std::size_t i = 0; i < kReservations; ++i) {
    reservations_.push_back(ReservationId::FromText("r" + std::to_string(i)));
  }
  for (std::size_t i = 0; i < kKeys; ++i) {
    keys_.push_back(LimitKey::FromText("k" + std::to_string(i)));
  }
}

std::string ScenarioNames::Of(const UserId& user) const { return NameOf("u", users_, user); }
std::string ScenarioNames::Of(const ReservationId& reservation) const {
  return NameOf("r", reservations_, reservation);
}
std::string ScenarioNames::Of(const LimitKey& key) const { return NameOf("k", keys_, key); }

Scenario MakeScenario(Dice& dice, const ScenarioNames& names, std::uint32_t most_commands) {
  return ScenarioMaker(dice, names).Make(most_commands);
}

void SendSomeAgain(Dice& dice, std::uint32_t per_thousand, Scenario& scenario) {
  struct LateCopy {
    std::size_t due;  // after so many batches
    std::vector<Move> batch;
  };
  std::vector<LateCopy> late;
  std::vector<Move> sent;
  const auto send = [&sent](std::span<const Move> batch) {
    sent.insert(sent.end(), batch.begin(), batch.end());
  };
  const std::span<const Move> moves(scenario.moves);
  std::size_t batches = 0;
  for (std::size_t begin = 0; begin < moves.size(); ++batches) {
    std::size_t end = begin + 1;
    while (end < moves.size() && IsInBatchOf(moves[begin], moves[end])) ++end;
    const std::span<const Move> batch = moves.subspan(begin, end - begin);
    begin = end;
    const bool again = batch.front().kind == Move::Kind::kCommand && dice.Roll(1000) < per_thousand;
    const std::uint64_t way = again ? dice.Roll(4) : 0;
    if (again && way == 0) send(batch.first(1 + dice.Roll(batch.size())));
    send(batch);
    std::erase_if(late, [&send, batches](const LateCopy& copy) {
      if (copy.due > batches) return false;
      send(copy.batch);
      return true;
    });
    if (again && way == 1) {
      late.push_back({.due = batches + dice.Between(1, 5), .batch = {batch.begin(), batch.end()}});
    } else if (again && way > 1) {
      send(batch);
    }
  }
  scenario.moves = std::move(sent);
}

}  // namespace flashsale::inline v0
