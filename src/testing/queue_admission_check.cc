// Who is let in, how fast, how many at once, and for how long.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "testing/probed_queue.h"
#include "testing/queue_check.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = kQueueOrigin;
constexpr Duration kMicrosecond{1};

void JoinAll(ProbedQueue& queue, std::uint64_t first, std::uint64_t last, Time now) {
  for (std::uint64_t user = first; user <= last; ++user) queue.Join(user, now);
}

void CheckAdmissions(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  JoinAll(queue, 1, 4, kNow);
  const Time now = kNow + seconds{5};
  const std::vector<QueueEntry> admitted = queue.Admit(now, 2);
  f.Expect(admitted.size() == 2, "two who wait are not let in although there is room");
  if (admitted.size() != 2) return;
  for (std::uint64_t i = 0; i < 2; ++i) {
    const QueueEntry& entry = admitted[i];
    f.Expect(entry.user == QueueUser(i + 1) && entry.state == TicketState::kAdmitted &&
                 entry.ticket == i + 1 && entry.joined_at == kNow,
             "who stands further ahead is not let in first");
    f.Expect(entry.admission.grant == 2 && entry.admission.until == now + minutes{1},
             "an admission has not the grant and the window of the terms");
    f.Expect(entry.admission.number >= static_cast<std::uint64_t>(now.time_since_epoch().count()) &&
                 entry.admission.number <= kMaxExactInteger,
             "an admission's number lies before the microsecond in which it was given");
  }
  f.Expect(admitted[0].admission.number < admitted[1].admission.number,
           "numbers of admissions do not grow");
  f.Expect(queue.Look(1, now).entry == admitted[0] && queue.Look(1, now).ahead == 0,
           "who was let in is told otherwise");
  f.Expect(queue.Join(2, now).code == Code::kAlreadyDone && queue.Join(2, now).entry == admitted[1],
           "who was let in joins once more");
  f.Expect(queue.Look(3, now).ahead == 0 && queue.Look(4, now).ahead == 1,
           "who was let in stands ahead still");
  f.Expect(
      queue.Find(1, now) == admitted[0].admission && queue.Find(2, now) == admitted[1].admission,
      "FindAdmissions does not find who was let in");
  f.Expect(queue.Find(3, now).number == 0 && queue.Find(9, now).number == 0,
           "FindAdmissions finds who was not let in");

  const QueueState state = queue.Read(now);
  f.Expect(
      state.in_flight == 2 && state.unused == 2 && state.admitted == 2 && state.waiting[0] == 2,
      "those let in are miscounted");
  const std::uint64_t first = admitted[0].admission.number;
  queue.MarkUsed(1, now, 0);
  queue.MarkUsed(1, now, admitted[1].admission.number + 1);
  f.Expect(queue.Read(now).unused == 2, "a number that was never given is used");
  queue.MarkUsed(2, now, first);
  f.Expect(queue.Read(now).unused == 2, "another's admission is used");
  queue.MarkUsed(1, now, first);
  queue.MarkUsed(1, now, first);
  f.Expect(queue.Read(now).unused == 1 && queue.Read(now).in_flight == 2,
           "those who have not used their admission are miscounted");
  f.Expect(queue.Find(1, now) == admitted[0].admission, "an admission that is used is over");
  f.Expect(queue.Do(QueueVerb::kComplete, 2, now, first).code == Code::kAlreadyDone &&
               queue.Read(now).in_flight == 2,
           "Complete of another's admission ends something");
  const QueueAnswer completed = queue.Do(QueueVerb::kComplete, 1, now, first);
  f.Expect(completed.code == Code::kDone && completed.entry.state == TicketState::kNone,
           "who is finished has a ticket");
  f.Expect(queue.Do(QueueVerb::kComplete, 1, now, first).code == Code::kAlreadyDone,
           "Complete once more");
  f.Expect(queue.Do(QueueVerb::kLeave, 2, now).code == Code::kDone, "Leave of who was let in");
  const QueueState after = queue.Read(now);
  f.Expect(after.in_flight == 0 && after.unused == 0 && after.completed == 1 && after.left == 1,
           "admissions that ended are miscounted");
  f.Expect(queue.Find(1, now).number == 0 && queue.Find(2, now).number == 0,
           "FindAdmissions finds what has ended");
  const QueueAnswer back = queue.Join(1, now);
  f.Expect(back.code == Code::kDone && back.entry.ticket == 5, "who is finished cannot join again");
  queue.Admit(now, 3);
  f.Expect(queue.Find(1, now).number > admitted[1].admission.number,
           "a user's second admission has no higher number");
}

