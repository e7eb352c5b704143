// What a user may do about a queue, and what they are told.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "testing/probed_queue.h"
#include "testing/queue_check.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::seconds;

constexpr Time kNow = kQueueOrigin;
constexpr Duration kMicrosecond{1};

void CheckOpening(Storage& storage, Findings& f) {
  QueueRepository& queues = storage.queue();
  QueueTerms terms = PlainQueue();
  ProbedQueue queue(storage, terms, f);
  const auto expect = [&](const QueueTerms& asked, Code code, const char* sentence) {
    const Result<Outcome> opened = queues.Open(asked, kNow);
    f.Expect(opened.ok() && opened->code == code, sentence);
  };
  expect(terms, Code::kAlreadyDone, "a queue opened again with its terms is not AlreadyDone");
  const QueuePace slower{.admissions_per_second = 5, .max_in_flight = terms.pace.max_in_flight};
  const QueuePace fewer{.admissions_per_second = terms.pace.admissions_per_second,
                        .max_in_flight = 5};
  for (const QueuePace& pace : {slower, fewer}) {
    terms.pace = pace;
    f.ExpectError(queues.Open(terms, kNow), StatusCode::kAlreadyExists, "Open with another pace");
  }
  f.ExpectStatus(queues.SetPace(terms.sale, kNow, slower), StatusCode::kOk, "SetPace");
  expect(PlainQueue(), Code::kAlreadyDone,
         "a queue whose pace was set is not AlreadyDone where it is opened again with its terms");
  f.Expect(queue.Read(kNow).terms == PlainQueue() && queue.Read(kNow).pace == slower,
           "a queue that is opened again has other terms, or another pace");
  terms = PlainQueue();
  terms.grant = 9;
  f.ExpectError(queues.Open(terms, kNow), StatusCode::kAlreadyExists, "Open with other terms");
  terms.grant = 0;
  f.ExpectError(queues.Open(terms, kNow), StatusCode::kInvalidArgument, "Open with a grant of 0");
  terms = PlainQueue();
  terms.sale = "another";
  expect(terms, Code::kDone, "a second queue is not opened");
  f.Expect(queue.Join(1, kNow).code == Code::kDone, "Join");
  const Result<QueueState> other = queues.Read("another", kNow);
  f.Expect(other.ok() && other->joined == 0, "two sales share one queue");

  const Result<SaleRef> resolved = queues.Resolve(terms.sale);
  f.Expect(resolved.ok() && resolved->id() == terms.sale, "Resolve");
  if (!resolved.ok()) return;
  f.Expect(queues.Read(*resolved, kNow).ok(), "a resolved name is not understood");
  f.ExpectStatus(queues.Forget(*resolved), StatusCode::kOk, "Forget");
  f.ExpectError(queues.Read(*resolved, kNow), StatusCode::kNotFound, "Read of what is forgotten");
  expect(terms, Code::kDone, "a queue that was forgotten is not opened anew");
  const Result<QueueState> anew = queues.Read(*resolved, kNow);
  f.Expect(anew.ok() && anew->joined == 0, "a resolved name is lost when its queue is made anew");
  f.Expect(queue.Read(kNow).joined == 1, "to forget one queue changes another");
}

void CheckUnknownSale(Storage& storage, Findings& f) {
  QueueRepository& queues = storage.queue();
  const SaleRef sale("nowhere");
  const QueueCommand command{.user = QueueUser(1)};
  QueueAnswer answer;
  const StatusCode none = StatusCode::kNotFound;
  f.ExpectError(queues.Resolve("nowhere"), none, "Resolve of no queue");
  f.ExpectStatus(queues.Apply(sale, kNow, {&command, 1}, {&answer, 1}), none, "Apply to no queue");
  f.ExpectError(queues.Read(sale, kNow), none, "Read of no queue");
  f.ExpectError(queues.Admit(sale, kNow, {}, {}), none, "Admit to no queue");
  f.ExpectError(queues.LapseDue(sale, kNow, 1), none, "LapseDue of no queue");
  f.ExpectStatus(queues.SetPace(sale, kNow, {}), none, "SetPace of no queue");
  f.ExpectStatus(queues.Pause(sale, kNow), none, "Pause of no queue");
  f.ExpectStatus(queues.Resume(sale, kNow), none, "Resume of no queue");
  f.ExpectStatus(queues.Freeze(sale, kNow, 0), none, "Freeze of no queue");
  f.ExpectError(queues.ReadEntrants(sale, 0, 0, {}), none, "ReadEntrants of no queue");
  f.ExpectStatus(queues.Arrange(sale, {}), none, "Arrange of no queue");
  f.ExpectStatus(queues.Begin(sale, kNow, 0), none, "Begin of no queue");
  f.ExpectStatus(queues.Close(sale, kNow), none, "Close of no queue");
  f.ExpectStatus(queues.Forget(sale), none, "Forget of no queue");
  const AdmissionProbe probe = queues.Probe(sale, QueueUser(1));
  Admission admission{.number = 7};
  f.Expect(queues.FindAdmissions(kNow, {&probe, 1}, {&admission, 1}).ok() && admission.number == 0,
           "FindAdmissions where there is no queue is an error, or finds one");
  constexpr std::uint64_t kNumber = 1;
  f.Expect(queues.MarkUsed(kNow, {&probe, 1}, {&kNumber, 1}).ok(),
           "MarkUsed where there is no queue is an error");
}

