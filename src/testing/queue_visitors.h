#ifndef FLASHSALE_SRC_TESTING_QUEUE_VISITORS_H_
#define FLASHSALE_SRC_TESTING_QUEUE_VISITORS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/repository/queue_repository.h"
#include "flashsale/testing/simulated_clock.h"
#include "testing/meeting_point.h"
#include "testing/probed_queue.h"

namespace flashsale::inline v0 {

// A ticket as its holder knows it.
struct HeldTicket {
  std::uint64_t number = 0;
  std::uint64_t user = 0;
  std::uint8_t tier = 0;
  // Steps of all threads together: before the call that gave it, and after its answer.
  std::uint64_t asked = 0;
  std::uint64_t told = 0;
  // They were last heard of between these two.
  Time heard_from{};
  Time heard_to{};
  std::uint64_t ahead = 0;
  // They were told so.
  bool is_inside = false;
  // They gave it up, by leaving or by being done.
  bool given_up = false;
  // They were told that they have it no longer, by this time.
  std::optional<Time> lost_by = std::nullopt;
};

// What became of a crowd.
struct VisitReport {
  // The first thing that is against the order; empty where nothing is.
  std::string error;
  std::size_t admitted = 0;
  std::size_t left = 0;
  std::size_t fell_silent = 0;
  std::size_t windows_lapsed = 0;
};

// Judges what people in line were told and who was let in, without pauses: who had their ticket
// before another asked for one is never let in after them, but for who left or fell silent; nobody
// loses a ticket otherwise, is let in when silent, or twice.
inline VisitReport JudgeVisits(const QueueTerms& terms, const std::vector<HeldTicket>& tickets,
                               std::vector<QueueEntry> admitted) {
  VisitReport report{.admitted = admitted.size()};
  const auto expect = [&report](bool holds, std::string_view sentence, std::uint64_t ticket) {
    if (!holds && report.error.empty()) {
      report.error = std::string(sentence) + ": ticket " + std::to_string(ticket);
    }
  };
  std::map<std::uint64_t, const HeldTicket*> by_number;
  for (const HeldTicket& ticket : tickets) {
    expect(by_number.try_emplace(ticket.number, &ticket).second, "given twice", ticket.number);
  }
  std::sort(admitted.begin(), admitted.end(), [](const QueueEntry& a, const QueueEntry& b) {
    return a.admission.number < b.admission.number;
  });
  // By tier, when the last of those who were let in so far asked for their ticket.
  std::array<std::uint64_t, kMaxTiers> last_asked{};
  std::map<std::uint64_t, Time> until;
  for (const QueueEntry& entry : admitted) {
    const auto found = by_number.find(entry.ticket);
    expect(found != by_number.end(), "let in and nobody's", entry.ticket);
    if (found == by_number.end()) continue;
    const HeldTicket& held = *found->second;
    const bool is_same = held.tier == entry.tier && entry.user == QueueUser(held.user);
    expect(is_same, "another's, or of another tier, when let in", entry.ticket);
    expect(until.try_emplace(entry.ticket, entry.admission.until).second, "let in twice",
           entry.ticket);
    expect(held.told >= last_asked[held.tier], "let in after somebody who came later",
           entry.ticket);
    const Time at = entry.admission.until - terms.admission_window;
    expect(at < SilentFrom(terms, held.heard_to), "let in although silent", entry.ticket);
    last_asked[held.tier] = std::max(last_asked[held.tier], held.asked);
  }
  for (const HeldTicket& held : tickets) {
    const auto inside = until.find(held.number);
    if (held.given_up) {
      ++report.left;
    } else if (held.lost_by.has_value()) {
      const bool was_inside = inside != until.end();
      ++(was_inside ? report.windows_lapsed : report.fell_silent);
      const Time end = was_inside ? inside->second : SilentFrom(terms, held.heard_from);
      expect(*held.lost_by >= end, "lost before its time", held.number);
    } else if (inside == until.end()) {
      expect(held.told >= last_asked[held.tier], "still waits while who came later is inside",
             held.number);
    }
  }
  return report;
}

// Once all have asked and nobody has moved since: everybody who waits has those ahead of them who
// wait, and nobody else.
inline std::string FindWrongPlace(std::vector<HeldTicket> tickets) {
  std::sort(tickets.begin(), tickets.end(),
            [](const HeldTicket& a, const HeldTicket& b) { return a.number < b.number; });
  std::array<std::uint64_t, kMaxTiers> ahead{};
  for (const HeldTicket& held : tickets) {
    if (held.is_inside || held.given_up || held.lost_by.has_value()) continue;
    if (held.ahead != ahead[held.tier]++) {
      return "a position is not that of those who wait: ticket " + std::to_string(held.number);
    }
  }
  return {};
}

// How threads of one crowd share their time: each call of a visitor moves it on by so much, and one
// thread more makes it so.
struct VisitTime {
  SimulatedClock clock{kQueueOrigin};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> steps{0};

