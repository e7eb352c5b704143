// The life of a queue: gathering, the draw, the sale, the end.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "testing/probed_queue.h"
#include "testing/queue_check.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = kQueueOrigin;

QueueTerms PreQueue() {
  QueueTerms terms = PlainQueue();
  terms.opens[0] = terms.opens[1] = kNow + hours{1};
  return terms;
}

Status Arrange(ProbedQueue& queue, const std::vector<std::uint64_t>& tickets,
               std::uint64_t first = 0, std::uint8_t tier = 0) {
  return queue.queues().Arrange(queue.sale(), {.tier = tier, .first = first, .tickets = tickets});
}

// Who is let in, by number, in this order.
std::vector<UserId> AdmittedUsers(ProbedQueue& queue, Time now, std::size_t most,
                                  std::uint8_t tier = 0) {
  std::vector<UserId> users;
  for (const QueueEntry& entry : queue.Admit(now, most, tier)) users.push_back(entry.user);
  return users;
}
std::vector<UserId> Users(const std::vector<std::uint64_t>& numbers) {
  std::vector<UserId> users;
  users.reserve(numbers.size());
  for (const std::uint64_t number : numbers) users.push_back(QueueUser(number));
  return users;
}

void CheckGathering(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PreQueue(), f);
  QueueRepository& queues = queue.queues();
  f.Expect(queue.Read(kNow).stages[0] == QueueStage::kGathering,
           "a pre-queue does not gather first");
  for (std::uint64_t user = 1; user <= 5; ++user) queue.Join(user, kNow);
  f.Expect(queue.Look(4, kNow).ahead == 3, "while a queue gathers places are not those of tickets");
  f.Expect(queue.Read(kNow).room == 0 && queue.Admit(kNow, 5).empty(),
           "somebody is let in while the queue gathers");
  std::array<Entrant, 4> some;
  const StatusCode precondition = StatusCode::kFailedPrecondition;
  f.ExpectError(queues.ReadEntrants(queue.sale(), 0, 0, some), precondition,
                "ReadEntrants of a queue that gathers");
  f.ExpectStatus(Arrange(queue, {1}), precondition, "Arrange of a queue that gathers");
  queue.Do(QueueVerb::kLeave, 2, kNow);
  f.Expect(queue.Lapse(kNow + seconds{30}).fell_silent == 4,
           "nobody falls silent before the start");
  queue.Join(6, kNow + seconds{30});
  queue.Join(5, kNow + seconds{30});
  f.ExpectStatus(queues.Begin(queue.sale(), kNow + seconds{30}, 0), StatusCode::kOk,
                 "Begin of a queue that gathers");
  f.Expect(queue.Read(kNow + seconds{30}).stages[0] == QueueStage::kRunning,
           "Begin begins nothing");
  f.Expect(AdmittedUsers(queue, kNow + seconds{30}, 5) == Users({6, 5}),
           "without a draw they are not let in in the order of their tickets");
}

void CheckFreeze(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PreQueue(), f);
  QueueRepository& queues = queue.queues();
  for (std::uint64_t user = 1; user <= 10; ++user) queue.Join(user, kNow, user % 5 == 0 ? 1 : 0);
  queue.Do(QueueVerb::kLeave, 2, kNow);
  const std::uint64_t revision = queue.Read(kNow).revision;
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 0), StatusCode::kOk, "Freeze");
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 0), StatusCode::kOk, "Freeze again");
  f.Expect(
      queue.Read(kNow).stages[0] == QueueStage::kFrozen && queue.Read(kNow).revision > revision,
      "Freeze does not freeze, or the revision does not grow with it");
  queue.Join(2, kNow);
  queue.Join(11, kNow);
  f.Expect(queue.Look(11, kNow).ahead == 8, "while a queue is frozen places are not of tickets");
  f.Expect(queue.Admit(kNow, 5).empty(), "somebody is let in while the queue is frozen");
  std::vector<Entrant> due;
  for (const std::uint64_t user : {1U, 3U, 4U, 6U, 7U, 8U, 9U}) {
    due.push_back({.user = QueueUser(user), .ticket = user});
  }
  for (const std::size_t page : {1U, 3U, 7U, 100U}) {
    f.Expect(queue.Entrants(0, page) == due,
             "entrants are not those who were there at the freeze, in the order of tickets");
  }
  f.Expect(queue.Read(kNow).stages[1] == QueueStage::kGathering, "a tier freezes with another");
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 1), StatusCode::kOk, "Freeze");
  const std::vector<Entrant> second = {{.user = QueueUser(5), .ticket = 5},
                                       {.user = QueueUser(10), .ticket = 10}};
  f.Expect(queue.Entrants(1) == second, "entrants of another tier are read");
  const StatusCode invalid = StatusCode::kInvalidArgument;
  f.ExpectError(queues.ReadEntrants(queue.sale(), 2, 0, {}), invalid,
                "ReadEntrants of a tier that there is not");
  f.ExpectStatus(Arrange(queue, {1}, 0, 2), invalid, "Arrange of a tier that there is not");
  for (const std::uint64_t stranger : {0U, 2U, 5U, 11U, 12U, 99U}) {
    f.ExpectStatus(Arrange(queue, {1, stranger}), invalid,
                   "Arrange of a ticket that is no entrant's of the tier");
  }
  f.ExpectStatus(Arrange(queue, {1, 3}, 6), invalid, "Arrange beyond the entrants");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), StatusCode::kOk,
                 "what was refused counts as an arrangement: Begin");
  f.Expect(AdmittedUsers(queue, kNow, 3) == Users({1, 3, 4}), "what was refused was arranged");
}

