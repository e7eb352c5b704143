#include "backend/memory/waiting_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace flashsale::memory {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = kMinTime + 400'000h;
const engine::KeyedHash kHash(1);

QueueTerms Terms() {
  return {.sale = "sale",
          .pace = {.admissions_per_second = 10'000'000, .max_in_flight = 1'000'000},
          .heartbeat_timeout = 60s};
}

QueueCommand Command(QueueVerb verb, std::uint64_t user) {
  return {.verb = verb, .user = UserId::FromInteger(user)};
}

QueueAnswer Do(WaitingLine& line, Time now, const QueueCommand& command) {
  QueueAnswer answer;
  REQUIRE(line.Apply(now, {&command, 1}, {&answer, 1}).ok());
  return answer;
}

// Users `first` to `first + count - 1`, in batches.
void JoinAll(WaitingLine& line, Time now, std::uint64_t first, std::uint64_t count) {
  std::vector<QueueCommand> commands;
  for (std::uint64_t user = first; user < first + count; ++user) {
    commands.push_back(Command(QueueVerb::kJoin, user));
  }
  std::vector<QueueAnswer> answers(commands.size());
  REQUIRE(line.Apply(now, commands, answers).ok());
  REQUIRE(std::all_of(answers.begin(), answers.end(),
                      [](const QueueAnswer& answer) { return answer.code == Code::kDone; }));
}

std::vector<QueueEntry> Admit(WaitingLine& line, Time now, std::size_t most) {
  const std::vector<TierPick> picks(most);
  std::vector<QueueEntry> admitted(most);
  const Result<std::size_t> count =
      line.Admit(now, {.revision = line.Read(now).revision, .picks = picks}, admitted);
  REQUIRE(count.ok());
  admitted.resize(*count);
  return admitted;
}