  Time Due() const {
    constexpr std::int64_t kUsPerCall = 1'000;
    const auto made = static_cast<std::int64_t>(calls.load(std::memory_order_relaxed));
    return kQueueOrigin + Duration(made * kUsPerCall);
  }
  // No more than a few calls ahead of the clock.
  void Pass() {
    constexpr Duration kMostAhead = std::chrono::milliseconds{20};
    calls.fetch_add(1, std::memory_order_relaxed);
    while (Due() - clock.Now() > kMostAhead) std::this_thread::yield();
  }
  // Acquire and release: what has one step happens before what has a later one.
  std::uint64_t Step() { return steps.fetch_add(1, std::memory_order_acq_rel); }
};

// The people of one thread, each of whom comes, asks, leaves, goes silent and comes again.  `Line`
// carries out a command: QueueAnswer Do(const QueueCommand&, Time now).
template <typename Line>
class Visitors {
 public:
  static constexpr std::uint64_t kUsers = 60;

  Visitors(VisitTime& time, Line line, std::size_t thread)
      : time_(time), line_(std::move(line)), first_(thread * kUsers), random_(thread + 1) {}

  void Run(int calls) {
    for (int call = 0; call < calls; ++call) {
      const std::uint64_t who = Draw(kUsers);
      std::optional<std::size_t>& held = held_[who];
      if (!held.has_value()) {
        Ask(who, QueueVerb::kJoin);
      } else if (who % 4 == 3 && Draw(64) != 0) {
        // These say nothing, and stay away when they are let in.
      } else if (Draw(12) == 0) {
        GiveUp(who, {.verb = QueueVerb::kLeave, .user = UserOf(who)});
      } else {
        Ask(who, Draw(8) == 0 ? QueueVerb::kJoin : QueueVerb::kTouch);
      }
      time_.Pass();
    }
  }

  // Once nobody moves any more, all who hold a ticket ask.
  void AskOnceMore() {
    is_over_ = true;
    for (std::uint64_t who = 0; who < kUsers; ++who) {
      if (held_[who].has_value()) Ask(who, QueueVerb::kTouch);
    }
  }

  // What was told against what was told before.
  const std::string& error() const { return error_; }
  const std::vector<HeldTicket>& tickets() const { return tickets_; }

 private:
  std::uint64_t Draw(std::uint64_t below) { return random_() % below; }
  UserId UserOf(std::uint64_t who) const { return QueueUser(first_ + who); }
  void Expect(bool holds, std::string_view sentence) {
    if (!holds && error_.empty()) error_ = sentence;
  }