void CheckWindows(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  JoinAll(queue, 1, 3, kNow);
  const std::vector<QueueEntry> admitted = queue.Admit(kNow, 2);
  if (admitted.size() != 2) return f.Expect(false, "two are not let in");
  const Time end = kNow + minutes{1};
  queue.Do(QueueVerb::kTouch, 1, kNow + seconds{20});
  f.Expect(queue.Look(1, end - kMicrosecond).entry.admission.until == end,
           "an admission is over too early, or was made longer");
  f.Expect(queue.Find(1, end - kMicrosecond) == admitted[0].admission,
           "FindAdmissions does not find what is live still");
  f.Expect(queue.Find(1, end).number == 0, "FindAdmissions finds what is over");
  f.Expect(queue.Read(end).in_flight == 0 && queue.Read(end).windows_lapsed == 2,
           "a window that has passed holds its slot");
  f.Expect(queue.Look(1, end).code == Code::kUnknownTicket, "who was let in has a ticket for ever");
  queue.MarkUsed(1, end, admitted[0].admission.number);
  f.Expect(queue.Read(end).unused == 0, "an admission that is over is used");
  const LapseReport report = queue.Lapse(end);
  f.Expect(report.windows_lapsed == 0 && report.next_due == kMaxTime,
           "LapseDue finds a window again that has passed");
}

