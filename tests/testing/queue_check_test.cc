#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_queues.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

StorageFactory Telling(const QueueLies& lies) {
  return [&lies](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return std::unique_ptr<Storage>(
        std::make_unique<StorageOfLyingQueues>(NewReferenceStorage(), lies));
  };
}

// All checks of the part "queues" that fail.
std::vector<std::string> Rejections(const QueueLies& lies) {
  std::vector<std::string> names;
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != "queues") continue;
    for (const CheckResult& result : part.run(Telling(lies), {})) {
      if (!result.passed) names.push_back(result.name);
    }
  }
  return names;
}

// By a sentence's own check, whose name ends so, and by random calls too.
bool IsRejectedBy(const QueueLies& lies, const std::string& check) {
  const std::vector<std::string> names = Rejections(lies);
  const bool by_check = std::find(names.begin(), names.end(), "queues/" + check) != names.end();
  const bool by_random = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with("queues/random");
  });
  CHECK_MESSAGE(by_check, check << " does not reject it");
  CHECK_MESSAGE(by_random, "random calls do not reject it");
  return by_check && by_random;
}

TEST_CASE("queues that tell the truth pass") { CHECK(Rejections({}).empty()); }

TEST_CASE("a position that is one too many is rejected") {
  CHECK(IsRejectedBy(
      {.answer = [](const QueueCommand&, Time, QueueAnswer& answer) { ++answer.ahead; }},
      "positions"));
}

TEST_CASE("a position that counts who left is rejected") {
  // Places as they were given once, and never any better.  Some checks have several threads.
  std::mutex mutex;
  std::map<std::uint64_t, std::uint64_t> given;
  CHECK(IsRejectedBy({.answer =
                          [&](const QueueCommand&, Time, QueueAnswer& answer) {
                            if (answer.entry.state != TicketState::kWaiting) return;
                            const std::lock_guard lock(mutex);
                            if (answer.entry.ticket == 1) given.clear();
                            answer.ahead =
                                given.try_emplace(answer.entry.ticket, answer.ahead).first->second;
                          }},
                     "positions"));
}

TEST_CASE("a second ticket for who joins again is rejected") {
  std::atomic<std::uint64_t> more = 0;
  CHECK(IsRejectedBy({.answer =
                          [&](const QueueCommand& command, Time, QueueAnswer& answer) {
                            const bool again = command.verb == QueueVerb::kJoin &&
                                               answer.code == Code::kAlreadyDone;
                            if (again) answer.entry.ticket += ++more;
                          }},
                     "tickets"));
}

TEST_CASE("a look that counts as a heartbeat is rejected") {
  CHECK(IsRejectedBy({.command =
                          [](QueueCommand& command, Time&) {
                            if (command.verb == QueueVerb::kLook) command.verb = QueueVerb::kTouch;
                          },
                      .answer =
                          [](const QueueCommand& command, Time, QueueAnswer& answer) {
                            const bool looked =
                                command.verb == QueueVerb::kLook && answer.code == Code::kDone;
                            if (looked) answer.code = Code::kAlreadyDone;
                          }},
                     "silence"));
}

TEST_CASE("a heartbeat that is not heard is rejected") {
  CHECK(IsRejectedBy({.command =
                          [](QueueCommand& command, Time&) {
                            if (command.verb == QueueVerb::kTouch) command.verb = QueueVerb::kLook;
                          },
                      .answer =
                          [](const QueueCommand& command, Time, QueueAnswer& answer) {
                            const bool touched = command.verb == QueueVerb::kTouch &&
                                                 answer.code == Code::kAlreadyDone;
                            if (touched) answer.code = Code::kDone;
                          }},
                     "silence"));
}

TEST_CASE("a silence that is borne for too long is rejected") {
  CHECK(IsRejectedBy({.open = [](QueueTerms& terms) { terms.heartbeat_timeout += Duration{1}; },
                      .state = [](QueueState& state) { state.terms.heartbeat_timeout -= 1us; }},
                     "silence"));
}

TEST_CASE("a window that is a microsecond too long is rejected") {
  CHECK(IsRejectedBy({.open = [](QueueTerms& terms) { terms.admission_window += Duration{1}; },
                      .found =
                          [](Admission& admission) {
                            if (admission.number != 0) admission.until -= 1us;
                          },
                      .state = [](QueueState& state) { state.terms.admission_window -= 1us; }},
                     "windows"));
}

TEST_CASE("one place too many in the queue is rejected") {
  CHECK(IsRejectedBy({.open = [](QueueTerms& terms) { ++terms.max_waiting; },
                      .state = [](QueueState& state) { --state.terms.max_waiting; }},
                     "the cap"));
}

TEST_CASE("one slot too many in the shop is rejected") {
  CHECK(IsRejectedBy({.open = [](QueueTerms& terms) { ++terms.pace.max_in_flight; },
                      .state =
                          [](QueueState& state) {
                            --state.terms.pace.max_in_flight;
                            --state.pace.max_in_flight;
                          }},
                     "in flight"));
}

TEST_CASE("a plan that is followed whatever has happened since is rejected") {
  CHECK(IsRejectedBy({.admit =
                          [](QueueRepository& inner, const SaleRef& sale, Time now,
                             const AdmitPlan& plan, std::span<QueueEntry> admitted) {
                            AdmitPlan present = plan;
                            const Result<QueueState> state = inner.Read(sale, now);
                            if (state.ok()) present.revision = state->revision;
                            return inner.Admit(sale, now, present, admitted);
                          }},
                     "plans"));
}

