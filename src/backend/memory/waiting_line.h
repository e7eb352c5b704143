#ifndef FLASHSALE_SRC_BACKEND_MEMORY_WAITING_LINE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_WAITING_LINE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "backend/memory/admission_table.h"
#include "backend/memory/line_log.h"
#include "backend/memory/queue_clock.h"
#include "backend/memory/waiting_tickets.h"
#include "base/mutex.h"
#include "engine/keyed_hash.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0::memory {

// The queue of one sale: who waits and who is in the shop, under one mutex; whoever only wants to
// know of an admission does without it.  Contract: QueueRepository.
//
// A `now` that lies before one that the queue has seen counts as that one.  Windows that have
// passed are over before a call does anything else; those who fell silent are met in passing, a few
// by each command, and by LapseDue, for a whole crowd may do so at once.
//
// Thread safety: any thread.  Blocking: for as long as calls for the same queue take; the longest
// are a freeze, a first Arrange and Begin, which look at everybody.  FindAdmission does not wait
// for any of them, nor does MarkUsed.
class WaitingLine {
 public:
  // Throws std::bad_alloc.  REQUIRES: Validate(terms) is OK.
  WaitingLine(const QueueTerms& terms, Time now, const engine::KeyedHash& hash);

  // As it was opened.
  const QueueTerms& terms() const { return terms_; }
  Time opened_at() const { return opened_at_; }

  // Has a log hear of all that happens from here on.  REQUIRES: nobody else knows the line yet.
  void Show(std::unique_ptr<LineLog> log) FLASHSALE_EXCLUDES(mutex_);
  // Null before Show.
  LineLog* log() const { return log_.get(); }

  // Does again what happened in a line that was opened as this one.  Null, or why that cannot have
  // been.  Throws std::bad_alloc.  REQUIRES: before Show, before FinishReplay.
  const char* Replay(const QueueEvent& event) FLASHSALE_EXCLUDES(mutex_);
  // That was all, and nothing happened later than `latest`.
  void FinishReplay(Time latest) FLASHSALE_EXCLUDES(mutex_);

  // REQUIRES: the spans have one size.
  Status Apply(Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) noexcept FLASHSALE_EXCLUDES(mutex_) {
    return commands.size() == 1 ? ApplyOne(now, commands.front(), answers.front())
                                : ApplyMany(now, commands, answers);
  }
  void Prefetch(std::uint64_t hash) const { admissions_.Prefetch(hash); }
  Admission FindAdmission(Time now, std::uint64_t hash, const UserId& user) const {
    return admissions_.FindLive(hash, user, now, terms_.grant);
  }
  void MarkUsed(std::uint64_t hash, const UserId& user, std::uint64_t number) {
    const std::uint64_t ticket = admissions_.MarkUsed(hash, user, number);
    if (ticket != 0) Log({.kind = QueueEvent::Kind::kUsed, .ticket = ticket, .number = number});
  }
  QueueState Read(Time now) FLASHSALE_EXCLUDES(mutex_);
  Result<std::size_t> Admit(Time now, const AdmitPlan& plan, std::span<QueueEntry> admitted)
      FLASHSALE_EXCLUDES(mutex_);
  LapseReport LapseDue(Time now, std::size_t most) FLASHSALE_EXCLUDES(mutex_);
  // REQUIRES: Validate(pace) is OK.
  void SetPace(Time now, const QueuePace& pace) FLASHSALE_EXCLUDES(mutex_);
  void Pause(Time now) FLASHSALE_EXCLUDES(mutex_);
  void Resume(Time now) FLASHSALE_EXCLUDES(mutex_);

  void Freeze(Time now, std::uint8_t tier) FLASHSALE_EXCLUDES(mutex_);
  Result<std::size_t> ReadEntrants(std::uint8_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants) FLASHSALE_EXCLUDES(mutex_);
  Status Arrange(const Arrangement& arrangement) FLASHSALE_EXCLUDES(mutex_);
  Status Begin(Time now, std::uint8_t tier) FLASHSALE_EXCLUDES(mutex_);
  void Close(Time now) FLASHSALE_EXCLUDES(mutex_);

 private:
  using Entry = WaitingTickets::Entry;
  // When an admission ends that may have ended otherwise before.
  struct Window {
    std::uint64_t hash;
    std::uint64_t number;
    Time until;  // in the queue's time
  };

