#ifndef FLASHSALE_REPOSITORY_QUEUE_REPOSITORY_H_
#define FLASHSALE_REPOSITORY_QUEUE_REPOSITORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What one user does about a queue.  The numbers are stable across versions.
enum class QueueVerb : std::uint8_t {
  // Done with a new ticket; AlreadyDone with the one they have, waiting or admitted;
  // SaleEnded where the queue is closed; WaitingPage where `max_waiting` wait already.
  // Also a heartbeat.
  kJoin = 1,
  // The place is free at once, or the admission ends.  No ticket is left.  Done; AlreadyDone where
  // they have no ticket.
  kLeave = 2,
  // They are still there.  Done; UnknownTicket where they have none.
  kTouch = 3,
  // Just looks: AlreadyDone, or UnknownTicket.
  kLook = 4,
  // They are finished with `admission`: its slot is free, and no ticket is left.  Done; AlreadyDone
  // where it is over or never was this user's.
  kComplete = 5,
  // They had a ticket in a queue that was lost, at `place`.  Within the restore window, while the
  // tier gathers, as kJoin, and the place is remembered (QueueEntry::restored_place).  So it is
  // where they have a ticket of that tier without one; else the first that was brought counts.  Who
  // has left with such a place since the queue was opened has given it up.  Later no more than a
  // kJoin.
  kRestore = 6,
};

struct QueueCommand {
  QueueVerb verb = QueueVerb::kLook;
  // kJoin, kRestore: below QueueTerms::tiers.  A user who has a ticket keeps its tier.
  std::uint8_t tier = 0;
  UserId user = {};
  // kComplete: the number of the admission.
  std::uint64_t admission = 0;
  // kRestore: where they stood; of two the lower was ahead.  1 to 2^53 - 1.
  std::uint64_t place = 0;

  friend bool operator==(const QueueCommand&, const QueueCommand&) = default;
};

// How a command was answered, and how its user stands after it.
struct QueueAnswer {
  // Invalid for a nil user, a tier, a verb or a place that there is not.
  Code code = Code::kInvalid;
  // Where the user has no ticket, the user alone; for an Invalid nobody.
  QueueEntry entry = {};
  // For who waits: how many live tickets of the same tier are ahead of this one.  While the tier
  // gathers, or is frozen, in order of the tickets: a draw may change it, and so may places that
  // were brought back.
  std::uint64_t ahead = 0;

  friend bool operator==(const QueueAnswer&, const QueueAnswer&) = default;
};

// The stages of a tier's line, one after the other.
enum class QueueStage : std::uint8_t {
  kGathering = 1,  // before it opens: people come, nobody is let in
  kFrozen = 2,     // who came before is being ordered; who comes now goes behind them
  kRunning = 3,
  kClosed = 4,  // nobody joins or is let in any more; who waits has no ticket any more
};

// What a queue knows of itself.
struct QueueState {
  // As it was opened, its pace included.
  QueueTerms terms = {};
  // Of now: that of the terms until SetPace.
  QueuePace pace = {};
  // When SetPace changed it last; when the queue was opened, if never.
  Time pace_set_at{};
  // By tier; kClosed beyond those that there are, and for all where the queue was closed.
  std::array<QueueStage, kMaxTiers> stages = {};
  bool paused = false;
  // When this queue was opened: tickets of an earlier one come from another.
  Time opened_at{};
  // Grows with everything that an AdmitPlan depends on but who comes and goes: admissions, stages,
  // pauses, the pace.
  std::uint64_t revision = 0;
  // Live tickets by tier; see QueueRepository for those who fell silent.
  std::array<std::uint64_t, kMaxTiers> waiting = {};
  std::uint64_t in_flight = 0;  // live admissions
  std::uint64_t unused = 0;     // of these, those under which nothing was reserved yet
  // How many may be let in at this instant, by stages, pause, pace and max_in_flight alone.
  std::uint32_t room = 0;
  // When one more may be let in by the pace; in the past where room does not lack for it.
  Time next_room{};
  // What an allocation strategy keeps from one plan to the next.
  std::uint64_t strategy = 0;

