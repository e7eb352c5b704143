// What callers do about a queue who hear no answer, and what a queue does not do.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "testing/probed_queue.h"
#include "testing/queue_check.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = kQueueOrigin;
constexpr Duration kMicrosecond{1};
constexpr std::uint64_t kUsers = 12;

// All that can be seen of a queue at one instant.
struct Picture {
  QueueState state;
  std::vector<QueueAnswer> stands;
  std::vector<Admission> admissions;

  friend bool operator==(const Picture& a, const Picture& b) {
    const auto counts = [](const QueueState& s) {
      return std::tie(s.terms, s.pace, s.pace_set_at, s.stages, s.paused, s.opened_at, s.revision,
                      s.waiting, s.in_flight, s.unused, s.room, s.next_room, s.strategy, s.joined,
                      s.restored, s.admitted, s.completed, s.left, s.fell_silent, s.windows_lapsed);
    };
    return counts(a.state) == counts(b.state) && a.stands == b.stands &&
           a.admissions == b.admissions;
  }
};

Picture PictureOf(ProbedQueue& queue, Time now) {
  Picture picture{.state = queue.Read(now)};
  for (std::uint64_t user = 1; user <= kUsers; ++user) {
    picture.stands.push_back(queue.Look(user, now));
    picture.admissions.push_back(queue.Find(user, now));
  }
  return picture;
}

// Makes a call twice: as it is made by who has not heard the answer.
template <typename Call>
void Twice(ProbedQueue& queue, Time now, Findings& f, std::string_view sentence, const Call& call) {
  call();
  const Picture once = PictureOf(queue, now);
  call();
  f.Expect(PictureOf(queue, now) == once, sentence);
}

// 1 and 2 are inside, 1 has used it; 3 and 4 wait in one tier, 5 in the other.
std::vector<QueueEntry> Fill(ProbedQueue& queue, Findings& f) {
  for (const std::uint64_t user : {1U, 2U}) queue.Join(user, kNow);
  std::vector<QueueEntry> admitted = queue.Admit(kNow, 2);
  f.Expect(admitted.size() == 2, "two who wait are not let in although there is room");
  admitted.resize(2);
  for (const std::uint64_t user : {3U, 4U}) queue.Join(user, kNow);
  queue.Join(5, kNow, 1);
  queue.MarkUsed(1, kNow, admitted[0].admission.number);
  return admitted;
}

void CheckResends(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  const std::vector<QueueEntry> admitted = Fill(queue, f);
  const Time now = kNow + seconds{5};
  // What each verb answers the second time.
  const auto resend = [&](const QueueCommand& command, Code code, const char* sentence) {
    const QueueAnswer lost = queue.Apply(now, {command}).front();
    const Picture once = PictureOf(queue, now);
    const QueueAnswer answer = queue.Apply(now, {command}).front();
    f.Expect(answer.code == code && answer.entry == lost.entry && answer.ahead == lost.ahead,
             sentence);
    f.Expect(PictureOf(queue, now) == once, sentence);
  };
  const auto of = [](QueueVerb verb, std::uint64_t user, std::uint64_t admission = 0) {
    return QueueCommand{.verb = verb, .user = QueueUser(user), .admission = admission};
  };
  for (const std::uint64_t user : {1U, 2U, 3U, 5U, 6U}) {
    resend(of(QueueVerb::kTouch, user), user == 6 ? Code::kUnknownTicket : Code::kDone,
           "a heartbeat that comes again does something else than the first");
    resend(of(QueueVerb::kLook, user), user == 6 ? Code::kUnknownTicket : Code::kAlreadyDone,
           "a look that comes again does something else than the first");
  }
  for (const std::uint64_t user : {1U, 3U, 5U, 6U}) {
    resend(of(QueueVerb::kJoin, user), Code::kAlreadyDone,
           "a join that comes again makes another ticket, or tells another");
  }
  for (const std::uint64_t user : {4U, 7U}) {
    resend(of(QueueVerb::kLeave, user), Code::kAlreadyDone,
           "who leaves is told or counted twice when the call comes again");
  }
  const std::uint64_t second = admitted[1].admission.number;
  Twice(queue, now, f, "an admission is used twice by a call that comes again",
        [&] { queue.MarkUsed(2, now, second); });
  resend(of(QueueVerb::kComplete, 2, second), Code::kAlreadyDone,
         "an admission is completed twice by a call that comes again");
  resend(of(QueueVerb::kLeave, 1), Code::kAlreadyDone,
         "who was let in leaves twice when the call comes again");

  // Sent in part, then as a whole.
  const std::vector<QueueCommand> batch = {of(QueueVerb::kJoin, 8), of(QueueVerb::kLeave, 3),
                                           of(QueueVerb::kJoin, 9), of(QueueVerb::kTouch, 5),
                                           of(QueueVerb::kJoin, 10)};
  for (std::size_t part = 0; part < batch.size(); ++part) {
    queue.Apply(now, {batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(part)});
  }
  queue.Apply(now, batch);
  Twice(queue, now, f, "a batch that comes again changes something",
        [&] { queue.Apply(now, batch); });
  const QueueState state = queue.Read(now);
  f.Expect(state.joined == 9 && state.waiting[0] == 4 && state.waiting[1] == 1 && state.left == 3,
           "a batch that was carried out in part before does not end as one that was not");
}