  // Time goes on: returns the queue's, ends the windows that have passed, freezes what no longer
  // gathers.
  Time Enter(Time now) FLASHSALE_REQUIRES(mutex_) {
    latest_ = std::max(latest_, now);
    const Time at = clock_.At(latest_);
    if (!windows_.empty()) EndPassedWindows(at);
    if (latest_ >= next_freeze_) FreezeDue(at);
    return at;
  }
  void Log(const QueueEvent& event) const {
    if (log_ != nullptr) log_->OnEvent(event);
  }
  // Who waits and is silent is gone.
  void FallSilent(Entry entry, std::uint64_t hash) FLASHSALE_REQUIRES(mutex_);
  void EndPassedWindows(Time at) FLASHSALE_REQUIRES(mutex_);
  void FreezeDue(Time at) FLASHSALE_REQUIRES(mutex_);
  void FreezeTier(std::size_t tier, Time at) FLASHSALE_REQUIRES(mutex_);
  bool AnyRuns() const FLASHSALE_REQUIRES(mutex_);
  // False where memory ran out.
  bool AddWindow(const Window& window) FLASHSALE_REQUIRES(mutex_);
  void ForgetEndedWindows() FLASHSALE_REQUIRES(mutex_);

  // With nothing in it but what one command needs, so that a processor is at the memory of the next
  // call while it waits for that of this one.
  Status ApplyOne(Time now, const QueueCommand& command, QueueAnswer& answer) noexcept
      FLASHSALE_EXCLUDES(mutex_);
  Status ApplyMany(Time now, std::span<const QueueCommand> commands,
                   std::span<QueueAnswer> answers) noexcept FLASHSALE_EXCLUDES(mutex_);
  // The short ways of the commands that are most: of a newcomer whom nobody knows and for whom
  // nothing has to grow, and of somebody who looks, or is heard of, and waits where the index
  // guesses.  False, and nothing changed but the answer: Carry is to be asked.
  bool TakeShortWay(const QueueCommand& command, std::uint64_t hash, Time at, QueueAnswer& answer)
      FLASHSALE_REQUIRES(mutex_) {
    if (waiting_ == nullptr) return false;
    if (command.verb == QueueVerb::kJoin) return Enlist(command, hash, at, answer);
    if (command.verb == QueueVerb::kTouch || command.verb == QueueVerb::kLook) {
      return Tell(command, hash, at, answer);
    }
    return false;
  }
  bool Tell(const QueueCommand& command, std::uint64_t hash, Time at, QueueAnswer& answer)
      FLASHSALE_REQUIRES(mutex_) {
    const Entry entry = waiting_->Guess(hash);
    if (entry == WaitingTickets::kNone) return false;
    // Those themselves are looked at last, so that a processor goes on to the next call meanwhile.
    const std::uint64_t ahead = waiting_->Ahead(entry);
    if (!waiting_->Is(entry, command.user) || waiting_->IsSilent(entry, at)) return false;
    const bool touches = command.verb == QueueVerb::kTouch;
    answer.code = touches ? Code::kDone : Code::kAlreadyDone;
    answer.entry.admission = {};
    waiting_->Describe(entry, answer.entry);
    answer.ahead = ahead;
    if (touches) waiting_->Touch(entry, at);
    return true;
  }
  bool Enlist(const QueueCommand& command, std::uint64_t hash, Time at, QueueAnswer& answer)
      FLASHSALE_REQUIRES(mutex_) {
    if (command.tier >= terms_.tiers || command.user.is_nil()) return false;
    if (waiting_->waiting() >= terms_.max_waiting) return false;
    if (admissions_.size() != 0 && admissions_.Find(hash, command.user).has_value()) return false;
    const std::uint64_t ahead = waiting_->waiting(command.tier);
    const std::uint64_t ticket = last_ticket_ + 1;
    if (!waiting_->TryJoin({.hash = hash,
                            .user = command.user,
                            .tier = command.tier,
                            .ticket = ticket,
                            .joined_at = latest_},
                           at)) {
      return false;
    }
    last_ticket_ = ticket;
    if (log_ != nullptr) LogNewcomer(command);
    answer.code = Code::kDone;
    TellNewcomer(command, ahead, answer);
    return true;
  }
  // Who has just got the last ticket.
  void TellNewcomer(const QueueCommand& command, std::uint64_t ahead, QueueAnswer& answer) const
      FLASHSALE_REQUIRES(mutex_) {
    answer.entry = {.user = command.user,
                    .state = TicketState::kWaiting,
                    .tier = command.tier,
                    .ticket = last_ticket_,
                    .place = last_ticket_,
                    .joined_at = latest_};
    answer.ahead = ahead;
  }
  void LogNewcomer(const QueueCommand& command, std::uint64_t place = 0) const
      FLASHSALE_REQUIRES(mutex_);
  // Who waits and is not silent; kNone otherwise, and a silent one is gone.
  Entry FindWaiting(std::uint64_t hash, const UserId& user, Time at) FLASHSALE_REQUIRES(mutex_);
  // False where memory ran out; then nothing changed.
  bool Carry(const QueueCommand& command, std::uint64_t hash, Time at, QueueAnswer& answer)
      FLASHSALE_REQUIRES(mutex_);
  bool Join(const QueueCommand& command, std::uint64_t hash, Time at, QueueAnswer& answer)
      FLASHSALE_REQUIRES(mutex_);
  Time restore_end() const { return SaturatingAdd(opened_at_, terms_.restore_window); }
  // Whether the place that is brought counts, for somebody without one.
  bool TakesBack(const QueueCommand& command) const FLASHSALE_REQUIRES(mutex_);
  // Who waits leaves; false where memory ran out, and then nothing changed.
  bool Leave(Entry entry, std::uint64_t hash) FLASHSALE_REQUIRES(mutex_);
  static Code CodeFor(QueueVerb verb, bool known);
  bool IsSound(const QueueCommand& command) const;
  Code Complete(const QueueCommand& command, std::uint64_t hash) FLASHSALE_REQUIRES(mutex_);
  QueueEntry EntryOf(const LiveAdmission& admission) const FLASHSALE_REQUIRES(mutex_);