void CheckDraw(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PreQueue(), f);
  QueueRepository& queues = queue.queues();
  for (std::uint64_t user = 1; user <= 8; ++user) queue.Join(user, kNow);
  for (std::uint64_t user = 11; user <= 13; ++user) queue.Join(user, kNow, 1);
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 0), StatusCode::kOk, "Freeze");
  queue.Join(20, kNow);
  queue.Do(QueueVerb::kLeave, 4, kNow);
  queue.Join(4, kNow);

  const StatusCode precondition = StatusCode::kFailedPrecondition;
  f.ExpectStatus(Arrange(queue, {8, 6, 7}), StatusCode::kOk, "Arrange");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), precondition, "Begin after half of a draw");
  f.Expect(queue.Read(kNow).stages[0] == QueueStage::kFrozen, "a Begin that fails begins");
  f.ExpectStatus(Arrange(queue, {1, 2}, 3), StatusCode::kOk, "Arrange of a second stretch");
  // Another server draws the same, in other stretches.
  f.ExpectStatus(Arrange(queue, {8, 6}), StatusCode::kOk, "Arrange again");
  f.ExpectStatus(Arrange(queue, {7, 1, 2}, 2), StatusCode::kOk, "Arrange again");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), precondition, "Begin of a draw in part");
  f.ExpectStatus(Arrange(queue, {3, 5}, 5), StatusCode::kOk, "Arrange of the last stretch");
  const std::uint64_t revision = queue.Read(kNow).revision;
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), StatusCode::kOk,
                 "Begin although only one who left since has no place");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), StatusCode::kOk, "Begin again");
  f.Expect(
      queue.Read(kNow).stages[0] == QueueStage::kRunning && queue.Read(kNow).revision > revision,
      "Begin begins nothing, or the revision does not grow with it");
  const std::vector<std::uint64_t> order = {8, 6, 7, 1, 2, 3, 5, 20, 4};
  for (std::size_t place = 0; place < order.size(); ++place) {
    const QueueAnswer stands = queue.Look(order[place], kNow);
    f.Expect(stands.ahead == place,
             "entrants do not stand as they were drawn, or before who came later");
    f.Expect(stands.entry.place == (place < 7 ? place + 1 : stands.entry.ticket),
             "a place is not that of the draw, or of the ticket");
  }
  queue.Do(QueueVerb::kLeave, 6, kNow);
  f.Expect(queue.Look(5, kNow).ahead == 5 && queue.Look(4, kNow).ahead == 7,
           "who leaves after the draw stands ahead still");
  queue.Join(30, kNow);
  f.Expect(queue.Look(30, kNow).ahead == 8, "who joins after the draw does not stand behind it");
  f.Expect(AdmittedUsers(queue, kNow, 4) == Users({8, 7, 1, 2}),
           "entrants are not let in in the order of the draw");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 1), StatusCode::kOk, "Begin of another tier");
  f.Expect(AdmittedUsers(queue, kNow, 9, 1) == Users({11, 12, 13}),
           "a tier without a draw is not let in in the order of tickets");
  f.Expect(AdmittedUsers(queue, kNow, 9) == Users({3, 5, 20, 4, 30}),
           "who came after the freeze is not let in behind the draw, in the order of tickets");
  f.ExpectStatus(Arrange(queue, {3}), precondition, "Arrange of a queue that runs");
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 0), StatusCode::kOk,
                 "Freeze of a queue that runs");
  f.Expect(queue.Read(kNow).stages[0] == QueueStage::kRunning, "a queue that runs is frozen");
}