  // Since the queue was opened.
  std::uint64_t joined = 0;    // also the last ticket that was given
  std::uint64_t restored = 0;  // of these, with a place that was remembered of a kRestore
  std::uint64_t admitted = 0;
  std::uint64_t completed = 0;
  std::uint64_t left = 0;            // waiting or admitted
  std::uint64_t fell_silent = 0;     // while waiting
  std::uint64_t windows_lapsed = 0;  // admissions that ended by time

  bool is_closed() const { return stages.front() == QueueStage::kClosed; }
};

// Whose turn it is.
struct TierPick {
  std::uint8_t tier = 0;
  // What the strategy keeps once this turn was taken.
  std::uint64_t state = 0;

  friend bool operator==(const TierPick&, const TierPick&) = default;
};

// Whom to let in next.
struct AdmitPlan {
  // Of the state that it was made from.
  std::uint64_t revision = 0;
  // One turn an admission, in this order.  A tier where nobody waits, or whose line does not run,
  // lets its turn pass.  If somebody was let in, QueueState::strategy becomes the state of the last
  // turn that was taken or passed.
  std::span<const TierPick> picks = {};
};

// What LapseDue did.
struct LapseReport {
  std::uint64_t fell_silent = 0;
  std::uint64_t windows_lapsed = 0;
  // More is due already.
  bool more = false;
  // Nothing lapses before this instant; kMaxTime where nothing can.
  Time next_due = kMaxTime;
};

// Somebody who came before the freeze.
struct Entrant {
  UserId user = {};
  std::uint64_t ticket = 0;
  // Where they stood in a queue that was lost; 0: they did not.
  std::uint64_t restored_place = 0;

  friend bool operator==(const Entrant&, const Entrant&) = default;
};

// The order of a stretch of one tier's entrants.
struct Arrangement {
  std::uint8_t tier = 0;
  // The place of the first of them in the tier, from 0.
  std::uint64_t first = 0;
  // Their tickets, who is let in first coming first.
  std::span<const std::uint64_t> tickets = {};
};

// An admission as the repository that gave it looks for it.
struct AdmissionProbe {
  SaleRef sale;
  UserId user = {};
  std::uint64_t hash = 0;
};

// The queues before sales: who waits, in which order, who was let in.  It owns tickets and
// `max_in_flight`; whether there is anything to let people in to is its caller's to know.
//
// In one queue, one instant after the other:
//   - a user has at most one live ticket; tickets are one dense sequence from 1
//   - of two who wait in a tier, who stands further ahead is let in first
//   - live admissions are at most max_in_flight, and come no faster than the pace; where
//     max_in_flight is lowered nobody is let in until they are fewer
//   - a place is free at once when its user leaves or was let in
//   - a tier gathers until GatheringEnd, and then freezes by itself: a call at that instant finds
//     it frozen.  One whose gathering has ended when the queue is opened runs at once
// Who has fallen silent has no ticket any more in whatever they are told and is let in no more.
// What others are told (`ahead`, how many wait, max_waiting) may count them until a call has met
// them: LapseDue, which meets all, or any other in passing.  A position never grows for it.
// While a queue is paused nobody is let in and its time stands still: windows and silences go on
// where they stood when it resumes.
// Time does not run back: a `now` before one at which the queue was changed counts as that one.
//
// Implementer's duty: any thread (and process, where the store is shared); every command applies
// wholly or not at all; no exception leaves an implementation; nothing reads a clock but a shared
// store its server's.
class FLASHSALE_EXPORT QueueRepository {
 public:
  virtual ~QueueRepository() = default;

  // Makes a queue.  Done; AlreadyDone where it was opened with the same terms, whatever SetPace has
  // made of its pace since.
  // Errors: InvalidArgument (names the field), AlreadyExists (the sale's queue was opened with
  // other terms, or another pace), ResourceExhausted.
  virtual Result<Outcome> Open(const QueueTerms& terms, Time now) = 0;

  // Errors of all below: NotFound where the sale has no queue; InvalidArgument for a `now` that is
  // not valid; those of the store.

  // A name that makes later calls quicker.
  virtual Result<SaleRef> Resolve(const SaleId& sale) = 0;