  void Ask(std::uint64_t who, QueueVerb verb) {
    std::optional<std::size_t>& held = held_[who];
    const auto tier = static_cast<std::uint8_t>(who % 2);
    const std::uint64_t asked = time_.Step();
    const Time now = time_.clock.Now();
    const QueueAnswer answer = line_.Do({.verb = verb, .tier = tier, .user = UserOf(who)}, now);
    const Time after = time_.clock.Now();
    const std::uint64_t told = time_.Step();
    const bool is_new = verb == QueueVerb::kJoin && answer.code == Code::kDone;
    if (held.has_value() && (is_new || answer.code == Code::kUnknownTicket)) {
      tickets_[*held].lost_by = after;
      held.reset();
    }
    if (answer.code == Code::kUnknownTicket) return;
    const QueueEntry& entry = answer.entry;
    Expect(entry.state != TicketState::kNone, "who has joined or asks again has no ticket");
    if (is_new) {
      held = tickets_.size();
      tickets_.push_back({.number = entry.ticket,
                          .user = first_ + who,
                          .tier = tier,
                          .asked = asked,
                          .told = told,
                          .heard_from = now,
                          .heard_to = after,
                          .ahead = answer.ahead});
    }
    if (!held.has_value()) return Expect(false, "who has no ticket is told of an old one");
    HeldTicket& ticket = tickets_[*held];
    Expect(ticket.number == entry.ticket && ticket.tier == entry.tier,
           "who asks again is told of another ticket");
    if (entry.state == TicketState::kWaiting) {
      Expect(answer.ahead <= ticket.ahead, "a position grows while people come and go");
      ticket.ahead = answer.ahead;
      ticket.heard_from = now;
      ticket.heard_to = after;
    } else if (ticket.is_inside = true; !is_over_ && Draw(2) == 0) {
      GiveUp(
          who,
          {.verb = QueueVerb::kComplete, .user = entry.user, .admission = entry.admission.number});
    }
  }

  void GiveUp(std::uint64_t who, const QueueCommand& command) {
    HeldTicket& ticket = tickets_[*held_[who]];
    const QueueAnswer answer = line_.Do(command, time_.clock.Now());
    if (answer.code == Code::kDone) {
      ticket.given_up = true;
    } else {
      ticket.lost_by = time_.clock.Now();
    }
    held_[who].reset();
  }

  VisitTime& time_;
  Line line_;
  const std::uint64_t first_;
  std::mt19937_64 random_;
  std::array<std::optional<std::size_t>, kUsers> held_;  // which of the tickets
  std::vector<HeldTicket> tickets_;
  std::string error_;
  bool is_over_ = false;
};

// The line of a queue in which people stand beside each other, and may be silent for a second.
inline QueueTerms VisitedTerms() {
  return {.sale = "queue",
          .pace = {.admissions_per_second = 40, .max_in_flight = 12},
          .admission_window = std::chrono::seconds{1},
          .heartbeat_timeout = std::chrono::seconds{1},
          .tiers = 2};
}

// Threads of visitors, and one that moves the clock and lets people in: `let_in(now)` is called by
// that one alone, `make_line(thread)` once for each of the others, `admitted()` when all are done.
template <typename MakeLine, typename LetIn, typename Admitted>
VisitReport RunVisits(VisitTime& time, const MakeLine& make_line, const LetIn& let_in,
                      const Admitted& admitted) {
  constexpr std::size_t kThreads = 3;
  constexpr int kCalls = 4'000;
  using Line = decltype(make_line(std::size_t{0}));
  std::vector<Visitors<Line>> visitors;
  visitors.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) visitors.emplace_back(time, make_line(i), i);
  {
    MeetingPoint start(kThreads + 1);
    std::atomic<std::size_t> busy{kThreads};
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (Visitors<Line>& some : visitors) {
      threads.emplace_back([&some, &start, &busy] {
        start.Meet();
        some.Run(kCalls);
        busy.fetch_sub(1, std::memory_order_release);
      });
    }
    start.Meet();
    while (busy.load(std::memory_order_acquire) != 0) {
      time.clock.Set(time.Due());
      let_in(time.clock.Now());
      std::this_thread::yield();
    }
  }
  // Until whoever is silent has been met.
  for (int call = 0; call < 1'000; ++call) let_in(time.clock.Now());

  std::vector<HeldTicket> tickets;
  std::string error;
  for (Visitors<Line>& some : visitors) {
    some.AskOnceMore();
    if (error.empty()) error = some.error();
    tickets.insert(tickets.end(), some.tickets().begin(), some.tickets().end());
  }
  if (error.empty()) error = FindWrongPlace(tickets);
  VisitReport report = JudgeVisits(VisitedTerms(), tickets, admitted());
  if (!error.empty()) report.error = error;
  return report;
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_QUEUE_VISITORS_H_
