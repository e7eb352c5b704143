// Threads that come, leave, are let in and finish, all at once.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "testing/meeting_point.h"
#include "testing/probed_queue.h"
#include "testing/queue_check.h"
#include "testing/queue_visitors.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kThreads = 4;

void RunThreads(const std::function<void(std::size_t)>& work) {
  MeetingPoint start(kThreads);
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      start.Meet();
      work(thread);
    });
  }
}

QueueAnswer Ask(QueueRepository& queues, const SaleRef& sale, Time now,
                const QueueCommand& command) {
  QueueAnswer answer;
  const Status status = queues.Apply(sale, now, {&command, 1}, {&answer, 1});
  return status.ok() ? answer : QueueAnswer{};
}

// All threads join the same users: each gets one ticket, the tickets are dense.
void CheckJoins(Storage& storage, Findings& f) {
  constexpr std::uint64_t kUsers = 300;
  ProbedQueue queue(storage, PlainQueue(), f);
  std::array<std::vector<QueueAnswer>, kThreads> answers;
  RunThreads([&](std::size_t thread) {
    answers[thread].resize(kUsers);
    for (std::uint64_t i = 0; i < kUsers; ++i) {
      // From both ends, so that they meet.
      const std::uint64_t user = thread % 2 == 0 ? i : kUsers - 1 - i;
      answers[thread][user] = Ask(queue.queues(), queue.sale(), kQueueOrigin,
                                  {.verb = QueueVerb::kJoin, .user = QueueUser(user)});
    }
  });
  std::set<std::uint64_t> tickets;
  for (std::uint64_t user = 0; user < kUsers; ++user) {
    std::size_t done = 0;
    for (const std::vector<QueueAnswer>& of_thread : answers) {
      done += of_thread[user].code == Code::kDone ? 1U : 0U;
      f.Expect(of_thread[user].entry.ticket == answers[0][user].entry.ticket,
               "threads that join one user get two tickets");
    }
    f.Expect(done == 1, "of threads that join one user not exactly one is Done");
    tickets.insert(answers[0][user].entry.ticket);
  }
  f.Expect(tickets.size() == kUsers && *tickets.begin() == 1 && *tickets.rbegin() == kUsers,
           "tickets of many threads are not dense");
}

// What one thread saw of admissions.
struct Seen {
  std::vector<QueueEntry> admitted;
  std::uint64_t joined = 0;
  std::uint64_t left = 0;
  std::uint64_t completed = 0;
  bool position_grew = false;
  bool too_many = false;
};

class Crowd {
 public:
  explicit Crowd(ProbedQueue& queue) : queue_(queue.queues()), sale_(queue.sale()) {}

  static constexpr std::uint64_t kStaying = 200;  // who join first and never leave
  static constexpr std::uint64_t kPassing = 400;  // who come and go; each is one thread's
  static constexpr std::uint32_t kInFlight = 7;

  Seen Run(std::size_t thread) {
    Seen seen;
    std::mt19937_64 random(thread + 1);
    std::map<std::uint64_t, std::uint64_t> ahead;
    for (int step = 0; step < 1'500; ++step) {
      const std::uint64_t passing = kStaying + random() % (kPassing / kThreads) * kThreads + thread;
      switch (random() % 5) {
        case 0:
          seen.joined += Do(QueueVerb::kJoin, passing).code == Code::kDone ? 1U : 0U;
          break;
        case 1:
          seen.left += Do(QueueVerb::kLeave, passing).code == Code::kDone ? 1U : 0U;
          break;
        case 2: {
          const std::uint64_t staying = random() % kStaying;
          const QueueAnswer look = Do(QueueVerb::kTouch, staying);
          if (look.entry.state != TicketState::kWaiting) break;
          const auto [known, fresh] = ahead.try_emplace(staying, look.ahead);
          seen.position_grew = seen.position_grew || look.ahead > known->second;
          known->second = look.ahead;
          break;
        }
        default:
          Admit(seen);
      }
    }
    return seen;
  }