  // Carries out a batch in order and writes one answer a command.  On an error of the store it was
  // not applied, or in part, or (Unknown) perhaps; to send the same batch again is safe.
  // Errors: InvalidArgument where the spans differ in size; then nothing was applied.
  virtual Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
                       std::span<QueueAnswer> answers) = 0;

  // Hashes the user and asks for the memory that FindAdmissions is going to need; never blocks.
  virtual AdmissionProbe Probe(const SaleRef& sale, const UserId& user) = 0;
  // The same for each of many.  Here it probes one after the other.  REQUIRES: as many probes as
  // users.
  virtual void ProbeAll(const SaleRef& sale, std::span<const UserId> users,
                        std::span<AdmissionProbe> probes) {
    for (std::size_t i = 0; i < users.size(); ++i) probes[i] = Probe(sale, users[i]);
  }

  // Writes the live admission of each, or one with the number 0.  Where a sale has no queue: that.
  // Errors: InvalidArgument where the spans differ in size; those of the store.
  virtual Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                std::span<Admission> admissions) = 0;

  // Something was reserved under each of these admissions, `numbers` of who was probed: they no
  // longer wait to be used.  One that is over or never was this user's changes nothing.  May be
  // sent again.
  // Errors: InvalidArgument where the spans differ in size; those of the store.
  virtual Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                          std::span<const std::uint64_t> numbers) = 0;

  virtual Result<QueueState> Read(const SaleRef& sale, Time now) = 0;

  // Lets in as many as the plan names, as there is room for, and as fit into `admitted`; how many.
  // What has lapsed makes room first.  Only a running line lets anybody in.  Fewer, perhaps
  // nobody, where a great many who fell silent stand in front: the next call goes on behind them.
  // Errors: InvalidArgument for a tier that there is not; Conflict where the queue has another
  // revision: somebody else has let people in.
  virtual Result<std::size_t> Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                                    std::span<QueueEntry> admitted) = 0;

  // Frees the places of those who fell silent, about `most` of them, and the slots of windows that
  // have passed.  Bounded work: where `more` is said, it may have freed nobody yet.
  virtual Result<LapseReport> LapseDue(const SaleRef& sale, Time now, std::size_t most) = 0;

  // Errors: InvalidArgument (names the field).
  virtual Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace) = 0;
  // Both also where it is so already.
  virtual Status Pause(const SaleRef& sale, Time now) = 0;
  virtual Status Resume(const SaleRef& sale, Time now) = 0;

  // Ends the gathering of a tier early: from kGathering to kFrozen; later it changes nothing.
  // Errors: InvalidArgument for a tier that there is not.
  virtual Status Freeze(const SaleRef& sale, Time now, std::uint8_t tier) = 0;

  // Copies the entrants of a frozen tier after the ticket `after`, in the order of tickets; how
  // many.  Those who have left since the freeze are among them or not.
  // Errors: FailedPrecondition where the tier is not frozen; InvalidArgument for one that there is
  // not.
  virtual Result<std::size_t> ReadEntrants(const SaleRef& sale, std::uint8_t tier,
                                           std::uint64_t after, std::span<Entrant> entrants) = 0;

  // Places entrants of a frozen tier.  Anybody may be placed again: the last place counts.
  // Errors: FailedPrecondition where the tier is not frozen; InvalidArgument where a ticket is no
  // entrant's of this tier, or the places go beyond the entrants; then nobody was placed.
  virtual Status Arrange(const SaleRef& sale, const Arrangement& arrangement) = 0;

  // A tier to kRunning: its entrants stand in the order of their arrangement, without one in that
  // of their tickets; behind them who came later.  One that gathers still is frozen first.  Where
  // it runs, this changes nothing.
  // Errors: FailedPrecondition where the queue is closed, or somebody who still waits was given no
  // place although others were; InvalidArgument for a tier that there is not.
  virtual Status Begin(const SaleRef& sale, Time now, std::uint8_t tier) = 0;

  // All tiers to kClosed.  Admissions live on until their windows end.
  virtual Status Close(const SaleRef& sale, Time now) = 0;

  // Removes the queue and returns all its memory.
  virtual Status Forget(const SaleRef& sale) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_QUEUE_REPOSITORY_H_
