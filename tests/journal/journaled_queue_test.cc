// Queues and waitlists that outlive their process.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "flashsale/backend/memory.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/journal/reopen.h"
#include "tests/journal/restarting_storage.h"

namespace flashsale::journal_test {
namespace {

using namespace std::chrono_literals;

std::string Describe(const QueueEntry& entry) {
  const auto us = [](Time time) { return time.time_since_epoch().count(); };
  return fmt::format(
      "user {} state {} tier {} ticket {} place {} restored {} joined {} "
      "admission {} grant {} until {}",
      entry.user.bytes()[15], static_cast<int>(entry.state), entry.tier, entry.ticket, entry.place,
      entry.restored_place, us(entry.joined_at), entry.admission.number, entry.admission.grant,
      us(entry.admission.until));
}

std::string Describe(const QueueState& state) {
  const auto us = [](Time time) { return time.time_since_epoch().count(); };
  std::string text = fmt::format(
      "pace {}/{} set {} paused {} opened {} revision {} in flight {} unused {} room {} next {} "
      "strategy {} joined {} restored {} admitted {} completed {} left {} silent {} lapsed {}",
      state.pace.admissions_per_second, state.pace.max_in_flight, us(state.pace_set_at),
      state.paused, us(state.opened_at), state.revision, state.in_flight, state.unused, state.room,
      us(state.next_room), state.strategy, state.joined, state.restored, state.admitted,
      state.completed, state.left, state.fell_silent, state.windows_lapsed);
  for (std::size_t tier = 0; tier < kMaxTiers; ++tier) {
    text += fmt::format(" {}:{}", static_cast<int>(state.stages[tier]), state.waiting[tier]);
  }
  return text;
}

QueueAnswer Ask(QueueRepository& queue, const QueueCommand& command, Time now) {
  QueueAnswer answer;
  const Status status = queue.Apply("drop", now, {&command, 1}, {&answer, 1});
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return answer;
}
QueueAnswer Ask(QueueRepository& queue, QueueVerb verb, std::uint64_t user, Time now) {
  return Ask(queue, {.verb = verb, .user = User(user)}, now);
}

QueueState StateOf(QueueRepository& queue, Time now) {
  const Result<QueueState> state = queue.Read("drop", now);
  REQUIRE_MESSAGE(state.ok(), state.status().ToString());
  return *state;
}

std::vector<QueueEntry> Admit(QueueRepository& queue, std::size_t most, Time now,
                              std::uint8_t tier = 0) {
  const std::vector<TierPick> picks(most, {.tier = tier, .state = most});
  std::vector<QueueEntry> admitted(most);
  const Result<std::size_t> count = queue.Admit(
      "drop", now, {.revision = StateOf(queue, now).revision, .picks = picks}, admitted);
  REQUIRE_MESSAGE(count.ok(), count.status().ToString());
  admitted.resize(*count);
  return admitted;
}

// All that one queue tells of itself and of its people.
std::string Everything(QueueRepository& queue, std::uint64_t users, Time now) {
  std::string text = Describe(StateOf(queue, now)) + "\n";
  for (std::uint64_t user = 1; user <= users; ++user) {
    const QueueAnswer answer = Ask(queue, QueueVerb::kLook, user, now);
    text += fmt::format("{} {} ahead {}\n", static_cast<int>(answer.code), Describe(answer.entry),
                        answer.ahead);
  }
  return text;
}

constexpr std::uint64_t kUsers = 60;

QueueTerms Terms() {
  return {.sale = "drop",
          .pace = {.admissions_per_second = 40, .max_in_flight = 12},
          .max_waiting = 45,
          .admission_window = 20s,
          .grant = 2,
          .heartbeat_timeout = std::chrono::hours{24 * 300},
          .tiers = 3,
          .opens = {kStart + 30s, kStart + 60s, kMinTime},
          .restore_window = 15s,
          .strategy = "any"};
}

// Anything that may be asked of a queue; what it answered.
std::string Do(QueueRepository& queue, std::mt19937_64& random, Time now) {
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  const auto tier = static_cast<std::uint8_t>(below(3));
  switch (below(24)) {
    case 0:
      return queue.Pause("drop", now).ToString();
    case 1:
    case 2:
      return queue.Resume("drop", now).ToString();
    case 3:
      return queue
          .SetPace("drop", now,
                   {.admissions_per_second = static_cast<std::uint32_t>(1 + below(90)),
                    .max_in_flight = static_cast<std::uint32_t>(1 + below(20))})
          .ToString();
    case 4:
      return below(6) == 0 ? queue.Freeze("drop", now, tier).ToString() : "";
    case 5: {
      std::array<Entrant, 80> entrants;
      const Result<std::size_t> count = queue.ReadEntrants("drop", tier, 0, entrants);
      if (!count.ok()) return count.status().ToString();
      std::vector<std::uint64_t> tickets;
      std::string text;
      for (std::size_t i = 0; i < *count; ++i) {
        tickets.push_back(entrants[i].ticket);
        text += fmt::format("{}/{} ", entrants[i].ticket, entrants[i].restored_place);
      }
      if (below(2) == 0) {
        std::shuffle(tickets.begin(), tickets.end(), random);
        text += queue.Arrange("drop", {.tier = tier, .first = 0, .tickets = tickets}).ToString();
        // Those who have left since the entrants were listed have no place yet.
        text += queue.Begin("drop", now, tier).ToString();
      }
      return text;
    }
    case 6:
      return below(12) == 0 ? queue.Begin("drop", now, tier).ToString() : "";
    case 7: {
      // Windows that had passed before a restart end once more after it: how many is not compared.
      REQUIRE(queue.LapseDue("drop", now, 5).ok());
      return "";
    }
    case 8:
    case 9:
    case 10: {
      std::string text;
      for (const QueueEntry& entry : Admit(queue, 1 + below(4), now, tier)) {
        text += Describe(entry) + ", ";
      }
      return text;
    }
    case 11: {
      const UserId user = User(1 + below(kUsers));
      const AdmissionProbe probe = queue.Probe("drop", user);
      Admission admission;
      REQUIRE(queue.FindAdmissions(now, {&probe, 1}, {&admission, 1}).ok());
      if (admission.number != 0) {
        REQUIRE(queue.MarkUsed(now, {&probe, 1}, {&admission.number, 1}).ok());
      }
      return fmt::format("{} {}", admission.number, admission.until.time_since_epoch().count());
    }
    default: {
      std::string text;
      for (std::uint64_t i = 1 + below(3); i != 0; --i) {
        QueueCommand command{.verb = static_cast<QueueVerb>(1 + below(6)),
                             .tier = tier,
                             .user = User(1 + below(kUsers)),
                             .place = 1 + below(50)};
        if (command.verb == QueueVerb::kComplete) {
          command.admission = Ask(queue, {.verb = QueueVerb::kLook, .user = command.user}, now)
                                  .entry.admission.number;
        }
        const QueueAnswer answer = Ask(queue, command, now);
        text += fmt::format("{} {} {}, ", static_cast<int>(answer.code), Describe(answer.entry),
                            answer.ahead);
      }
      return text;
    }
  }
}

TEST_CASE("a queue that is made anew again and again answers as one that is not") {
  for (std::uint64_t seed = 1; seed <= (kRoundsDivisor == 1 ? 60U : 6U); ++seed) {
    CAPTURE(seed);
    const auto plain = OpenMemoryStorage();
    REQUIRE(plain.ok());
    const auto kept = std::make_shared<Kept>();
    const auto restarting = RestartingStorage::New([&] { return Reopen(kept); }, 1 + seed % 5 * 7);
    REQUIRE(restarting.ok());
    const bool waitlists = seed % 2 == 0;
    QueueRepository& expected = waitlists ? (*plain)->waitlists() : (*plain)->queue();
    QueueRepository& actual = waitlists ? (*restarting)->waitlists() : (*restarting)->queue();
    REQUIRE(expected.Open(Terms(), kStart).ok());
    REQUIRE(actual.Open(Terms(), kStart).ok());
    std::mt19937_64 one(seed);
    std::mt19937_64 other(seed);
    Time now = kStart;
    for (int i = 0; i < 400; ++i) {
      CAPTURE(i);
      now += Duration(static_cast<Duration::rep>(one() % 700'000));
      other();
      const std::string due = Do(expected, one, now);
      REQUIRE(Do(actual, other, now) == due);
      if (i % 20 == 0) {
        REQUIRE(Everything(actual, kUsers, now) == Everything(expected, kUsers, now));
      }
    }
    REQUIRE(expected.Close("drop", now).ok());
    REQUIRE(actual.Close("drop", now).ok());
    REQUIRE(Everything(actual, kUsers, now) == Everything(expected, kUsers, now));
    REQUIRE(expected.Forget("drop").ok());
    REQUIRE(actual.Forget("drop").ok());
    CHECK(actual.Read("drop", now).status().code() == StatusCode::kNotFound);
    // And anew under the same name.
    REQUIRE(actual.Open(Terms(), now).ok());
    CHECK(Ask(actual, QueueVerb::kJoin, 1, now).entry.ticket == 1);
  }
}

QueueTerms SilentTerms() {
  return {.sale = "drop",
          .pace = {.admissions_per_second = 1'000, .max_in_flight = 100},
          .heartbeat_timeout = 30s};
}

TEST_CASE("a restart is no silence: everybody is heard of at the first call after it") {
  const auto kept = std::make_shared<Kept>();
  Time now = kStart;
  {
    const auto storage = MustOpen(kept);
    REQUIRE(storage->queue().Open(SilentTerms(), now).ok());
    for (std::uint64_t user = 1; user <= 100; ++user) {
      Ask(storage->queue(), QueueVerb::kJoin, user, now);
    }
    // Some fall silent before, and stay gone.
    now += 20s;
    for (std::uint64_t user = 51; user <= 100; ++user) {
      Ask(storage->queue(), QueueVerb::kTouch, user, now);
    }
    now += 11s;
    REQUIRE(storage->queue().LapseDue("drop", now, 1'000).ok());
    CHECK(StateOf(storage->queue(), now).fell_silent == 50);
  }
  // Down for an hour.
  now += 1h;
  const auto storage = MustOpen(kept);
  QueueState state = StateOf(storage->queue(), now);
  CHECK(state.waiting[0] == 50);
  CHECK(state.fell_silent == 50);
  CHECK(Ask(storage->queue(), QueueVerb::kLook, 1, now).code == Code::kUnknownTicket);
  const QueueAnswer first = Ask(storage->queue(), QueueVerb::kTouch, 51, now + 29s);
  CHECK(first.code == Code::kDone);
  CHECK(first.ahead == 0);
  CHECK(first.entry.ticket == 51);
  // From then on silence is silence.
  REQUIRE(storage->queue().LapseDue("drop", now + 31s, 1'000).ok());
  state = StateOf(storage->queue(), now + 31s);
  CHECK(state.waiting[0] == 1);
  CHECK(state.fell_silent == 99);
}

TEST_CASE("windows pass while nobody is there, but not in a pause") {
  for (const bool paused : {false, true}) {
    const auto kept = std::make_shared<Kept>();
    {
      const auto storage = MustOpen(kept);
      REQUIRE(storage->queue().Open(SilentTerms(), kStart).ok());
      for (std::uint64_t user = 1; user <= 3; ++user) {
        Ask(storage->queue(), QueueVerb::kJoin, user, kStart);
      }
      CHECK(Admit(storage->queue(), 2, kStart).size() == 2);
      if (paused) REQUIRE(storage->queue().Pause("drop", kStart + 1s).ok());
    }
    const Time later = kStart + 1h;
    const auto storage = MustOpen(kept);
    const QueueState state = StateOf(storage->queue(), later);
    CHECK(state.in_flight == (paused ? 2 : 0));
    CHECK(state.windows_lapsed == (paused ? 0 : 2));
    CHECK(Ask(storage->queue(), QueueVerb::kLook, 3, later).entry.ticket == 3);
  }
}

TEST_CASE("each prefix of the commits is the queue that there was") {
  const auto kept = std::make_shared<Kept>();
  struct Known {
    std::size_t commits;
    Time now;
    std::string state;
  };
  std::vector<Known> known;
  {
    const auto storage = MustOpen(kept);
    QueueTerms terms = Terms();
    terms.heartbeat_timeout = 12s;
    REQUIRE(storage->queue().Open(terms, kStart).ok());
    std::mt19937_64 random(7);
    Time now = kStart;
    for (int i = 0; i < 300; ++i) {
      now += Duration(static_cast<Duration::rep>(random() % 400'000));
      Do(storage->queue(), random, now);
      // At the first look those who are silent go.
      Everything(storage->queue(), kUsers, now);
      const std::string state = Everything(storage->queue(), kUsers, now);
      known.push_back({.commits = kept->commits.size(), .now = now, .state = state});
    }
  }
  REQUIRE(known.back().commits > 80);
  const std::vector<Kept::Commit> all = kept->commits;
  for (const auto& [commits, now, state] : known) {
    const auto prefix = std::make_shared<Kept>();
    prefix->commits.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(commits));
    REQUIRE(Everything(MustOpen(prefix)->queue(), kUsers, now) == state);
  }
  CHECK(known.back().state.find(" silent 0 ") == std::string::npos);
}

TEST_CASE("nobody is told of a ticket before it is kept, and nobody after a failure") {
  const auto kept = std::make_shared<Kept>();
  auto storage = MustOpen(kept);
  REQUIRE(storage->queue().Open(SilentTerms(), kStart).ok());
  const std::size_t before = kept->commits.size();
  CHECK(Ask(storage->queue(), QueueVerb::kJoin, 1, kStart).code == Code::kDone);
  CHECK(kept->commits.size() == before + 1);
  // A heartbeat is nothing that has to be kept.
  CHECK(Ask(storage->queue(), QueueVerb::kTouch, 1, kStart + 1s).code == Code::kDone);
  CHECK(kept->commits.size() == before + 1);
  kept->before_append = [](const JournalCommit&) {
    return Status(StatusCode::kUnavailable, "the disk is gone");
  };
  const QueueCommand join{.verb = QueueVerb::kJoin, .user = User(2)};
  QueueAnswer answer;
  CHECK(storage->queue().Apply("drop", kStart, {&join, 1}, {&answer, 1}).code() ==
        StatusCode::kUnknown);
  const QueueCommand look{.verb = QueueVerb::kLook, .user = User(2)};
  CHECK(storage->queue().Apply("drop", kStart, {&look, 1}, {&answer, 1}).code() ==
        StatusCode::kFenced);
  CHECK(storage->queue().Read("drop", kStart).status().code() == StatusCode::kFenced);
  CHECK(storage->waitlists().Open(SilentTerms(), kStart).status().code() == StatusCode::kFenced);
  kept->before_append = nullptr;
  storage = MustOpen(kept);
  CHECK(StateOf(storage->queue(), kStart).joined == 1);
}

}  // namespace
}  // namespace flashsale::journal_test