void CheckShapes(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  QueueRepository& queues = queue.queues();
  const std::vector<QueueAnswer> answers = queue.Apply(
      kNow, {{.verb = QueueVerb::kJoin},
             {.verb = QueueVerb::kJoin, .tier = 2, .user = QueueUser(1)},
             {.verb = static_cast<QueueVerb>(0), .user = QueueUser(1)},
             {.verb = static_cast<QueueVerb>(7), .user = QueueUser(1)},
             {.verb = QueueVerb::kRestore, .tier = 2, .user = QueueUser(1), .place = 1},
             {.verb = QueueVerb::kRestore, .user = QueueUser(1)},
             {.verb = QueueVerb::kRestore, .user = QueueUser(1), .place = kMaxExactInteger + 1}});
  for (const QueueAnswer& answer : answers) {
    f.Expect(answer == QueueAnswer{}, "a nil user, no tier or no verb is not plainly Invalid");
  }
  f.Expect(queue.Read(kNow).joined == 0, "an Invalid command made a ticket");
  f.Expect(queue.Apply(kNow, {}).empty(), "Apply of nothing");
  queue.Join(1, kNow, 1);
  const QueueAnswer touched =
      queue.Apply(kNow, {{.verb = QueueVerb::kTouch, .tier = 9, .user = QueueUser(1)}}).front();
  f.Expect(touched.code == Code::kDone && touched.entry.tier == 1,
           "a tier means something to a verb that does not join");

  const std::array<QueueCommand, 2> two = {
      QueueCommand{.verb = QueueVerb::kJoin, .user = QueueUser(2)},
      QueueCommand{.verb = QueueVerb::kJoin, .user = QueueUser(3)}};
  QueueAnswer one;
  const StatusCode invalid = StatusCode::kInvalidArgument;
  f.ExpectStatus(queues.Apply(queue.sale(), kNow, two, {&one, 1}), invalid,
                 "Apply with fewer answers than commands");
  f.Expect(queue.Read(kNow).joined == 1, "Apply with too few answers was carried out");
  const AdmissionProbe probe = queues.Probe(queue.sale(), QueueUser(1));
  f.ExpectStatus(queues.FindAdmissions(kNow, {&probe, 1}, {}), invalid,
                 "FindAdmissions with fewer admissions than probes");
  f.ExpectStatus(queues.MarkUsed(kNow, {&probe, 1}, {}), invalid,
                 "MarkUsed with fewer numbers than probes");
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 2), invalid,
                 "Freeze of a tier that there is not");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 2), invalid, "Begin of a tier that there is not");
  for (const Time never : {kMinTime - kMicrosecond, kMaxTime + kMicrosecond}) {
    f.ExpectStatus(queues.Apply(queue.sale(), never, {}, {}), invalid, "Apply at no time");
    f.ExpectError(queues.Read(queue.sale(), never), invalid, "Read at no time");
    f.ExpectError(queues.Admit(queue.sale(), never, {}, {}), invalid, "Admit at no time");
    f.ExpectError(queues.LapseDue(queue.sale(), never, 1), invalid, "LapseDue at no time");
    f.ExpectError(queues.Open({.sale = "never"}, never), invalid, "Open at no time");
    f.ExpectStatus(queues.Freeze(queue.sale(), never, 0), invalid, "Freeze at no time");
    f.ExpectStatus(queues.Pause(queue.sale(), never), invalid, "Pause at no time");
    f.ExpectStatus(queues.Begin(queue.sale(), never, 0), invalid, "Begin at no time");
    f.ExpectStatus(queues.FindAdmissions(never, {}, {}), invalid, "FindAdmissions at no time");
    f.ExpectStatus(queues.MarkUsed(never, {}, {}), invalid, "MarkUsed at no time");
  }
  f.ExpectStatus(queues.SetPace(queue.sale(), kNow, {.admissions_per_second = 0}), invalid,
                 "SetPace of nothing a second");
}