// All permits there are, one by one, so that not one more is.
std::size_t AdmitAll(ProbedQueue& queue, Time now) {
  std::size_t admitted = 0;
  while (admitted < 1'000 && queue.Admit(now, 1).size() == 1) ++admitted;
  return admitted;
}

void CheckPace(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.pace = {.admissions_per_second = 40, .max_in_flight = 1'000};
  ProbedQueue queue(storage, terms, f);
  JoinAll(queue, 1, 200, kNow);
  f.Expect(queue.Read(kNow).room == 4 && queue.Read(kNow).next_room <= kNow,
           "at first there is not room for a tenth of a second's admissions");
  f.Expect(AdmitAll(queue, kNow) == 4,
           "at once more or fewer are let in than a tenth of a second's");
  const Duration step{25'000};
  f.Expect(queue.Read(kNow).room == 0 && queue.Read(kNow).next_room == kNow + step,
           "the next is not let in a fortieth of a second later");
  f.Expect(AdmitAll(queue, kNow + step - kMicrosecond) == 0, "somebody is let in too early");
  f.Expect(AdmitAll(queue, kNow + step) == 1, "not one is let in a fortieth of a second later");
  Time now = kNow + step;
  std::size_t admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += AdmitAll(queue, now += Duration{10'000});
  f.Expect(admitted == 40, "in a second more or fewer are let in than the pace says");
  f.Expect(AdmitAll(queue, now + seconds{20}) == 4, "a pause among customers is caught up with");

  now += seconds{20};
  f.Expect(queue.queues()
               .SetPace(queue.sale(), now, {.admissions_per_second = 1, .max_in_flight = 1'000})
               .ok(),
           "SetPace");
  f.Expect(queue.Read(now).pace.admissions_per_second == 1, "SetPace sets nothing");
  admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += AdmitAll(queue, now += Duration{100'000});
  f.Expect(admitted >= 4 && admitted <= 6, "a new pace is not kept");
}

void CheckInFlight(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.pace = {.admissions_per_second = 10'000, .max_in_flight = 3};
  ProbedQueue queue(storage, terms, f);
  JoinAll(queue, 1, 30, kNow);
  f.Expect(queue.Read(kNow).room == 3 && queue.Admit(kNow, 10).size() == 3,
           "not max_in_flight are let in");
  f.Expect(queue.Read(kNow).room == 0 && queue.Admit(kNow + seconds{1}, 10).empty(),
           "more are let in than max_in_flight");
  f.Expect(queue.Read(kNow + seconds{1}).next_room <= kNow + seconds{1},
           "next_room speaks of more than the pace");
  const std::uint64_t number = queue.Look(1, kNow).entry.admission.number;
  queue.Do(QueueVerb::kComplete, 1, kNow + seconds{1}, number);
  queue.Do(QueueVerb::kLeave, 2, kNow + seconds{1});
  f.Expect(queue.Admit(kNow + seconds{1}, 10).size() == 2, "a slot is not free when it is left");
  for (const Duration heartbeat : {seconds{25}, seconds{50}}) {
    for (std::uint64_t user = 6; user <= 30; ++user) {
      queue.Do(QueueVerb::kTouch, user, kNow + heartbeat);
    }
  }
  f.Expect(queue.Admit(kNow + minutes{1} - kMicrosecond, 10).empty(), "a slot is free too early");
  f.Expect(queue.Admit(kNow + minutes{1}, 10).size() == 1,
           "what has lapsed does not make room first");
  const auto set = [&](std::uint32_t most) {
    f.Expect(queue.queues()
                 .SetPace(queue.sale(), kNow + minutes{1},
                          {.admissions_per_second = 10'000, .max_in_flight = most})
                 .ok(),
             "SetPace");
  };
  set(1);
  f.Expect(queue.Read(kNow + minutes{1}).room == 0 && queue.Admit(kNow + minutes{1}, 1).empty(),
           "somebody is let in although more are inside than may be now");
  set(5);
  f.Expect(queue.Admit(kNow + minutes{1}, 10).size() == 2, "a higher max_in_flight is not used");
}

void CheckPlans(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  QueueRepository& queues = queue.queues();
  JoinAll(queue, 1, 3, kNow);
  queue.Join(11, kNow, 1);
  std::uint64_t revision = queue.Read(kNow).revision;
  queue.Join(12, kNow, 1);
  queue.Do(QueueVerb::kLeave, 3, kNow);
  f.Expect(queue.Read(kNow).revision == revision, "the revision grows with who comes and goes");

  const std::array<TierPick, 6> picks = {{{1, 1}, {0, 2}, {1, 3}, {1, 4}, {1, 5}, {0, 6}}};
  std::array<QueueEntry, 8> admitted;
  f.ExpectError(
      queues.Admit(queue.sale(), kNow, {.revision = revision + 1, .picks = picks}, admitted),
      StatusCode::kConflict, "Admit by a plan for another revision");
  const std::array<TierPick, 2> no_tier = {{{0, 1}, {2, 2}}};
  f.ExpectError(
      queues.Admit(queue.sale(), kNow, {.revision = revision, .picks = no_tier}, admitted),
      StatusCode::kInvalidArgument, "Admit to a tier that there is not");
  f.Expect(queue.Read(kNow).admitted == 0 && queue.Read(kNow).strategy == 0,
           "a plan that fails lets somebody in, or is remembered");
  const AdmitPlan plan{.revision = revision, .picks = picks};
  const Result<std::size_t> count = queues.Admit(queue.sale(), kNow, plan, admitted);
  // The second tier runs out after two: the rest of its turns is passed over.
  f.Expect(count.ok() && *count == 4 && admitted[0].user == QueueUser(11) &&
               admitted[1].user == QueueUser(1) && admitted[2].user == QueueUser(12) &&
               admitted[3].user == QueueUser(2),
           "a plan is not followed tier by tier, past those where nobody waits");
  const QueueState state = queue.Read(kNow);
  f.Expect(state.revision > revision, "the revision does not grow with admissions");
  f.Expect(state.strategy == 6, "what a strategy keeps after the last turn is not kept");
  f.ExpectError(queues.Admit(queue.sale(), kNow, plan, admitted), StatusCode::kConflict,
                "Admit by a plan that was carried out already");

  JoinAll(queue, 21, 25, kNow);
  const std::array<TierPick, 5> five = {{{0, 7}, {0, 8}, {0, 9}, {0, 10}, {0, 11}}};
  revision = queue.Read(kNow).revision;
  const Result<std::size_t> two = queues.Admit(
      queue.sale(), kNow, {.revision = revision, .picks = five}, std::span(admitted).first(2));
  f.Expect(two.ok() && *two == 2 && queue.Read(kNow).admitted == 6,
           "more are let in than fit into the answer");
  f.Expect(queue.Read(kNow).strategy == 8, "a strategy keeps what comes after turns not taken");
  revision = queue.Read(kNow).revision;
  f.Expect(queues.SetPace(queue.sale(), kNow, {}).ok() && queue.Read(kNow).revision > revision,
           "the revision does not grow with the pace");
}

void CheckPause(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  QueueRepository& queues = queue.queues();
  JoinAll(queue, 1, 3, kNow);
  const std::vector<QueueEntry> admitted = queue.Admit(kNow, 1);
  if (admitted.size() != 1) return f.Expect(false, "nobody is let in");
  const Time paused = kNow + seconds{10};
  const std::uint64_t revision = queue.Read(paused).revision;
  f.ExpectStatus(queues.Pause(queue.sale(), paused), StatusCode::kOk, "Pause");
  f.ExpectStatus(queues.Pause(queue.sale(), paused + seconds{5}), StatusCode::kOk, "Pause again");
  f.Expect(queue.Read(paused).paused && queue.Read(paused).revision > revision,
           "a pause is not told, or the revision does not grow with it");
  const Time later = paused + minutes{30};
  f.Expect(queue.Admit(later, 1).empty() && queue.Read(later).room == 0,
           "somebody is let in while the queue is paused");
  const LapseReport report = queue.Lapse(later);
  f.Expect(report.fell_silent == 0 && report.windows_lapsed == 0 && report.next_due == kMaxTime,
           "time does not stand still while the queue is paused");
  f.Expect(queue.Look(1, later).entry.admission.until == later + seconds{50} &&
               queue.Find(1, later).until == later + seconds{50},
           "the end of a window does not move with a pause");
  f.Expect(queue.Find(1, later).number == admitted[0].admission.number,
           "an admission has another number in a pause");
  f.Expect(queue.Join(4, later).code == Code::kDone, "nobody joins while the queue is paused");
  f.ExpectStatus(queues.Resume(queue.sale(), later), StatusCode::kOk, "Resume");
  f.ExpectStatus(queues.Resume(queue.sale(), later), StatusCode::kOk, "Resume again");
  f.Expect(!queue.Read(later).paused, "a queue that resumed is paused");
  f.Expect(queue.Find(1, later + seconds{50} - kMicrosecond).number != 0 &&
               queue.Find(1, later + seconds{50}).number == 0,
           "a window does not go on where it stood");
  f.Expect(queue.Look(2, later + seconds{20} - kMicrosecond).code == Code::kAlreadyDone &&
               queue.Look(2, later + seconds{20}).code == Code::kUnknownTicket,
           "a silence does not go on where it stood");
  f.Expect(queue.Look(4, later + seconds{30} - kMicrosecond).code == Code::kAlreadyDone,
           "the silence of who joined in a pause began before it ended");
}

}  // namespace

std::span<const NamedCheck> QueueAdmissionChecks() {
  static constexpr std::array<NamedCheck, 6> kChecks = {{
      {"queues/admissions", &CheckAdmissions},
      {"queues/windows", &CheckWindows},
      {"queues/pace", &CheckPace},
      {"queues/in flight", &CheckInFlight},
      {"queues/plans", &CheckPlans},
      {"queues/pause", &CheckPause},
  }};
  return kChecks;
}

}  // namespace flashsale::inline v0