 private:
  QueueAnswer Do(QueueVerb verb, std::uint64_t user, std::uint64_t admission = 0) {
    return Ask(queue_, sale_, kQueueOrigin,
               {.verb = verb, .user = QueueUser(user), .admission = admission});
  }

  void Admit(Seen& seen) {
    const Result<QueueState> state = queue_.Read(sale_, kQueueOrigin);
    if (!state.ok()) return;
    seen.too_many = seen.too_many || state->in_flight > kInFlight;
    constexpr std::array<TierPick, 3> kPicks{};
    std::array<QueueEntry, 3> admitted;
    const Result<std::size_t> count =
        queue_.Admit(sale_, kQueueOrigin, {.revision = state->revision, .picks = kPicks}, admitted);
    if (!count.ok()) return;
    for (std::size_t i = 0; i < *count; ++i) {
      seen.admitted.push_back(admitted[i]);
      const std::uint64_t number = admitted[i].admission.number;
      const QueueCommand complete{
          .verb = QueueVerb::kComplete, .user = admitted[i].user, .admission = number};
      seen.completed += Ask(queue_, sale_, kQueueOrigin, complete).code == Code::kDone ? 1U : 0U;
    }
  }

  QueueRepository& queue_;
  const SaleRef sale_;
};

void CheckCrowd(Storage& storage, Findings& f) {
  QueueTerms terms = PlainQueue();
  // All at one instant: so no more than the burst may ever be let in.
  terms.pace = {.admissions_per_second = 1'500, .max_in_flight = Crowd::kInFlight};
  constexpr std::size_t kBurst = 150;
  ProbedQueue queue(storage, terms, f);
  for (std::uint64_t user = 0; user < Crowd::kStaying; ++user) queue.Join(user, kQueueOrigin);
  std::array<Seen, kThreads> seen;
  RunThreads([&](std::size_t thread) { seen[thread] = Crowd(queue).Run(thread); });

  Seen all;
  for (const Seen& of_thread : seen) {
    all.admitted.insert(all.admitted.end(), of_thread.admitted.begin(), of_thread.admitted.end());
    all.joined += of_thread.joined;
    all.left += of_thread.left;
    all.completed += of_thread.completed;
    f.Expect(!of_thread.position_grew, "a position grows under contention");
    f.Expect(!of_thread.too_many, "more than max_in_flight are inside under contention");
  }
  const QueueState state = queue.Read(kQueueOrigin);
  f.Expect(all.admitted.size() == kBurst && state.admitted == kBurst,
           "threads together let in more or fewer than the pace allows");
  std::sort(all.admitted.begin(), all.admitted.end(),
            [](const auto& a, const auto& b) { return a.admission.number < b.admission.number; });
  for (std::size_t i = 1; i < all.admitted.size(); ++i) {
    f.Expect(all.admitted[i - 1].admission.number != all.admitted[i].admission.number,
             "two admissions have one number");
    f.Expect(all.admitted[i - 1].ticket < all.admitted[i].ticket,
             "under contention somebody is let in before who stands ahead, or twice");
  }
  f.Expect(state.joined == Crowd::kStaying + all.joined && state.left == all.left &&
               state.completed == all.completed,
           "counts do not agree with what the threads were told");
  f.Expect(state.waiting[0] + state.in_flight + state.left + state.completed == state.joined,
           "somebody is lost, or there twice");
}

// Readers of an admission while others come, go and pause.
void CheckReaders(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, PlainQueue(), f);
  queue.Join(1, kQueueOrigin);
  const std::vector<QueueEntry> admitted = queue.Admit(kQueueOrigin, 1);
  if (admitted.size() != 1) return f.Expect(false, "nobody is let in");
  const Admission due = admitted[0].admission;
  std::atomic<int> wrong = 0;
  QueueRepository& queues = queue.queues();
  RunThreads([&](std::size_t thread) {
    for (std::uint64_t i = 0; i < 500; ++i) {
      const std::uint64_t other = 10 + i * kThreads + thread;
      if (thread == 0) {
        const QueueCommand join{.verb = QueueVerb::kJoin, .user = QueueUser(other)};
        Ask(queues, queue.sale(), kQueueOrigin, join);
        const Result<QueueState> state = queues.Read(queue.sale(), kQueueOrigin);
        constexpr std::array<TierPick, 1> kPicks{};
        std::array<QueueEntry, 1> entry;
        if (!state.ok()) continue;
        const AdmitPlan plan{.revision = state->revision, .picks = kPicks};
        if (queues.Admit(queue.sale(), kQueueOrigin, plan, entry).ok()) {
          Ask(queues, queue.sale(), kQueueOrigin,
              {.verb = QueueVerb::kLeave, .user = QueueUser(other)});
        }
      } else if (thread == 1) {
        // At one instant, so that no window moves.
        static_cast<void>(queues.Pause(queue.sale(), kQueueOrigin));
        static_cast<void>(queues.Resume(queue.sale(), kQueueOrigin));
      } else {
        const AdmissionProbe probe = queues.Probe(queue.sale(), QueueUser(1));
        Admission found;
        const Status status = queues.FindAdmissions(kQueueOrigin, {&probe, 1}, {&found, 1});
        if (!status.ok() || found != due) ++wrong;
      }
    }
  });
  f.Expect(wrong == 0, "an admission is not found while others come and go");
}