void CheckTickets(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  const QueueAnswer ann = queue.Join(1, kNow);
  const QueueEntry due{.user = QueueUser(1),
                       .state = TicketState::kWaiting,
                       .tier = 0,
                       .ticket = 1,
                       .place = 1,
                       .joined_at = kNow};
  f.Expect(ann.code == Code::kDone && ann.entry == due && ann.ahead == 0,
           "the first to join has not ticket 1, or is not the first");
  const QueueAnswer again = queue.Join(1, kNow + seconds{1}, 1);
  f.Expect(again.code == Code::kAlreadyDone && again.entry == due,
           "who joins again has not the same ticket, of the same tier");
  f.Expect(queue.Join(2, kNow + seconds{1}, 1).entry.ticket == 2 &&
               queue.Join(3, kNow + seconds{1}).entry.ticket == 3,
           "tickets are not one sequence for all tiers");
  f.Expect(
      queue.Look(3, kNow + seconds{1}).ahead == 1 && queue.Look(2, kNow + seconds{1}).ahead == 0,
      "who waits in another tier stands ahead");
  f.Expect(queue.Look(1, kNow).code == Code::kAlreadyDone, "Look at a ticket");
  f.Expect(queue.Look(9, kNow).code == Code::kUnknownTicket &&
               queue.Look(9, kNow).entry == QueueEntry{.user = QueueUser(9)},
           "Look at no ticket");
  queue.ExpectCode(QueueVerb::kTouch, 1, kNow, Code::kDone, "Touch of a ticket");
  queue.ExpectCode(QueueVerb::kTouch, 9, kNow, Code::kUnknownTicket, "Touch of no ticket");
  queue.ExpectCode(QueueVerb::kLeave, 9, kNow, Code::kAlreadyDone, "Leave without a ticket");
  queue.ExpectCode(QueueVerb::kComplete, 9, kNow, Code::kAlreadyDone, "Complete of no admission");
  const QueueAnswer left = queue.Do(QueueVerb::kLeave, 1, kNow);
  f.Expect(left.code == Code::kDone && left.entry.state == TicketState::kNone,
           "who leaves keeps a ticket");
  queue.ExpectCode(QueueVerb::kLook, 1, kNow, Code::kUnknownTicket, "who left has a ticket");
  f.Expect(queue.Look(3, kNow).ahead == 0, "who left stands ahead still");
  const QueueAnswer back = queue.Join(1, kNow + seconds{2});
  f.Expect(back.code == Code::kDone && back.entry.ticket == 4 && back.ahead == 1,
           "who comes back does not stand behind all others");
  const QueueState state = queue.Read(kNow + seconds{2});
  f.Expect(state.joined == 4 && state.left == 1 && state.waiting[0] == 2 && state.waiting[1] == 1,
           "tickets are miscounted");
}

void CheckBatches(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  std::vector<QueueCommand> commands;
  for (std::uint64_t user = 1; user <= 100; ++user) {
    commands.push_back({.verb = QueueVerb::kJoin, .user = QueueUser(user)});
    commands.push_back({.verb = QueueVerb::kLook, .user = QueueUser(user)});
    if (user % 2 == 0) commands.push_back({.verb = QueueVerb::kLeave, .user = QueueUser(user)});
  }
  const std::vector<QueueAnswer> answers = queue.Apply(kNow, commands);
  std::uint64_t ahead = 0;
  std::size_t next = 0;
  for (std::uint64_t user = 1; user <= 100; ++user) {
    f.Expect(answers[next].code == Code::kDone && answers[next].entry.ticket == user &&
                 answers[next].ahead == ahead,
             "a batch is not carried out in its order");
    f.Expect(answers[next + 1].entry == answers[next].entry, "a batch does not see its own joins");
    next += 2;
    if (user % 2 == 0) {
      f.Expect(answers[next++].code == Code::kDone, "a batch does not see its own joins");
    } else {
      ++ahead;
    }
  }
}

