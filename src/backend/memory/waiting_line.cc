#include "backend/memory/waiting_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

// How many entries each command looks at for silence, in passing.  Everybody is looked at once in a
// heartbeat timeout and joins or touches more often than that, so these keep up by themselves.
constexpr std::uint64_t kVisitsInPassing = 4;
// And one that would have to be turned away.
constexpr std::uint64_t kVisitsWhenFull = 256;
// How many silent ones a call to Admit passes over, at most: some ten milliseconds' worth.
constexpr std::uint64_t kMostPassedOver = 50'000;

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

}  // namespace

WaitingLine::WaitingLine(const QueueTerms& terms, Time now, const engine::KeyedHash& hash)
    : terms_(terms),
      opened_at_(now),
      hash_(hash),
      latest_(now),
      waiting_(std::make_unique<WaitingTickets>(terms, hash)),
      pace_(terms.pace),
      pace_set_at_(now),
      rate_(RateOf(terms.pace)) {
  stages_.fill(QueueStage::kClosed);
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    const bool gathers = GatheringEnd(terms, tier, now) > now;
    stages_[tier] = gathers ? QueueStage::kGathering : QueueStage::kRunning;
  }
}

void WaitingLine::FreezeDue(Time at) {
  if (std::exchange(made_anew_, false) && waiting_ != nullptr) waiting_->TouchAll(at);
  next_freeze_ = kMaxTime + Duration{1};
  if (latest_ >= restore_end()) {
    gave_up_.clear();
  } else {
    next_freeze_ = restore_end();
  }
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    if (stages_[tier] != QueueStage::kGathering) continue;
    const Time end = GatheringEnd(terms_, tier, opened_at_);
    if (latest_ >= end) {
      FreezeTier(tier, at);
    } else {
      next_freeze_ = std::min(next_freeze_, end);
    }
  }
}

void WaitingLine::EndPassedWindows(Time at) {
  while (!windows_.empty() && windows_.front().until <= at) {
    const Window window = windows_.front();
    windows_.pop_front();
    const std::optional<LiveAdmission> admission = admissions_.Find(window.hash, window.number);
    if (!admission.has_value()) continue;  // it ended before
    admissions_.Erase(*admission);
    ++windows_lapsed_;
  }
}