void CheckLateResends(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  const std::uint64_t first = Fill(queue, f)[0].admission.number;
  queue.Do(QueueVerb::kComplete, 1, kNow, first);
  const Time later = kNow + seconds{20};
  for (std::uint64_t user = 3; user <= 5; ++user) queue.Do(QueueVerb::kTouch, user, later);
  const QueueEntry back = queue.Join(1, later).entry;
  const auto expect_nothing = [&](QueueVerb verb, const char* sentence) {
    const Picture before = PictureOf(queue, later);
    f.Expect(queue.Do(verb, 1, later, first).code == Code::kAlreadyDone, sentence);
    f.Expect(PictureOf(queue, later) == before, sentence);
  };
  expect_nothing(QueueVerb::kComplete, "who waits anew is finished by a call about what is over");
  f.Expect(queue.Join(1, later).entry == back, "a join that comes late tells another ticket");
  f.Expect(queue.Admit(later, 9).size() == 3, "three who wait are not let in");
  const Picture before = PictureOf(queue, later);
  queue.MarkUsed(1, later, first);
  f.Expect(PictureOf(queue, later) == before,
           "a call about an admission that is over uses the one after it");
  expect_nothing(QueueVerb::kComplete,
                 "a call about an admission that is over ends the one after it");
  f.Expect(queue.Join(1, later).entry.state == TicketState::kAdmitted,
           "a join that comes late, to who was let in, makes another ticket");
}

void CheckOperatorsResends(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.opens[0] = terms.opens[1] = kNow + minutes{1};
  ProbedQueue queue(storage, terms, f);
  QueueRepository& queues = queue.queues();
  const SaleRef& sale = queue.sale();
  const auto twice = [&](const char* sentence, Time now, const auto& call) {
    Twice(queue, now, f, sentence, [&] { f.ExpectStatus(call(), StatusCode::kOk, sentence); });
  };
  for (std::uint64_t user = 1; user <= 4; ++user) queue.Join(user, kNow);
  Twice(queue, kNow, f, "Open that comes again changes a queue",
        [&] { f.Expect(queues.Open(terms, kNow).ok(), "Open again"); });
  twice("Freeze that comes again", kNow, [&] { return queues.Freeze(sale, kNow, 0); });
  const std::array<std::uint64_t, 4> order = {3, 1, 4, 2};
  twice("Arrange that comes again", kNow, [&] { return queues.Arrange(sale, {.tickets = order}); });
  twice("Begin that comes again", kNow, [&] { return queues.Begin(sale, kNow, 0); });
  f.Expect(queue.Look(3, kNow).ahead == 0 && queue.Look(2, kNow).ahead == 3,
           "an order that was given twice is not followed");
  const QueuePace pace{.admissions_per_second = 500, .max_in_flight = 50};
  twice("SetPace that comes again", kNow, [&] { return queues.SetPace(sale, kNow, pace); });

  const std::array<TierPick, 2> picks = {{{0, 6}, {0, 7}}};
  const AdmitPlan plan{.revision = queue.Read(kNow).revision, .picks = picks};
  std::array<QueueEntry, 2> admitted;
  const Result<std::size_t> lost = queues.Admit(sale, kNow, plan, admitted);
  f.Expect(lost.ok() && *lost == 2, "two who wait are not let in although there is room");
  const Picture let_in = PictureOf(queue, kNow);
  f.Expect(let_in.stands[2].entry == admitted[0] && let_in.stands[0].entry == admitted[1],
           "a look does not tell who was let in by a call without an answer");
  f.ExpectError(queues.Admit(sale, kNow, plan, admitted), StatusCode::kConflict,
                "a plan that comes again");
  f.Expect(PictureOf(queue, kNow) == let_in, "a plan that comes again lets somebody in");

  const Time later = kNow + seconds{10};
  twice("Pause that comes again", later, [&] { return queues.Pause(sale, later); });
  twice("Resume that comes again", later, [&] { return queues.Resume(sale, later); });
  const Time end = later + minutes{2};
  Twice(queue, end, f, "LapseDue that comes again frees more", [&] { queue.Lapse(end); });
  f.Expect(queue.Read(end).fell_silent == 2 && queue.Read(end).windows_lapsed == 2,
           "what has lapsed is counted twice, or not at all");
  twice("Close that comes again", end, [&] { return queues.Close(sale, end); });
  f.ExpectStatus(queues.Forget(sale), StatusCode::kOk, "Forget");
  f.ExpectStatus(queues.Forget(sale), StatusCode::kNotFound, "Forget that comes again");
}

