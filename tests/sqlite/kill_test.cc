// A process that sells is killed, again and again; another one knows what was acknowledged.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "flashsale/backend/sqlite.h"
#include "flashsale/testing/invariants.h"
#include "tests/hard_cases/crowd.h"
#include "tests/sqlite/disk_world.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sqlite_test {
namespace {

// What was acknowledged to somebody, as it goes through a pipe: written whole or not at all.
struct Acknowledged {
  std::uint64_t user = 0;
  ReservationState state = ReservationState::kActive;
  std::uint64_t ticket = 0;  // in the queue, where it is about that
};

const QueueTerms& LineTerms() {
  static const QueueTerms terms{.sale = "drop", .heartbeat_timeout = std::chrono::hours{24}};
  return terms;
}

SqliteOptions Options(const std::string& path) {
  SqliteOptions options{
      .path = path, .reserved_bytes = 0, .checkpoint_bytes = std::uint64_t{256} << 10};
  options.journal.memory.events_per_sale = 1'024;
  return options;
}

// Sells until it is killed, and says whatever was acknowledged.
[[noreturn]] void SellTo(int pipe, const std::string& path, std::uint64_t seed) {
  auto opened = OpenSqliteStorage(Options(path));
  if (!opened.ok()) _exit(1);
  InventoryRepository& inventory = (*opened)->inventory();
  if (!inventory.Create(SmallSale(kMaxUnits)).ok()) _exit(2);
  QueueRepository& queue = (*opened)->queue();
  if (!queue.Open(LineTerms(), kStart).ok()) _exit(5);
  std::mt19937_64 random(seed);
  std::uint64_t user = seed << 32;
  for (;;) {
    std::vector<Command> commands;
    for (std::uint64_t i = 1 + random() % 40; i > 0; --i) {
      ++user;
      commands.push_back(Reserve(User(user), Id(user)));
      if (random() % 3 == 0) commands.push_back(About(Verb::kConfirm, User(user), Id(user)));
      if (random() % 7 == 0) commands.push_back(About(Verb::kCancel, User(user), Id(user)));
    }
    std::vector<Outcome> outcomes(commands.size());
    if (!inventory.Apply("drop", kStart, commands, outcomes).ok()) _exit(3);
    std::map<std::uint64_t, ReservationState> last;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (outcomes[i].code == Code::kDone) {
        const auto& bytes = commands[i].user.bytes();
        std::uint64_t number = 0;
        for (std::size_t b = 8; b < 16; ++b) number = number << 8 | bytes[b];
        last[number] = outcomes[i].state;
      }
    }
    for (const auto& [number, state] : last) {
      const Acknowledged acknowledged{.user = number, .state = state};
      if (write(pipe, &acknowledged, sizeof(acknowledged)) != sizeof(acknowledged)) _exit(4);
    }
    std::vector<QueueCommand> joins;
    for (std::uint64_t i = random() % 4; i > 0; --i) {
      joins.push_back({.verb = QueueVerb::kJoin, .user = User(user - i)});
    }
    std::vector<QueueAnswer> answers(joins.size());
    if (!queue.Apply("drop", kStart, joins, answers).ok()) _exit(6);
    for (std::size_t i = 0; i < joins.size(); ++i) {
      const Acknowledged acknowledged{.user = user - (joins.size() - i),
                                      .ticket = answers[i].entry.ticket};
      if (write(pipe, &acknowledged, sizeof(acknowledged)) != sizeof(acknowledged)) _exit(4);
    }
  }
}

TEST_CASE("a process that is killed while it sells loses nothing that it acknowledged") {
  const int kills = IsFull() ? 1'000 : 200 / kRoundsDivisor;
  const Folder folder;
  const std::string path = folder / "drop.db";
  std::map<std::uint64_t, ReservationState> acknowledged;
  std::map<std::uint64_t, std::uint64_t> tickets;
  std::mt19937_64 random(1);
  for (int i = 1; i <= kills; ++i) {
    std::array<int, 2> pipe_ends{};
    REQUIRE(pipe(pipe_ends.data()) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(pipe_ends[0]);
      SellTo(pipe_ends[1], path, static_cast<std::uint64_t>(i));
    }
    close(pipe_ends[1]);
    // After so many acknowledgements, wherever it is then.
    const std::uint64_t until = random() % 400;
    std::uint64_t heard = 0;
    Acknowledged next;
    bool killed = false;
    while (read(pipe_ends[0], &next, sizeof(next)) == sizeof(next)) {
      if (next.ticket != 0) {
        tickets[next.user] = next.ticket;
      } else {
        acknowledged[next.user] = next.state;
      }
      if (++heard >= until && !killed) {
        for (std::uint64_t turns = random() % 300; turns > 0; --turns) std::this_thread::yield();
        kill(child, SIGKILL);
        killed = true;
      }
    }
    close(pipe_ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE_MESSAGE(WIFSIGNALED(status), "the process ended by itself: " << WEXITSTATUS(status));

    // Looked at every so often, and at the end: it costs more the longer the journal is.
    if (i % 20 != 0 && i != kills) continue;
    const auto opened = OpenSqliteStorage(Options(path));
    REQUIRE_MESSAGE(opened.ok(), opened.status().ToString());
    InventoryRepository& inventory = (*opened)->inventory();
    for (const auto& [user, state] : acknowledged) {
      const auto found = inventory.Find("drop", User(user), Id(user));
      REQUIRE(found.ok());
      REQUIRE_MESSAGE(found->has_value(), "the hold of " << user << " is gone");
      // Later commands of theirs may have been carried out, too.
      const bool as_told = (*found)->state == state;
      const bool went_on = state == ReservationState::kActive;
      REQUIRE_MESSAGE((as_told || went_on), "the state of " << user << " is another one");
    }
    for (const auto& [user, ticket] : tickets) {
      const QueueCommand look{.verb = QueueVerb::kLook, .user = User(user)};
      QueueAnswer answer;
      REQUIRE((*opened)->queue().Apply("drop", kStart, {&look, 1}, {&answer, 1}).ok());
      REQUIRE_MESSAGE(answer.entry.ticket == ticket, "the ticket of " << user << " is another one");
    }
    const auto broken = CheckInvariants(inventory, "drop");
    REQUIRE(broken.ok());
    REQUIRE_MESSAGE(broken->empty(), broken->front());
  }
  MESSAGE(kills << " kills, " << acknowledged.size() << " holds and " << tickets.size()
                << " tickets acknowledged");
}

}  // namespace
}  // namespace flashsale::sqlite_test