void CheckManyDrawn(Storage& storage, Findings& f) {
  QueueTerms terms = PreQueue();
  terms.max_waiting = 100'000;
  terms.pace = {.admissions_per_second = 10'000'000, .max_in_flight = 100'000};
  ProbedQueue queue(storage, terms, f);
  constexpr std::uint64_t kUsers = 700;
  constexpr std::uint64_t kStride = 211;  // has no divisor in common with the number of users
  std::vector<QueueCommand> joins;
  for (std::uint64_t user = 1; user <= kUsers; ++user) {
    joins.push_back({.verb = QueueVerb::kJoin, .user = QueueUser(user)});
  }
  queue.Apply(kNow, joins);
  f.ExpectStatus(queue.queues().Freeze(queue.sale(), kNow, 0), StatusCode::kOk, "Freeze");
  const std::vector<Entrant> entrants = queue.Entrants(0, 64);
  if (entrants.size() != kUsers) return f.Expect(false, "an entrant is missing");
  std::vector<std::uint64_t> tickets;
  tickets.reserve(kUsers);
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    tickets.push_back(entrants[i * kStride % kUsers].ticket);
  }
  // The stretches in any order.
  for (const std::size_t first : {350U, 0U, 700U, 525U, 175U}) {
    const std::size_t count = std::min<std::size_t>(175, kUsers - first);
    f.ExpectStatus(
        queue.queues().Arrange(
            queue.sale(), {.first = first, .tickets = std::span(tickets).subspan(first, count)}),
        StatusCode::kOk, "Arrange");
  }
  f.ExpectStatus(queue.queues().Begin(queue.sale(), kNow, 0), StatusCode::kOk, "Begin");
  const std::vector<QueueEntry> admitted = queue.Admit(kNow, kUsers);
  f.Expect(admitted.size() == kUsers, "not all who were drawn are let in");
  for (std::size_t i = 0; i < admitted.size(); ++i) {
    f.Expect(admitted[i].ticket == tickets[i], "many are let in in another order than drawn");
  }
}

// Lines that open by themselves, each at its own time.
void CheckOpenings(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.opens = {kNow + seconds{10}, kNow + seconds{20}};
  ProbedQueue queue(storage, terms, f);
  QueueRepository& queues = queue.queues();
  const Time first = terms.opens[0];
  const Time second = terms.opens[1];
  queue.Join(1, kNow);
  queue.Join(2, first - Duration{1});
  queue.Join(11, first - Duration{1}, 1);
  const std::uint64_t revision = queue.Read(first - Duration{1}).revision;
  f.Expect(queue.Read(first - Duration{1}).stages[0] == QueueStage::kGathering,
           "a line opens too early");
  // Nobody has said anything to the queue at that instant: the join itself must know.
  queue.Join(3, first);
  queue.Join(12, first, 1);
  QueueState state = queue.Read(first);
  f.Expect(state.stages[0] == QueueStage::kFrozen && state.stages[1] == QueueStage::kGathering &&
               state.stages[2] == QueueStage::kClosed && state.revision > revision,
           "a line does not freeze by itself when it opens, or another one does");
  const std::vector<Entrant> due = {{.user = QueueUser(1), .ticket = 1},
                                    {.user = QueueUser(2), .ticket = 2}};
  f.Expect(queue.Entrants(0) == due,
           "who joins when the line opens is among the entrants, or who "
           "came a microsecond before is not");
  f.ExpectStatus(Arrange(queue, {2, 1}), StatusCode::kOk, "Arrange");
  f.Expect(queue.Read(first).room == 0, "there is room although no line runs");
  f.ExpectStatus(queues.Begin(queue.sale(), first, 0), StatusCode::kOk, "Begin");
  f.Expect(queue.Read(first).room != 0, "there is no room although a line runs");
  f.Expect(AdmittedUsers(queue, first, 5, 1).empty(), "a line that gathers lets people in");
  f.Expect(AdmittedUsers(queue, first, 5) == Users({2, 1, 3}),
           "who joins when the line opens does not stand behind the entrants");
  queue.Join(13, second, 1);
  state = queue.Read(second);
  f.Expect(state.stages[1] == QueueStage::kFrozen, "a second line does not freeze by itself");
  f.ExpectStatus(queues.Begin(queue.sale(), second, 1), StatusCode::kOk, "Begin");
  f.Expect(AdmittedUsers(queue, second, 5, 1) == Users({11, 12, 13}), "the second line's order");

  QueueTerms late = terms;
  late.sale = "late";
  ProbedQueue opened(storage, late, f, first);
  state = opened.Read(first);
  f.Expect(state.stages[0] == QueueStage::kRunning && state.stages[1] == QueueStage::kGathering &&
               state.opened_at == first,
           "a line whose time has come when the queue is opened does not run");
}