  std::uint32_t RoomAt(Time at) const FLASHSALE_REQUIRES(mutex_);
  // The first of a tier who is not silent; kNone where there is nobody, or `looks` were not enough.
  Entry FrontOf(std::size_t tier, Time at, std::uint64_t& looks) FLASHSALE_REQUIRES(mutex_);
  void Freeze(std::size_t tier) FLASHSALE_REQUIRES(mutex_);
  void ChangePace(const QueuePace& pace) FLASHSALE_REQUIRES(mutex_);
  Status ListEntrants(std::uint8_t tier) FLASHSALE_REQUIRES(mutex_);
  // What Replay does with a ticket, and with a stage.
  const char* ReplayTicket(const QueueEvent& event, Time at) FLASHSALE_REQUIRES(mutex_);
  const char* ReplayStage(const QueueEvent& event) FLASHSALE_REQUIRES(mutex_);

  // The one who waits there is let in; false where memory ran out, and then nothing changed.
  bool LetIn(Entry entry, Time at, QueueEntry& admitted) FLASHSALE_REQUIRES(mutex_);

  const QueueTerms terms_;
  const Time opened_at_;
  const engine::KeyedHash hash_;
  std::unique_ptr<LineLog> log_;
  AdmissionTable admissions_;  // changed under the mutex alone, but for what is used

  WordMutex mutex_;
  Time latest_ FLASHSALE_GUARDED_BY(mutex_){};  // of the host's time, that a call has brought
  QueueClock clock_ FLASHSALE_GUARDED_BY(mutex_);
  std::array<QueueStage, kMaxTiers> stages_ FLASHSALE_GUARDED_BY(mutex_);
  Time next_freeze_ FLASHSALE_GUARDED_BY(mutex_) = kMinTime;  // no tier freezes by itself before
  bool made_anew_ FLASHSALE_GUARDED_BY(mutex_) = false;       // and no call has come since
  std::unique_ptr<WaitingTickets> waiting_ FLASHSALE_GUARDED_BY(mutex_);  // null once closed
  std::deque<Window> windows_ FLASHSALE_GUARDED_BY(mutex_);               // the earliest first
  QueuePace pace_ FLASHSALE_GUARDED_BY(mutex_);
  Time pace_set_at_ FLASHSALE_GUARDED_BY(mutex_);
  CellRate rate_ FLASHSALE_GUARDED_BY(mutex_);
  std::int64_t tat_ns_ FLASHSALE_GUARDED_BY(mutex_) = 0;  // in the queue's time; see CellRate
  std::uint64_t last_ticket_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_number_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t revision_ FLASHSALE_GUARDED_BY(mutex_) = 1;
  std::uint64_t strategy_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t restored_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  // Who has left with a place that was brought back; until the restore window ends.  One for each
  // such place at the most.
  std::set<UserId> gave_up_ FLASHSALE_GUARDED_BY(mutex_);
  std::uint64_t admitted_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t completed_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t left_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t fell_silent_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::uint64_t windows_lapsed_ FLASHSALE_GUARDED_BY(mutex_) = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_LINE_H_