bool WaitingLine::AddWindow(const Window& window) {
  // Windows of admissions that ended otherwise are no more than those that live, or few.
  constexpr std::uint64_t kFew = 1'024;
  if (windows_.size() > 2 * admissions_.size() + kFew) ForgetEndedWindows();
  try {
    windows_.push_back(window);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void WaitingLine::ForgetEndedWindows() {
  std::erase_if(windows_, [this](const Window& window) {
    return !admissions_.Find(window.hash, window.number).has_value();
  });
}

Status WaitingLine::ApplyMany(Time now, std::span<const QueueCommand> commands,
                              std::span<QueueAnswer> answers) noexcept {
  // So many at once as have their cache lines on the way together.
  constexpr std::size_t kGroup = 32;
  std::array<std::uint64_t, kGroup> hashes;
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  if (waiting_ != nullptr) {
    fell_silent_ += waiting_->Sweep(at, kUnlimited, kVisitsInPassing * commands.size());
  }
  for (std::size_t first = 0; first < commands.size(); first += kGroup) {
    const auto group = commands.subspan(first, std::min(kGroup, commands.size() - first));
    for (std::size_t i = 0; i < group.size(); ++i) hashes[i] = hash_(group[i].user.bytes());
    const auto group_hashes = std::span(hashes).first(group.size());
    if (waiting_ != nullptr) {
      for (const std::uint64_t hash : group_hashes) waiting_->PrefetchIndex(hash);
    }
    if (admissions_.size() != 0) {
      for (const std::uint64_t hash : group_hashes) admissions_.Prefetch(hash);
    }
    if (waiting_ != nullptr) {
      for (const std::uint64_t hash : group_hashes) waiting_->PrefetchEntry(hash);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (TakeShortWay(group[i], hashes[i], at, answers[first + i])) continue;
      if (!Carry(group[i], hashes[i], at, answers[first + i])) return OutOfMemory();
    }
  }
  return Status();
}

Status WaitingLine::ApplyOne(Time now, const QueueCommand& command, QueueAnswer& answer) noexcept {
  const std::uint64_t hash = hash_(command.user.bytes());
  const MutexLock lock(mutex_);
  if (waiting_ != nullptr) waiting_->PrefetchIndex(hash);
  const Time at = Enter(now);
  if (waiting_ != nullptr) fell_silent_ += waiting_->Sweep(at, kUnlimited, kVisitsInPassing);
  if (TakeShortWay(command, hash, at, answer)) return Status();
  return Carry(command, hash, at, answer) ? Status() : OutOfMemory();
}

WaitingLine::Entry WaitingLine::FindWaiting(std::uint64_t hash, const UserId& user, Time at) {
  if (waiting_ == nullptr) return WaitingTickets::kNone;
  waiting_->PrefetchEntry(hash);
  const Entry entry = waiting_->Find(hash, user);
  if (entry == WaitingTickets::kNone || !waiting_->IsSilent(entry, at)) return entry;
  FallSilent(entry, hash);
  return WaitingTickets::kNone;
}

void WaitingLine::FallSilent(Entry entry, std::uint64_t hash) {
  Log({.kind = QueueEvent::Kind::kFellSilent, .ticket = (*waiting_)[entry].ticket});
  waiting_->Remove(entry, hash);
  ++fell_silent_;
}

void WaitingLine::LogNewcomer(const QueueCommand& command, std::uint64_t place) const {
  Log({.kind = QueueEvent::Kind::kJoined,
       .tier = command.tier,
       .at = latest_,
       .user = command.user,
       .ticket = last_ticket_,
       .place = place});
}

QueueEntry WaitingLine::EntryOf(const LiveAdmission& admission) const {
  return {.user = admission.user,
          .state = TicketState::kAdmitted,
          .tier = admission.tier,
          .ticket = admission.ticket,
          .joined_at = admission.joined_at,
          .admission = {.number = admission.number,
                        .grant = terms_.grant,
                        .until = clock_.Host(admission.until, latest_)}};
}

// What a command about the ticket itself is answered, but for one that makes a ticket.
Code WaitingLine::CodeFor(QueueVerb verb, bool known) {
  switch (verb) {
    case QueueVerb::kJoin:
    case QueueVerb::kRestore:
    case QueueVerb::kLook:
      return known ? Code::kAlreadyDone : Code::kUnknownTicket;
    case QueueVerb::kTouch:
      return known ? Code::kDone : Code::kUnknownTicket;
    case QueueVerb::kLeave:
      return known ? Code::kDone : Code::kAlreadyDone;
    case QueueVerb::kComplete:
      break;
  }
  return Code::kInvalid;
}

bool WaitingLine::IsSound(const QueueCommand& command) const {
  if (command.user.is_nil()) return false;
  switch (command.verb) {
    case QueueVerb::kJoin:
      return command.tier < terms_.tiers;
    case QueueVerb::kRestore:
      return command.tier < terms_.tiers && command.place != 0 && command.place <= kMaxExactInteger;
    case QueueVerb::kTouch:
    case QueueVerb::kLook:
    case QueueVerb::kLeave:
    case QueueVerb::kComplete:
      return true;
  }
  return false;
}

bool WaitingLine::Carry(const QueueCommand& command, std::uint64_t hash, Time at,
                        QueueAnswer& answer) {
  answer = QueueAnswer{};
  if (!IsSound(command)) return true;
  const QueueVerb verb = command.verb;
  const bool joins = verb == QueueVerb::kJoin || verb == QueueVerb::kRestore;
  const bool completes = verb == QueueVerb::kComplete;
  const Code completed = completes ? Complete(command, hash) : Code::kInvalid;
  answer.entry.user = command.user;
  const Entry entry = FindWaiting(hash, command.user, at);
  if (entry != WaitingTickets::kNone) {
    answer.code = completes ? completed : CodeFor(verb, true);
    if (verb == QueueVerb::kLeave) return Leave(entry, hash);
    const QueueEntry who = verb == QueueVerb::kRestore ? (*waiting_)[entry] : QueueEntry();
    if (verb == QueueVerb::kRestore && who.tier == command.tier && who.restored_place == 0 &&
        TakesBack(command)) {
      if (!waiting_->Restore(entry, command.place)) return false;
      Log({.kind = QueueEvent::Kind::kPlaced,
           .at = latest_,
           .ticket = who.ticket,
           .place = command.place});
      ++restored_;
    }
    if (joins || verb == QueueVerb::kTouch) waiting_->Touch(entry, at);
    waiting_->Describe(entry, answer.entry);
    answer.ahead = waiting_->Ahead(entry);
    return true;
  }
  if (admissions_.size() != 0) {
    const std::optional<LiveAdmission> admission = admissions_.Find(hash, command.user);
    if (admission.has_value()) {
      answer.code = completes ? completed : CodeFor(verb, true);
      if (verb == QueueVerb::kLeave) {
        Log({.kind = QueueEvent::Kind::kLeft, .at = latest_, .ticket = admission->ticket});
        admissions_.Erase(*admission);
        ++left_;
      } else {
        answer.entry = EntryOf(*admission);
      }
      return true;
    }
  }
  if (joins) return Join(command, hash, at, answer);
  answer.code = completes ? completed : CodeFor(verb, false);
  return true;
}

bool WaitingLine::TakesBack(const QueueCommand& command) const {
  // A line that has frozen takes back nobody.
  return stages_[command.tier] == QueueStage::kGathering && latest_ < restore_end() &&
         !gave_up_.contains(command.user);
}

bool WaitingLine::Leave(Entry entry, std::uint64_t hash) {
  const QueueEntry who = (*waiting_)[entry];
  if (who.restored_place != 0 && latest_ < restore_end()) {
    try {
      gave_up_.insert(who.user);
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  Log({.kind = QueueEvent::Kind::kLeft, .at = latest_, .ticket = who.ticket});
  waiting_->Remove(entry, hash);
  ++left_;
  return true;
}

bool WaitingLine::Join(const QueueCommand& command, std::uint64_t hash, Time at,
                       QueueAnswer& answer) {
  if (waiting_ == nullptr) {
    answer.code = Code::kSaleEnded;
    return true;
  }
  if (waiting_->waiting() >= terms_.max_waiting) {
    fell_silent_ += waiting_->Sweep(at, kUnlimited, kVisitsWhenFull);
  }
  if (waiting_->waiting() >= terms_.max_waiting) {
    answer.code = Code::kWaitingPage;
    return true;
  }
  const bool restores = command.verb == QueueVerb::kRestore && TakesBack(command);
  const Entry entry = waiting_->Join({.hash = hash,
                                      .user = command.user,
                                      .tier = command.tier,
                                      .ticket = last_ticket_ + 1,
                                      .joined_at = latest_,
                                      .restored_place = restores ? command.place : 0},
                                     at);
  if (entry == WaitingTickets::kNone) return false;
  ++last_ticket_;
  LogNewcomer(command, restores ? command.place : 0);
  if (restores) ++restored_;
  answer.code = Code::kDone;
  TellNewcomer(command, waiting_->waiting(command.tier) - 1, answer);
  if (restores) answer.entry.restored_place = command.place;
  return true;
}

Code WaitingLine::Complete(const QueueCommand& command, std::uint64_t hash) {
  const std::optional<LiveAdmission> admission = admissions_.Find(hash, command.user);
  if (!admission.has_value() || admission->number != command.admission) return Code::kAlreadyDone;
  Log({.kind = QueueEvent::Kind::kCompleted, .at = latest_, .ticket = admission->ticket});
  admissions_.Erase(*admission);
  ++completed_;
  return Code::kDone;
}

std::uint32_t WaitingLine::RoomAt(Time at) const {
  if (!AnyRuns() || clock_.paused()) return 0;
  const std::uint64_t in_flight = admissions_.size();
  if (in_flight >= pace_.max_in_flight) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(
      rate_.Fitting(tat_ns_, CellRate::Nanoseconds(at)), pace_.max_in_flight - in_flight));
}

QueueState WaitingLine::Read(Time now) {
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  QueueState state{.terms = terms_,
                   .pace = pace_,
                   .pace_set_at = pace_set_at_,
                   .stages = stages_,
                   .paused = clock_.paused(),
                   .opened_at = opened_at_,
                   .revision = revision_,
                   .in_flight = admissions_.size(),
                   .unused = admissions_.unused(),
                   .room = RoomAt(at),
                   .strategy = strategy_,
                   .joined = last_ticket_,
                   .restored = restored_,
                   .admitted = admitted_,
                   .completed = completed_,
                   .left = left_,
                   .fell_silent = fell_silent_,
                   .windows_lapsed = windows_lapsed_};
  for (std::size_t tier = 0; waiting_ != nullptr && tier < terms_.tiers; ++tier) {
    state.waiting[tier] = waiting_->waiting(tier);
  }
  // Rounded up: whoever comes back then does not come too early.
  const std::int64_t next_ns = std::max<std::int64_t>(rate_.NextNs(tat_ns_), 0);
  state.next_room = clock_.Host(kMinTime + Duration((next_ns + 999) / 1'000), latest_);
  return state;
}

WaitingLine::Entry WaitingLine::FrontOf(std::size_t tier, Time at, std::uint64_t& looks) {
  for (; looks != 0; --looks) {
    const Entry entry = waiting_->Front(tier);
    if (entry == WaitingTickets::kNone || !waiting_->IsSilent(entry, at)) return entry;
    FallSilent(entry, hash_((*waiting_)[entry].user.bytes()));
  }
  return WaitingTickets::kNone;
}

bool WaitingLine::LetIn(Entry entry, Time at, QueueEntry& admitted) {
  const QueueEntry who = (*waiting_)[entry];
  const std::uint64_t now_us = static_cast<std::uint64_t>(latest_.time_since_epoch().count());
  const LiveAdmission admission{.user = who.user,
                                .hash = hash_(who.user.bytes()),
                                .number = std::max(last_number_ + 1, now_us),
                                .until = at + terms_.admission_window,
                                .ticket = who.ticket,
                                .joined_at = who.joined_at,
                                .tier = who.tier};
  const bool room =
      admissions_.MakeRoom(admission.hash) &&
      AddWindow({.hash = admission.hash, .number = admission.number, .until = admission.until});
  if (!room) return false;
  Log({.kind = QueueEvent::Kind::kAdmitted, .at = latest_, .ticket = who.ticket});
  admissions_.Insert(admission);
  waiting_->Remove(entry);
  last_number_ = admission.number;
  tat_ns_ = std::max(tat_ns_, CellRate::Nanoseconds(at)) + rate_.permit_ns();
  ++admitted_;
  admitted = EntryOf(admission);
  return true;
}

Result<std::size_t> WaitingLine::Admit(Time now, const AdmitPlan& plan,
                                       std::span<QueueEntry> admitted) {
  for (std::size_t i = 0; i < plan.picks.size(); ++i) {
    if (plan.picks[i].tier < terms_.tiers) continue;
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("plan.picks[{}].tier: {}, expected below {}", i, plan.picks[i].tier,
                              terms_.tiers));
  }
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  if (plan.revision != revision_) {
    return Status(StatusCode::kConflict,
                  fmt::format("plan.revision: {}, expected {}", plan.revision, revision_));
  }
  const std::size_t most = std::min<std::size_t>(admitted.size(), RoomAt(at));
  std::size_t count = 0;
  std::uint64_t looks = kMostPassedOver + most;
  // So many of a tier at once as have their memory on the way together.
  constexpr std::uint32_t kAhead = 16;
  std::array<std::uint32_t, kMaxTiers> asked_for{};
  std::uint64_t strategy = strategy_;
  for (std::size_t i = 0; i < plan.picks.size() && count < most; ++i) {
    // Numbers stay exact in doubles, to the end of time.
    if (last_number_ >= kMaxExactInteger) break;
    const TierPick& pick = plan.picks[i];
    const bool runs = stages_[pick.tier] == QueueStage::kRunning;
    if (runs && most - count > 1 && asked_for[pick.tier]-- == 0) {
      waiting_->PrefetchFront(pick.tier, kAhead,
                              [this](std::uint64_t hash) { admissions_.Prefetch(hash); });
      asked_for[pick.tier] = kAhead - 1;
    }
    const Entry entry = runs ? FrontOf(pick.tier, at, looks) : WaitingTickets::kNone;
    if (looks == 0) break;
    if (entry != WaitingTickets::kNone) {
      if (!LetIn(entry, at, admitted[count])) {
        if (count == 0) return OutOfMemory();
        break;
      }
      ++count;
    }
    strategy = pick.state;
  }
  if (count == 0) return count;
  Log({.kind = QueueEvent::Kind::kTurn, .number = strategy});
  ++revision_;
  strategy_ = strategy;
  return count;
}

LapseReport WaitingLine::LapseDue(Time now, std::size_t most) {
  const MutexLock lock(mutex_);
  const std::uint64_t lapsed_before = windows_lapsed_;
  const Time at = Enter(now);
  LapseReport report{.windows_lapsed = windows_lapsed_ - lapsed_before};
  Time next = windows_.empty() ? kMaxTime : windows_.front().until;
  if (waiting_ != nullptr) {
    // Most of those who are looked at were heard of meanwhile.
    constexpr std::uint64_t kVisits = 16;
    const std::uint64_t visits = kVisitsWhenFull + std::min(most, kUnlimited / 32) * kVisits;
    report.fell_silent = waiting_->Sweep(at, most, visits);
    fell_silent_ += report.fell_silent;
    next = std::min(next, waiting_->next_silence());
  }
  report.more = next <= at;
  if (!clock_.paused() && next < kMaxTime) report.next_due = clock_.Host(next, latest_);
  return report;
}

}  // namespace flashsale::inline v0::memory