// Tickets of a queue that was lost are brought back.
void CheckRestoring(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.restore_window = seconds{20};
  ProbedQueue queue(storage, terms, f);
  QueueRepository& queues = queue.queues();
  const auto restore = [&](std::uint64_t user, std::uint64_t place, Time now) {
    return queue
        .Apply(now, {{.verb = QueueVerb::kRestore, .user = QueueUser(user), .place = place}})
        .front();
  };
  f.Expect(queue.Read(kNow).stages[0] == QueueStage::kGathering,
           "a queue that takes back tickets lets people in");
  const QueueAnswer back = restore(7, 70, kNow);
  f.Expect(back.code == Code::kDone && back.entry.ticket == 1 && back.entry.place == 1,
           "a ticket is not taken back");
  queue.Join(1, kNow);
  restore(5, 50, kNow);
  f.Expect(restore(7, 7, kNow).code == Code::kAlreadyDone && restore(1, 1, kNow).entry.ticket == 2,
           "who has a ticket brings back another");
  const Time end = kNow + terms.restore_window;
  queue.Join(7, end - Duration{1});
  queue.Join(1, end - Duration{1});
  queue.Join(5, end - Duration{1});
  restore(6, 60, end - Duration{1});
  restore(4, 40, end);
  f.Expect(queue.Read(end).restored == 4 && queue.Read(end).stages[0] == QueueStage::kFrozen,
           "the end of the restore window is not kept");
  const std::vector<Entrant> due = {{.user = QueueUser(7), .ticket = 1, .restored_place = 70},
                                    {.user = QueueUser(1), .ticket = 2, .restored_place = 1},
                                    {.user = QueueUser(5), .ticket = 3, .restored_place = 50},
                                    {.user = QueueUser(6), .ticket = 4, .restored_place = 60}};
  f.Expect(queue.Entrants(0) == due, "places that were brought back are not told");
  f.ExpectStatus(Arrange(queue, {3, 4, 1, 2}), StatusCode::kOk, "Arrange");
  f.ExpectStatus(queues.Begin(queue.sale(), end, 0), StatusCode::kOk, "Begin");
  f.Expect(AdmittedUsers(queue, end, 9) == Users({5, 6, 7, 1, 4}),
           "who came back after the window does not stand behind the others");
  restore(8, 3, end);
  f.Expect(queue.Read(end).restored == 4 && queue.Look(8, end).entry.place == 6,
           "after the window a place is brought back");
}

// Places that are brought back by who waits already, and that are given up.
void CheckBringingBack(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  terms.tiers = 2;
  terms.opens = {};
  terms.restore_window = seconds{20};
  ProbedQueue queue(storage, terms, f);
  QueueRepository& queues = queue.queues();
  const auto restore = [&](std::uint64_t user, std::uint64_t place, Time now,
                           std::uint8_t tier = 0) {
    return queue
        .Apply(
            now,
            {{.verb = QueueVerb::kRestore, .tier = tier, .user = QueueUser(user), .place = place}})
        .front();
  };
  queue.Join(1, kNow);
  queue.Join(2, kNow);
  const QueueAnswer late = restore(1, 10, kNow);
  f.Expect(
      late.code == Code::kAlreadyDone && late.entry.ticket == 1 && late.entry.restored_place == 10,
      "who joined without a place that they had does not get it back");
  f.Expect(restore(1, 5, kNow).entry.restored_place == 10 &&
               queue.Look(1, kNow).entry.restored_place == 10 &&
               queue.Join(1, kNow).entry.restored_place == 10,
           "the first place that is brought back does not count");
  f.Expect(queue.Look(2, kNow).entry.restored_place == 0 &&
               restore(2, 3, kNow, 1).entry.restored_place == 0 &&
               queue.Look(2, kNow).entry.tier == 0,
           "a place in another tier is brought back");
  restore(3, 7, kNow);
  f.Expect(restore(3, 7, kNow).entry.restored_place == 7 && queue.Read(kNow).restored == 2,
           "a place is brought back twice");
  queue.ExpectCode(QueueVerb::kLeave, 3, kNow, Code::kDone, "Leave with a place brought back");
  f.Expect(restore(3, 7, kNow).entry.restored_place == 0 &&
               restore(3, 7, kNow).entry.restored_place == 0 && queue.Read(kNow).restored == 2,
           "who has given a place up gets it back");
  // Without one there was nothing to give up.
  queue.ExpectCode(QueueVerb::kLeave, 2, kNow, Code::kDone, "Leave without a place brought back");
  f.Expect(restore(2, 3, kNow).entry.restored_place == 3,
           "who left before a place was brought back does not get it");
  const Time end = kNow + terms.restore_window;
  for (std::uint64_t user = 1; user <= 3; ++user) queue.Join(user, end - Duration{1});
  f.Expect(restore(3, 7, end).entry.restored_place == 0 && queue.Read(end).restored == 3,
           "after the window a place is brought back");
  const std::vector<Entrant> due = {{.user = QueueUser(1), .ticket = 1, .restored_place = 10},
                                    {.user = QueueUser(3), .ticket = 4},
                                    {.user = QueueUser(2), .ticket = 5, .restored_place = 3}};
  f.Expect(queue.Entrants(0) == due, "places that were brought back late are not told");
  f.Expect(queue.Look(1, end).entry.restored_place == 10,
           "a frozen line forgets places that were brought back");
  f.ExpectStatus(Arrange(queue, {5, 1, 4}), StatusCode::kOk, "Arrange");
  f.ExpectStatus(queues.Begin(queue.sale(), end, 0), StatusCode::kOk, "Begin");
  f.Expect(queue.Look(1, end).entry.restored_place == 0 && queue.Look(1, end).entry.place == 2,
           "a line that runs has places that were brought back");
}