TEST_CASE("positions stay exact among a hundred thousand, whoever leaves") {
  constexpr std::uint64_t kUsers = 100'000;
  WaitingLine line(Terms(), kNow, kHash);
  JoinAll(line, kNow, 0, kUsers);
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> order(kUsers);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  std::shuffle(order.begin(), order.end(), random);
  std::vector<bool> waits(kUsers, true);
  for (std::size_t i = 0; i < kUsers * 9 / 10; ++i) {
    REQUIRE(Do(line, kNow, Command(QueueVerb::kLeave, order[i])).code == Code::kDone);
    waits[order[i]] = false;
    if (i % 20'000 != 0) continue;
    std::uint64_t ahead = 0;
    for (std::uint64_t user = 0; user < kUsers; ++user) {
      const QueueAnswer answer = Do(line, kNow, Command(QueueVerb::kLook, user));
      REQUIRE((answer.code == Code::kAlreadyDone) == waits[user]);
      if (waits[user]) REQUIRE(answer.ahead == ahead++);
    }
  }
  // Who is left is let in in the order of joining.
  std::uint64_t last = 0;
  for (int call = 0; call < 20; ++call) {
    for (const QueueEntry& entry : Admit(line, kNow, 1'000)) {
      REQUIRE(entry.ticket > last);
      last = entry.ticket;
    }
  }
  CHECK(line.Read(kNow).waiting[0] == 0);
  CHECK(line.Read(kNow).in_flight == kUsers / 10);
}

TEST_CASE("a crowd that falls silent at once is freed in bounded steps") {
  constexpr std::uint64_t kUsers = 50'000;
  WaitingLine line(Terms(), kNow, kHash);
  JoinAll(line, kNow, 0, kUsers);
  JoinAll(line, kNow + 1s, kUsers, 1);
  const Time silent = kNow + 60s;
  // One look meets only a few of them, and tells who is there themselves rightly.
  CHECK(Do(line, silent, Command(QueueVerb::kLook, 7)).code == Code::kUnknownTicket);
  CHECK(line.Read(silent).waiting[0] > kUsers - 100);
  std::uint64_t freed = line.Read(silent).fell_silent;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const LapseReport report = line.LapseDue(silent, 1'000);
    CHECK(report.fell_silent <= 1'000);
    freed += report.fell_silent;
    more = report.more;
    REQUIRE(calls < 1'000);
  }
  CHECK(freed == kUsers);
  CHECK(calls >= 49);
  CHECK(Do(line, silent, Command(QueueVerb::kLook, kUsers)).ahead == 0);
  CHECK(line.LapseDue(silent, 1'000).next_due <= kNow + 61s);
}

TEST_CASE("who is silent is passed over, and an admission too many is put off") {
  constexpr std::uint64_t kUsers = 60'000;
  WaitingLine line(Terms(), kNow, kHash);
  JoinAll(line, kNow, 0, kUsers);
  JoinAll(line, kNow + 1s, kUsers, 3);
  // One call looks at so many; the next goes on behind them.
  std::vector<QueueEntry> admitted;
  for (int call = 0; call < 3 && admitted.empty(); ++call) admitted = Admit(line, kNow + 60s, 2);
  REQUIRE(admitted.size() == 2);
  CHECK(admitted[0].ticket == kUsers + 1);
  CHECK(admitted[1].ticket == kUsers + 2);
  CHECK(line.Read(kNow + 60s).fell_silent == kUsers);
}

TEST_CASE("two hundred thousand entrants are drawn, whoever leaves and joins meanwhile") {
  constexpr std::uint64_t kUsers = 200'000;
  QueueTerms terms = Terms();
  terms.opens[0] = kNow + 1h;
  WaitingLine line(terms, kNow, kHash);
  JoinAll(line, kNow, 0, kUsers);
  for (std::uint64_t user = 0; user < kUsers; user += 3) {
    REQUIRE(Do(line, kNow, Command(QueueVerb::kLeave, user)).code == Code::kDone);
  }
  line.Freeze(kNow, 0);
  std::vector<Entrant> entrants;
  std::array<Entrant, 4'096> page;
  for (;;) {
    const std::uint64_t after = entrants.empty() ? 0 : entrants.back().ticket;
    const Result<std::size_t> count = line.ReadEntrants(0, after, page);
    REQUIRE(count.ok());
    if (*count == 0) break;
    entrants.insert(entrants.end(), page.begin(),
                    page.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  REQUIRE(entrants.size() == kUsers - (kUsers + 2) / 3);
  // Since the freeze: some leave, one of them comes back behind, others come.
  for (std::uint64_t user = 1; user < 1'000; user += 3) {
    REQUIRE(Do(line, kNow, Command(QueueVerb::kLeave, user)).code == Code::kDone);
  }
  JoinAll(line, kNow, 1, 1);
  JoinAll(line, kNow, kUsers, 10);

  std::mt19937_64 random(2);
  std::shuffle(entrants.begin(), entrants.end(), random);
  std::vector<std::uint64_t> tickets;
  tickets.reserve(entrants.size());
  for (const Entrant& entrant : entrants) tickets.push_back(entrant.ticket);
  for (std::size_t first = 0; first < tickets.size(); first += 10'000) {
    const std::size_t count = std::min<std::size_t>(10'000, tickets.size() - first);
    REQUIRE(
        line.Arrange({.first = first, .tickets = std::span(tickets).subspan(first, count)}).ok());
  }
  REQUIRE(line.Begin(kNow, 0).ok());
  const auto stays = [](const Entrant& entrant) {
    const std::uint64_t ticket = entrant.ticket;  // the user's number and one
    return ticket > 1'000 || ticket % 3 != 2;
  };
  std::uint64_t ahead = 0;
  for (std::size_t i = 0; i < entrants.size(); ++i) {
    if (!stays(entrants[i])) continue;
    if (i % 97 == 0) {
      const QueueCommand look{.user = entrants[i].user};
      REQUIRE(Do(line, kNow, look).ahead == ahead);
    }
    ++ahead;
  }
  CHECK(Do(line, kNow, Command(QueueVerb::kLook, 1)).ahead == ahead);
  CHECK(Do(line, kNow, Command(QueueVerb::kLook, kUsers + 9)).ahead == ahead + 10);
  const std::vector<QueueEntry> admitted = Admit(line, kNow, 100);
  const auto first = std::find_if(entrants.begin(), entrants.end(), stays);
  REQUIRE(admitted.size() == 100);
  CHECK(admitted[0].ticket == first->ticket);
}

TEST_CASE("who was drawn behind others who were heard of later falls silent at their own time") {
  constexpr std::uint64_t kUsers = 2'000;
  QueueTerms terms = Terms();
  terms.opens[0] = kNow + 1h;
  WaitingLine line(terms, kNow - 60s, kHash);
  // One has fallen silent and another not, so that the line was at its deadlines just now.
  JoinAll(line, kNow - 60s, kUsers, 1);
  JoinAll(line, kNow - 5s, kUsers + 1, 1);
  REQUIRE(line.LapseDue(kNow, 10).fell_silent == 1);
  REQUIRE(Do(line, kNow, Command(QueueVerb::kLeave, kUsers + 1)).code == Code::kDone);
  JoinAll(line, kNow, 0, kUsers);
  for (std::uint64_t user = 0; user < kUsers; user += 2) {
    REQUIRE(Do(line, kNow + 50s, Command(QueueVerb::kTouch, user)).code == Code::kDone);
  }
  line.Freeze(kNow + 50s, 0);
  // Those who were heard of first, in each stretch of the line.
  std::vector<std::uint64_t> tickets;
  for (std::uint64_t user = 0; user < kUsers; user += 2) {
    tickets.push_back(user + 3);
    tickets.push_back(user + 4);
  }
  REQUIRE(line.Arrange({.first = 0, .tickets = tickets}).ok());
  REQUIRE(line.Begin(kNow + 50s, 0).ok());
  std::uint64_t fell_silent = 0;
  for (bool more = true; more;) {
    const LapseReport report = line.LapseDue(kNow + 60s, kUsers);
    fell_silent += report.fell_silent;
    more = report.more;
  }
  CHECK(fell_silent == kUsers / 2);
  CHECK(line.Read(kNow + 60s).waiting[0] == kUsers / 2);
}

TEST_CASE("a hundred thousand who never joined are told so, whoever has their tags") {
  WaitingLine line(Terms(), kNow, kHash);
  JoinAll(line, kNow, 0, 100'000);
  for (std::uint64_t user = 100'000; user < 200'000; ++user) {
    REQUIRE(Do(line, kNow, Command(QueueVerb::kLook, user)).code == Code::kUnknownTicket);
  }
}

TEST_CASE("stretches that contradict each other are put in order by place, then by ticket") {
  QueueTerms terms = Terms();
  terms.opens[0] = kNow + 1h;
  WaitingLine line(terms, kNow, kHash);
  JoinAll(line, kNow, 0, 4);
  line.Freeze(kNow, 0);
  const std::vector<std::uint64_t> one = {4, 3};
  const std::vector<std::uint64_t> other = {2, 1};
  REQUIRE(line.Arrange({.first = 0, .tickets = one}).ok());
  REQUIRE(line.Arrange({.first = 0, .tickets = other}).ok());
  REQUIRE(line.Begin(kNow, 0).ok());
  std::vector<std::uint64_t> order;
  for (const QueueEntry& entry : Admit(line, kNow, 4)) order.push_back(entry.ticket);
  CHECK(order == std::vector<std::uint64_t>{2, 4, 1, 3});
}

TEST_CASE("admissions that ended otherwise leave no windows behind") {
  // Ten thousand times as many come and go in one window as are ever inside.
  WaitingLine line(Terms(), kNow, kHash);
  for (std::uint64_t user = 0; user < 20'000; ++user) {
    JoinAll(line, kNow, user, 1);
    const std::vector<QueueEntry> admitted = Admit(line, kNow + Duration(user), 1);
    REQUIRE(admitted.size() == 1);
    QueueCommand complete = Command(QueueVerb::kComplete, user);
    complete.admission = admitted[0].admission.number;
    REQUIRE(Do(line, kNow + Duration(user), complete).code == Code::kDone);
  }
  const QueueState state = line.Read(kNow + 1s);
  CHECK(state.in_flight == 0);
  CHECK(state.completed == 20'000);
  CHECK(line.LapseDue(kNow + 1h, 10).windows_lapsed == 0);
}

TEST_CASE("an admission is found by other threads while the queue is busy") {
  WaitingLine line(Terms(), kNow, kHash);
  JoinAll(line, kNow, 0, 1);
  const std::vector<QueueEntry> admitted = Admit(line, kNow, 1);
  REQUIRE(admitted.size() == 1);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::jthread reader([&] {
    const UserId user = UserId::FromInteger(0);
    while (!done) {
      line.Prefetch(kHash(user.bytes()));
      if (line.FindAdmission(kNow, kHash(user.bytes()), user) != admitted[0].admission) ++wrong;
    }
  });
  for (std::uint64_t user = 1; user < 20'000; ++user) {
    JoinAll(line, kNow, user, 1);
    REQUIRE(Admit(line, kNow, 1).size() == 1);
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace flashsale::memory