void CheckRefusals(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.max_waiting = 3;
  ProbedQueue queue(storage, terms, f);
  QueueRepository& queues = queue.queues();
  const SaleRef& sale = queue.sale();
  Fill(queue, f);
  const auto refused = [&](const char* sentence, const auto& call) {
    const Picture before = PictureOf(queue, kNow);
    call();
    f.Expect(PictureOf(queue, kNow) == before, sentence);
  };
  const auto join = [&](std::uint64_t user, Code code) {
    f.Expect(queue.Join(user, kNow).code == code, "a join is not refused");
  };
  refused("a join beyond the cap leaves something", [&] { join(6, Code::kWaitingPage); });
  refused("a command of no tier, user or verb leaves something", [&] {
    queue.Apply(kNow, {{.verb = QueueVerb::kJoin, .tier = 2, .user = QueueUser(7)},
                       {.verb = QueueVerb::kJoin},
                       {.verb = static_cast<QueueVerb>(9), .user = QueueUser(3)}});
  });
  const std::array<QueueCommand, 2> leave = {
      QueueCommand{.verb = QueueVerb::kLeave, .user = QueueUser(3)},
      QueueCommand{.verb = QueueVerb::kLeave, .user = QueueUser(4)}};
  const StatusCode invalid = StatusCode::kInvalidArgument;
  refused("a batch with too few answers is carried out", [&] {
    QueueAnswer one;
    f.ExpectStatus(queues.Apply(sale, kNow, leave, {&one, 1}), invalid, "Apply");
  });
  refused("a batch at no time is carried out", [&] {
    std::array<QueueAnswer, 2> answers;
    f.ExpectStatus(queues.Apply(sale, kMaxTime + kMicrosecond, leave, answers), invalid, "Apply");
  });
  std::array<QueueEntry, 4> admitted;
  const std::uint64_t revision = queue.Read(kNow).revision;
  const std::array<TierPick, 2> picks = {{{0, 1}, {0, 2}}};
  const std::array<TierPick, 2> no_tier = {{{0, 1}, {2, 2}}};
  refused("a plan for another revision lets somebody in", [&] {
    const AdmitPlan plan{.revision = revision + 1, .picks = picks};
    f.ExpectError(queues.Admit(sale, kNow, plan, admitted), StatusCode::kConflict, "Admit");
  });
  refused("a plan with a tier that there is not is followed up to there", [&] {
    const AdmitPlan plan{.revision = revision, .picks = no_tier};
    f.ExpectError(queues.Admit(sale, kNow, plan, admitted), invalid, "Admit");
  });
  refused("a pace that is refused is kept", [&] {
    f.ExpectStatus(queues.SetPace(sale, kNow, {.admissions_per_second = 0}), invalid, "SetPace");
  });
  refused("an order for a queue that runs leaves something", [&] {
    const std::array<std::uint64_t, 2> order = {4, 3};
    f.ExpectStatus(queues.Arrange(sale, {.tickets = order}), StatusCode::kFailedPrecondition,
                   "Arrange");
  });
  refused("other terms for a queue that is there are kept", [&] {
    QueueTerms others = terms;
    others.grant = 9;
    f.ExpectError(queues.Open(others, kNow), StatusCode::kAlreadyExists, "Open");
  });
  f.ExpectStatus(queues.Close(sale, kNow), StatusCode::kOk, "Close");
  refused("a join after the end leaves something", [&] { join(8, Code::kSaleEnded); });
  refused("a queue that is closed begins", [&] {
    f.ExpectStatus(queues.Begin(sale, kNow, 0), StatusCode::kFailedPrecondition, "Begin");
  });
}

}  // namespace

std::span<const NamedCheck> QueueFaultChecks() {
  static constexpr std::array<NamedCheck, 4> kChecks = {{
      {"queues/resends", &CheckResends},
      {"queues/late resends", &CheckLateResends},
      {"queues/operators' resends", &CheckOperatorsResends},
      {"queues/refusals", &CheckRefusals},
  }};
  return kChecks;
}

}  // namespace flashsale::inline v0