// The line of a repository, as visitors see it.
struct VisitedLine {
  QueueRepository& queues;
  const SaleRef& sale;

  QueueAnswer Do(const QueueCommand& command, Time now) const {
    return Ask(queues, sale, now, command);
  }
};

// People come, leave, fall silent and do not show up while time passes and others are let in.
void CheckVisits(Storage& storage, Findings& f) {
  ProbedQueue queue(storage, VisitedTerms(), f);
  VisitTime time;
  std::vector<QueueEntry> admitted;
  std::uint64_t calls = 0;
  const auto let_in = [&](Time now) {
    // Now and then: so some who are silent stand in the way of who is let in.
    if (++calls % 8 == 0 && !queue.queues().LapseDue(queue.sale(), now, 4).ok()) return;
    const Result<QueueState> state = queue.queues().Read(queue.sale(), now);
    if (!state.ok()) return;
    constexpr std::array<TierPick, 4> kPicks = {
        {{.tier = 0}, {.tier = 1}, {.tier = 0}, {.tier = 1}}};
    std::array<QueueEntry, 4> some;
    const Result<std::size_t> count = queue.queues().Admit(
        queue.sale(), now, {.revision = state->revision, .picks = kPicks}, some);
    if (!count.ok()) return;
    admitted.insert(admitted.end(), some.begin(),
                    some.begin() + static_cast<std::ptrdiff_t>(*count));
  };
  const VisitReport report = RunVisits(
      time,
      [&](std::size_t) { return VisitedLine{.queues = queue.queues(), .sale = queue.sale()}; },
      let_in, [&] { return admitted; });
  f.Expect(report.error.empty(), report.error);
  f.Expect(report.admitted > 100 && report.left > 100 && report.fell_silent > 50 &&
               report.windows_lapsed > 5,
           "too little happens in the crowd: " + std::to_string(report.admitted) + " let in, " +
               std::to_string(report.left) + " left, " + std::to_string(report.fell_silent) +
               " silent, " + std::to_string(report.windows_lapsed) + " windows lapsed");
}

}  // namespace

std::span<const NamedCheck> QueueThreadChecks() {
  static constexpr std::array<NamedCheck, 4> kChecks = {{
      {"queues/threads that join", &CheckJoins},
      {"queues/threads of a crowd", &CheckCrowd},
      {"queues/threads that read", &CheckReaders},
      {"queues/threads while time passes", &CheckVisits},
  }};
  return kChecks;
}

}  // namespace flashsale::inline v0