TEST_CASE("a pause that keeps people out but lets time pass is rejected") {
  CHECK(IsRejectedBy({.pause =
                          [](QueueRepository& inner, const SaleRef& sale, Time now) {
                            // Begins and ends at once: so nothing moves.
                            Status status = inner.Pause(sale, now);
                            if (status.ok()) status = inner.Resume(sale, now);
                            return status;
                          }},
                     "pause"));
}

TEST_CASE("an admission that is not found is rejected") {
  CHECK(IsRejectedBy({.found = [](Admission& admission) { admission = {}; }}, "admissions"));
}

TEST_CASE("an admission of which it is forgotten that it was used is rejected") {
  const auto forget = [](std::uint64_t& number) { number = 0; };
  CHECK(IsRejectedBy({.used = forget}, "admissions"));
}

TEST_CASE("an admission's number that may come again is rejected") {
  CHECK(IsRejectedBy({.admit =
                          [](QueueRepository& inner, const SaleRef& sale, Time now,
                             const AdmitPlan& plan, std::span<QueueEntry> admitted) {
                            Result<std::size_t> count = inner.Admit(sale, now, plan, admitted);
                            for (QueueEntry& entry : admitted) entry.admission.number %= 1'000;
                            return count;
                          }},
                     "admissions"));
}

TEST_CASE("an entrant that is not read is rejected") {
  CHECK(IsRejectedBy({.entrants =
                          [](std::span<Entrant> entrants) {
                            if (entrants.size() > 1) entrants.front() = entrants[1];
                          }},
                     "freeze"));
}

TEST_CASE("a draw that is not followed is rejected") {
  CHECK(IsRejectedBy(
      {.arrange =
           [](QueueRepository& inner, const SaleRef& sale, const Arrangement& arrangement) {
             std::vector<std::uint64_t> tickets(arrangement.tickets.begin(),
                                                arrangement.tickets.end());
             std::sort(tickets.begin(), tickets.end());
             return inner.Arrange(
                 sale, {.tier = arrangement.tier, .first = arrangement.first, .tickets = tickets});
           }},
      "draw"));
}

TEST_CASE("a freeze that freezes nothing is rejected") {
  CHECK(IsRejectedBy(
      {.freeze = [](QueueRepository&, const SaleRef&, Time, std::uint8_t) { return Status(); }},
      "freeze"));
}

TEST_CASE("a close after which people join is rejected") {
  CHECK(IsRejectedBy({.close = [](QueueRepository&, const SaleRef&, Time) { return Status(); }},
                     "closing"));
}

TEST_CASE("a next time that lies too far ahead is rejected") {
  CHECK(
      IsRejectedBy({.lapse = [](LapseReport& report) { report.next_due = kMaxTime; }}, "silence"));
}

// Threads that happen not to meet have nothing to be rejected for; they are given more than one
// chance to.
bool IsRejectedInTime(const QueueLies& lies, std::string_view check) {
  constexpr int kChances = 10;
  for (int i = 0; i < kChances; ++i) {
    const std::vector<std::string> names = Rejections(lies);
    if (std::find(names.begin(), names.end(), check) != names.end()) return true;
  }
  return false;
}

TEST_CASE("threads that join one user twice are rejected") {
  // Looks, then joins under another id if there was nobody: two steps, between which somebody else
  // looks, if there is anybody.
  std::mutex mutex;
  std::atomic<std::uint64_t> looks = 0;
  std::map<std::uint64_t, std::uint64_t> doubles;
  const QueueLies lies{.command = [&](QueueCommand& command, Time&) {
    if (command.verb != QueueVerb::kJoin) return;
    const std::uint64_t before = ++looks;
    for (int i = 0; i < 200 && looks == before; ++i) std::this_thread::yield();
    const bool overtaken = looks != before;
    const std::lock_guard lock(mutex);
    if (overtaken) command.user = UserId::FromInteger(1'000'000 + ++doubles[0]);
  }};
  CHECK(IsRejectedInTime(lies, "queues/threads that join"));
}

TEST_CASE("threads that let in more than there is room for are rejected") {
  // The plan of another revision, made good by a look: what Conflict is there to prevent.
  const QueueLies lies{.admit = [](QueueRepository& inner, const SaleRef& sale, Time now,
                                   const AdmitPlan& plan, std::span<QueueEntry> admitted) {
    // A microsecond later for each: the pace has room again.
    static std::atomic<std::int64_t> later = 0;
    return inner.Admit(sale, now + Duration(10'000 * ++later), plan, admitted);
  }};
  CHECK(IsRejectedInTime(lies, "queues/threads of a crowd"));
}

TEST_CASE("threads that let somebody in before who came first are rejected") {
  // Of three who are let in at once, two of one tier have each other's numbers.
  const QueueLies lies{.admit = [](QueueRepository& inner, const SaleRef& sale, Time now,
                                   const AdmitPlan& plan, std::span<QueueEntry> admitted) {
    Result<std::size_t> count = inner.Admit(sale, now, plan, admitted);
    if (count.ok() && *count > 2 && admitted[0].tier == admitted[2].tier) {
      std::swap(admitted[0].admission, admitted[2].admission);
    }
    return count;
  }};
  CHECK(IsRejectedInTime(lies, "queues/threads while time passes"));
}

TEST_CASE("threads of whom one's heartbeat is not heard are rejected") {
  const QueueLies lies{.command =
                           [](QueueCommand& command, Time&) {
                             if (command.verb == QueueVerb::kTouch) command.verb = QueueVerb::kLook;
                           },
                       .answer =
                           [](const QueueCommand& command, Time, QueueAnswer& answer) {
                             const bool touched = command.verb == QueueVerb::kTouch &&
                                                  answer.code == Code::kAlreadyDone;
                             if (touched) answer.code = Code::kDone;
                           }};
  CHECK(IsRejectedInTime(lies, "queues/threads while time passes"));
}

}  // namespace
}  // namespace flashsale