void CheckClosing(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  QueueRepository& queues = queue.queues();
  for (std::uint64_t user = 1; user <= 4; ++user) queue.Join(user, kNow);
  const std::vector<QueueEntry> admitted = queue.Admit(kNow, 2);
  if (admitted.size() != 2) return f.Expect(false, "two are not let in");
  f.ExpectStatus(queues.Close(queue.sale(), kNow), StatusCode::kOk, "Close");
  f.ExpectStatus(queues.Close(queue.sale(), kNow), StatusCode::kOk, "Close again");
  const QueueState state = queue.Read(kNow);
  f.Expect(state.is_closed() && state.stages[1] == QueueStage::kClosed && state.waiting[0] == 0 &&
               state.in_flight == 2 && state.room == 0,
           "a queue that is closed has people waiting, or nobody inside");
  f.Expect(queue.Look(3, kNow).code == Code::kUnknownTicket, "who waited has a ticket still");
  f.Expect(
      queue.Join(3, kNow).code == Code::kSaleEnded && queue.Join(9, kNow).code == Code::kSaleEnded,
      "somebody joins a closed queue");
  f.Expect(queue.Join(1, kNow).code == Code::kAlreadyDone,
           "who is inside is turned away from a closed queue");
  f.Expect(queue.Admit(kNow, 3).empty(), "somebody is let in after the end");
  f.Expect(queue.Find(1, kNow + minutes{1} - Duration{1}) == admitted[0].admission,
           "an admission ends with the queue");
  queue.ExpectCode(QueueVerb::kLeave, 3, kNow, Code::kAlreadyDone, "Leave of a closed queue");
  queue.MarkUsed(2, kNow, admitted[1].admission.number);
  f.Expect(queue.Read(kNow).unused == 1, "who is inside cannot use the admission");
  f.Expect(
      queue.Do(QueueVerb::kComplete, 2, kNow, admitted[1].admission.number).code == Code::kDone,
      "who is inside cannot finish");
  f.ExpectStatus(queues.Begin(queue.sale(), kNow, 0), StatusCode::kFailedPrecondition,
                 "Begin of a closed queue");
  f.ExpectStatus(queues.Freeze(queue.sale(), kNow, 0), StatusCode::kOk, "Freeze of a closed queue");
  f.Expect(queue.Read(kNow).stages[0] == QueueStage::kClosed,
           "a closed queue is not closed any more");
  f.Expect(queue.Lapse(kNow + minutes{1}).windows_lapsed == 1 &&
               queue.Read(kNow + minutes{1}).in_flight == 0,
           "windows of a closed queue do not end");
}

}  // namespace

std::span<const NamedCheck> QueueStageChecks() {
  static constexpr std::array<NamedCheck, 8> kChecks = {{
      {"queues/gathering", &CheckGathering},
      {"queues/freeze", &CheckFreeze},
      {"queues/draw", &CheckDraw},
      {"queues/many drawn", &CheckManyDrawn},
      {"queues/openings", &CheckOpenings},
      {"queues/restoring", &CheckRestoring},
      {"queues/bringing back", &CheckBringingBack},
      {"queues/closing", &CheckClosing},
  }};
  return kChecks;
}

}  // namespace flashsale::inline v0
