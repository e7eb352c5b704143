#include "testing/random_world.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

namespace flashsale::inline v0 {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};
constexpr Duration kHold = 1ms;

class Generator {
 public:
  Generator(std::uint64_t seed, RandomWorld& world) : random_(seed), world_(world) {}

  void Run() {
    MakeTerms();
    users_ = 2 + Below(3);
    const std::size_t threads = 2 + Below(RandomWorld::kMostThreads - 1);
    const std::size_t steps = threads <= 3 ? 4 + Below(6) : 3 + Below(4);
    // In some worlds the clock runs through the history; in others all commands are of few
    // instants.
    clock_runs_ = OneIn(2);
    world_.threads.resize(threads);
    const bool has_operator = OneIn(2);
    const bool has_cleaner = OneIn(2);
    for (std::size_t step = 0; step < steps; ++step) {
      for (std::size_t thread = 0; thread < threads; ++thread) {
        const bool operates = has_operator && thread == 0;
        const bool cleans = has_cleaner && thread + 1 == threads;
        now_ = TimeOf(step);
        RandomWorld::Step& made = world_.threads[thread].emplace_back();
        made.now = now_;
        world_.latest = std::max(world_.latest, now_);
        if (operates && OneIn(2)) {
          made.commands.push_back(OperatorAct());
        } else if (cleans && OneIn(2)) {
          made.kind = CallKind::kExpireDue;
        } else if (OneIn(8)) {
          MakeRead(made);
        } else {
          const std::size_t size = OneIn(6) ? 2 + Below(3) : 1;
          for (std::size_t i = 0; i < size; ++i) made.commands.push_back(ShoppersCommand(thread));
        }
      }
    }
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

  void MakeTerms() {
    SaleTerms& terms = world_.terms;
    terms.id = "world";
    const std::size_t lines = OneIn(4) ? 2 : 1;
    for (std::size_t line = 0; line < lines; ++line) {
      SaleLine& made = terms.lines.emplace_back();
      made.product = line == 0 ? "first" : "second";
      made.units = static_cast<Units>(1 + Below(3));
      if (OneIn(4)) made.released_at_first = static_cast<Units>(Below(made.units + 1));
    }
    terms.start = kStart;
    // Some sales end in the midst of the history.
    terms.end = OneIn(4) ? kStart + 3 * kHold : kStart + 1h;
    terms.limit_per_user = static_cast<Units>(1 + Below(2));
    terms.limit_ceiling = 3;
    terms.max_open_holds = static_cast<std::uint32_t>(1 + Below(3));
    if (OneIn(2)) terms.key_limits.push_back({.name = "device", .limit = 1});
    if (OneIn(3)) terms.key_limits.push_back({.name = "address", .limit = 2});
    terms.hold = kHold;
    terms.end_policy = OneIn(2) ? EndPolicy::kCut : EndPolicy::kGrace;
    terms.late_confirm = OneIn(2) ? LateConfirm::kRevive : LateConfirm::kRefuse;
    terms.requires_admission = OneIn(6);
  }

  // About one step in three lets a hold of the step before lapse, to the microsecond.
  Time TimeOf(std::size_t step) {
    const Duration grain = kHold / 2;
    const auto ticks = static_cast<int>(clock_runs_ ? step + Below(2) : Below(6));
    const Duration jitter{OneIn(4) ? -1 : 0};
    return kStart + ticks * grain + (ticks == 0 ? Duration{0} : jitter);
  }

  UserId User(std::size_t number) { return UserId::FromInteger(number); }
  // A user has few ids, so that calls from several threads meet on one.
  ReservationId Id(std::size_t number) { return ReservationId::FromInteger(number); }

  Command ShoppersCommand(std::size_t thread) {
    Command command;
    // Mostly one's own user; at times another thread's.
    const std::size_t user = OneIn(3) ? Below(users_) : thread % users_;
    command.user = User(user);
    command.id = Id(user * 10 + Below(3));
    static constexpr std::array kVerbs = {Verb::kReserve, Verb::kReserve, Verb::kReserve,
                                          Verb::kReserve, Verb::kConfirm, Verb::kConfirm,
                                          Verb::kCancel,  Verb::kExtend,  Verb::kVoid};
    command.verb = kVerbs[Below(kVerbs.size())];
    if (command.verb == Verb::kConfirm && OneIn(4)) command.units = 1;
    if (command.verb != Verb::kReserve) return command;
    command.line = static_cast<std::uint16_t>(Below(world_.terms.lines.size()));
    command.units = static_cast<Units>(OneIn(4) ? 2 : 1);
    if (OneIn(4)) command.user_limit = static_cast<Units>(1 + Below(3));
    command.quote = Below(3);
    if (OneIn(6)) command.hold = OneIn(2) ? kHold / 2 : 2 * kHold;
    for (std::size_t key = 0; key < world_.terms.key_limits.size(); ++key) {
      if (!OneIn(4)) command.keys[key] = LimitKey::FromInteger(Below(2));
    }
    if (world_.terms.requires_admission || OneIn(8)) {
      command.admission_number = 1 + Below(2);
      command.admission_grant = static_cast<std::uint32_t>(1 + Below(2));
    }
    return command;
  }

  Command OperatorAct() {
    Command command;
    static constexpr std::array kActs = {Verb::kPause,   Verb::kResume, Verb::kRelease,
                                         Verb::kRelease, Verb::kPause,  Verb::kResume,
                                         Verb::kClose,   Verb::kSettle};
    command.verb = kActs[Below(kActs.size())];
    if (command.verb == Verb::kRelease) {
      command.line = static_cast<std::uint16_t>(Below(world_.terms.lines.size()));
      command.units = world_.terms.lines[command.line].units;
    }
    return command;
  }

  void MakeRead(RandomWorld::Step& step) {
    const std::size_t user = Below(users_);
    switch (Below(3)) {
      case 0:
        step.kind = CallKind::kReadStock;
        break;
      case 1:
        step.kind = CallKind::kReadTally;
        step.tally_key = world_.terms.key_limits.empty() || OneIn(2)
                             ? TallyKey::Of(User(user))
                             : TallyKey::Of(0, LimitKey::FromInteger(Below(2)));
        break;
      default:
        step.kind = CallKind::kFind;
        step.commands.push_back({.user = User(user), .id = Id(user * 10 + Below(3))});
        break;
    }
  }

  std::mt19937_64 random_;
  RandomWorld& world_;
  std::size_t users_ = 0;
  bool clock_runs_ = false;
  Time now_{};
};

// Makes the call of one step.
Status TakeOnce(const RandomWorld::Step& step, HistoryRecorder::Client& client) {
  switch (step.kind) {
    case CallKind::kCommand: {
      std::vector<Outcome> outcomes(step.commands.size());
      return client.ApplyBatch(step.now, step.commands, outcomes);
    }
    case CallKind::kExpireDue:
      return client.ExpireDue(step.now, 100);
    case CallKind::kFind:
      return client.Find(step.commands[0].user, step.commands[0].id);
    case CallKind::kReadTally:
      return client.ReadTally(step.tally_key);
    case CallKind::kReadStock:
      return client.ReadStock(step.now);
  }
  return Status(StatusCode::kInternal, "a step of no kind");
}

}  // namespace

RandomWorld::RandomWorld(std::uint64_t seed) { Generator(seed, *this).Run(); }

Status Take(const RandomWorld::Step& step, HistoryRecorder::Client& client) {
  constexpr int kMostAttempts = 100;
  Status status;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    status = TakeOnce(step, client);
    if (status.code() != StatusCode::kUnavailable && !status.MayHaveBeenApplied()) break;
  }
  return status;
}

}  // namespace flashsale::inline v0