void CheckPositions(Storage& storage, Findings& f) {
  constexpr std::uint64_t kUsers = 400;
  ProbedQueue queue(storage, PlainQueue(), f);
  std::vector<std::uint64_t> standing;
  std::vector<std::uint64_t> last(kUsers + 1, kUsers);
  for (std::uint64_t user = 1; user <= kUsers; ++user) {
    f.Expect(queue.Join(user, kNow).ahead == user - 1,
             "who joins does not stand behind all others");
    standing.push_back(user);
  }
  // Leavers here and there, in a scattered order.
  for (std::uint64_t i = 0; standing.size() > 20; ++i) {
    const std::size_t leaver = static_cast<std::size_t>(i * 7'919 % standing.size());
    queue.ExpectCode(QueueVerb::kLeave, standing[leaver], kNow, Code::kDone, "Leave");
    standing.erase(standing.begin() + static_cast<std::ptrdiff_t>(leaver));
    if (i % 20 == 0) queue.Join(kUsers + 1 + i, kNow);
    if (i % 20 == 0) queue.Do(QueueVerb::kLeave, kUsers + 1 + i, kNow);
    if (i % 13 != 0) continue;
    for (std::size_t place = 0; place < standing.size(); ++place) {
      const std::uint64_t ahead = queue.Look(standing[place], kNow).ahead;
      f.Expect(ahead == place, "a position is not the number of live tickets ahead");
      f.Expect(ahead <= last[standing[place]], "a position grows");
      last[standing[place]] = ahead;
    }
  }
}

void CheckSilence(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  for (std::uint64_t user = 1; user <= 5; ++user) queue.Join(user, kNow);
  const Time later = kNow + seconds{20};
  queue.ExpectCode(QueueVerb::kTouch, 2, later, Code::kDone, "Touch");
  f.Expect(queue.Join(4, later).code == Code::kAlreadyDone, "Join again");
  queue.Look(3, later);
  const Time due = kNow + seconds{30};
  f.Expect(queue.Lapse(due - kMicrosecond).fell_silent == 0, "somebody falls silent too early");
  f.Expect(queue.Look(1, due - kMicrosecond).code == Code::kAlreadyDone,
           "somebody falls silent too early");
  f.Expect(queue.Look(1, due).code == Code::kUnknownTicket, "who was silent for too long waits");
  queue.ExpectCode(QueueVerb::kTouch, 3, due, Code::kUnknownTicket,
                   "a look counts as a sign of life, or a heartbeat comes in time when it is late");
  queue.Lapse(due);
  f.Expect(queue.Read(due).fell_silent == 3 && queue.Read(due).waiting[0] == 2,
           "those who fell silent are miscounted");
  f.Expect(queue.Look(4, due).ahead == 1, "who fell silent stands ahead still");
  f.Expect(queue.Lapse(due).next_due > due && queue.Lapse(due).next_due <= due + seconds{20},
           "next_due is not between now and the next silence");
  const QueueAnswer back = queue.Join(1, due);
  f.Expect(back.code == Code::kDone && back.entry.ticket == 6, "who was silent cannot join again");
  queue.Lapse(due + seconds{30}, 1);
  f.Expect(queue.Read(due + seconds{30}).waiting[0] == 0, "LapseDue leaves some who are silent");
  f.Expect(queue.Lapse(due + seconds{30}).next_due == kMaxTime,
           "something is due where nobody waits");
}

void CheckTheCap(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.max_waiting = 3;
  ProbedQueue queue(storage, terms, f);
  queue.Join(1, kNow, 0);
  queue.Join(2, kNow, 1);
  queue.Join(3, kNow + seconds{10}, 0);
  const QueueAnswer refused = queue.Join(4, kNow + seconds{10});
  f.Expect(refused.code == Code::kWaitingPage && refused.entry.state == TicketState::kNone,
           "more wait than may");
  f.Expect(queue.Join(3, kNow + seconds{10}).code == Code::kAlreadyDone,
           "who waits is turned away at the cap");
  f.Expect(queue.Read(kNow + seconds{10}).joined == 3, "who was turned away got a ticket");
  queue.Do(QueueVerb::kLeave, 2, kNow + seconds{10});
  f.Expect(queue.Join(4, kNow + seconds{10}).entry.ticket == 4, "a leaver's place is not free");
  queue.Lapse(kNow + seconds{30});
  f.Expect(queue.Join(5, kNow + seconds{30}).code == Code::kDone,
           "the place of who fell silent is not free");
  queue.Admit(kNow + seconds{30}, 1);
  f.Expect(queue.Join(6, kNow + seconds{30}).code == Code::kDone,
           "the place of who was let in is not free");
}

void CheckStepsBack(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  queue.Join(1, kNow + seconds{40});
  const QueueAnswer late = queue.Join(2, kNow);
  f.Expect(late.code == Code::kDone && late.entry.joined_at == kNow + seconds{40},
           "the queue's time runs back with a caller's clock");
  f.Expect(queue.Look(2, kNow + seconds{70} - kMicrosecond).code == Code::kAlreadyDone,
           "who joins with a clock that is behind falls silent early");
}

}  // namespace

std::span<const NamedCheck> QueueVerbChecks() {
  static constexpr std::array<NamedCheck, 9> kChecks = {{
      {"queues/opening", &CheckOpening},
      {"queues/no such queue", &CheckUnknownSale},
      {"queues/shapes", &CheckShapes},
      {"queues/tickets", &CheckTickets},
      {"queues/batches", &CheckBatches},
      {"queues/positions", &CheckPositions},
      {"queues/silence", &CheckSilence},
      {"queues/the cap", &CheckTheCap},
      {"queues/clocks that step back", &CheckStepsBack},
  }};
  return kChecks;
}

}  // namespace flashsale::inline v0
