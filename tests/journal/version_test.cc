// Journals that earlier versions have written are read for ever.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backend/journal/commit.h"
#include "backend/journal/record.h"
#include "flashsale/testing/digest.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/journal/reopen.h"

namespace flashsale::journal_test {
namespace {

using namespace std::chrono_literals;
using namespace flashsale::journal;

// Lines of hexadecimal digits: records and names of each commit; the last line is the state.
std::filesystem::path FileOf(int version) {
  return std::filesystem::path(__FILE__).parent_path() /
         ("journal_of_format_" + std::to_string(version) + ".txt");
}

std::string Hex(const std::vector<std::uint8_t>& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text.empty() ? "-" : text;
}

std::vector<std::uint8_t> Unhex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string StateOf(Storage& storage) {
  DigestVisitor visitor(kStart);
  REQUIRE(storage.inventory().Snapshot("drop", visitor).ok());
  std::string state = visitor.Finish();
  for (QueueRepository* const line : {&storage.queue(), &storage.waitlists()}) {
    const Result<QueueState> queue = line->Read("drop", kStart);
    REQUIRE(queue.ok());
    for (const std::uint64_t number :
         {queue->joined, queue->restored, queue->admitted, queue->completed, queue->left,
          queue->fell_silent, queue->in_flight, queue->unused, queue->revision, queue->strategy,
          queue->waiting[0], queue->waiting[1], std::uint64_t{queue->pace.max_in_flight}}) {
      state += "," + std::to_string(number);
    }
  }
  state += "," + std::to_string(storage.sales().Get("drop")->revision);
  return state;
}

// What a journal can tell: each kind of record at least once.
void WriteEverything(const std::shared_ptr<Kept>& kept) {
  SaleTerms terms = SmallSale(12);
  terms.lines[0].released_at_first = 8;
  terms.waves = {{.at = kStart + 50s, .line = 0, .released = 10}};
  terms.limit_per_user = 3;
  terms.hold = 10s;
  terms.late_confirm = LateConfirm::kRevive;
  terms.key_limits = {{.name = "device", .limit = 4}};
  const auto session = [&](auto use) { use(*MustOpen(kept)); };
  const auto apply = [](Storage& storage, Time now, Command command, const char* sale = "drop") {
    Outcome outcome;
    REQUIRE(storage.inventory().Apply(sale, now, {&command, 1}, {&outcome, 1}).ok());
  };
  const auto ask = [](QueueRepository& line, Time now, const QueueCommand& command) {
    QueueAnswer answer;
    REQUIRE(line.Apply("drop", now, {&command, 1}, {&answer, 1}).ok());
    return answer;
  };
  session([&](Storage& storage) {
    REQUIRE(storage.KeepTime(kStart - 1h).ok());
    REQUIRE(storage.inventory().Create(terms).ok());
    REQUIRE(storage.sales().Put({.terms = terms}).ok());
    REQUIRE(storage.sales().Put({.terms = terms, .revision = 1}).ok());
    SaleTerms other = terms;
    other.id = "other";
    REQUIRE(storage.sales().Put({.terms = other}).ok());
    REQUIRE(storage.sales().Remove("other", 1).ok());
    REQUIRE(storage.inventory().Create(other).ok());
    for (const Verb act : {Verb::kStart, Verb::kCancelSale, Verb::kSettle}) {
      apply(storage, kStart - 1s, Act(act), "other");
    }
    REQUIRE(storage.inventory().Forget("other", kStart)->code == Code::kDone);
    REQUIRE(storage.inventory().Create(other).ok());
    REQUIRE(storage.inventory().ExpireDue("other", other.end + 1s, 100).ok());
    Command reserve = Reserve(User(1), Id(1), 2);
    reserve.keys[0] = LimitKey::FromInteger(5);
    reserve.quote = 1'999;
    apply(storage, kStart + 1s, reserve);
    apply(storage, kStart + 1s, Reserve(User(2), Id(1)));
    apply(storage, kStart + 2s, Reserve(User(2), Id(2)));
    apply(storage, kStart + 3s, About(Verb::kExtend, User(2), Id(2)));
    apply(storage, kStart + 4s, About(Verb::kConfirm, User(1), Id(1)));
    apply(storage, kStart + 4s, About(Verb::kCancel, User(3), Id(9)));
    for (const Verb act : {Verb::kPause, Verb::kResume}) apply(storage, kStart + 5s, Act(act));
  });
  session([&](Storage& storage) {
    apply(storage, kStart + 6s, About(Verb::kCancel, User(2), Id(1)));
    REQUIRE(storage.inventory().ExpireDue("drop", kStart + 20s, 100).ok());
    apply(storage, kStart + 21s, About(Verb::kConfirm, User(2), Id(2)));
    apply(storage, kStart + 22s, About(Verb::kVoid, User(1), Id(1)));
    apply(storage, kStart + 60s, Command{.verb = Verb::kRelease, .units = 11});
    for (std::uint64_t user = 10; user < 20; ++user) {
      apply(storage, kStart + 61s, Reserve(User(user), Id(1)));
    }
    // A queue with a draw, and all that its people may do.
    REQUIRE(storage.queue()
                .Open({.sale = "drop",
                       .pace = {.admissions_per_second = 100, .max_in_flight = 5},
                       .heartbeat_timeout = 30s,
                       .tiers = 2,
                       .opens = {kStart + 20s, kMinTime},
                       .restore_window = 5s},
                      kStart)
                .ok());
    QueueRepository& queue = storage.queue();
    for (std::uint64_t user = 1; user <= 8; ++user) {
      ask(queue, kStart + 1s, {.verb = QueueVerb::kJoin, .user = User(user)});
    }
    ask(queue, kStart + 2s, {.verb = QueueVerb::kRestore, .user = User(3), .place = 77});
    ask(queue, kStart + 2s, {.verb = QueueVerb::kRestore, .tier = 1, .user = User(30), .place = 5});
    ask(queue, kStart + 3s, {.verb = QueueVerb::kLeave, .user = User(5)});
    REQUIRE(queue.Freeze("drop", kStart + 10s, 0).ok());
    std::array<Entrant, 10> entrants;
    const Result<std::size_t> count = queue.ReadEntrants("drop", 0, 0, entrants);
    REQUIRE(count.ok());
    std::vector<std::uint64_t> order;
    for (std::size_t i = *count; i != 0; --i) order.push_back(entrants[i - 1].ticket);
    REQUIRE(queue.Arrange("drop", {.tier = 0, .first = 0, .tickets = order}).ok());
    REQUIRE(queue.Begin("drop", kStart + 20s, 0).ok());
    REQUIRE(queue.SetPace("drop", kStart + 21s, {.admissions_per_second = 50, .max_in_flight = 4})
                .ok());
    REQUIRE(queue.Pause("drop", kStart + 21s).ok());
    REQUIRE(queue.Resume("drop", kStart + 22s).ok());
    const std::vector<TierPick> picks(3, {.tier = 0, .state = 4});
    std::array<QueueEntry, 3> admitted;
    REQUIRE(queue
                .Admit("drop", kStart + 23s,
                       {.revision = queue.Read("drop", kStart + 23s)->revision, .picks = picks},
                       admitted)
                .ok());
    const AdmissionProbe probe = queue.Probe("drop", admitted[0].user);
    REQUIRE(queue.MarkUsed(kStart + 24s, {&probe, 1}, {&admitted[0].admission.number, 1}).ok());
    ask(queue, kStart + 25s,
        {.verb = QueueVerb::kComplete,
         .user = admitted[1].user,
         .admission = admitted[1].admission.number});
    ask(queue, kStart + 25s, {.verb = QueueVerb::kTouch, .user = User(2)});
    REQUIRE(queue.LapseDue("drop", kStart + 45s, 100).ok());
    REQUIRE(storage.waitlists().Open({.sale = "drop"}, kStart).ok());
    ask(storage.waitlists(), kStart + 70s, {.verb = QueueVerb::kJoin, .user = User(40)});
    REQUIRE(storage.waitlists().Open({.sale = "other"}, kStart).ok());
    REQUIRE(storage.waitlists().Forget("other").ok());
    REQUIRE(storage.waitlists().Close("drop", kStart + 80s).ok());
    apply(storage, kStart + 90s, Act(Verb::kClose));
  });
}

// Only for a format that is new: what was written once must not be written anew.
TEST_CASE("a journal of this format is written down" * doctest::skip()) {
  const auto kept = std::make_shared<Kept>();
  WriteEverything(kept);
  std::ofstream file(FileOf(1));
  for (const auto& commit : kept->commits) {
    file << Hex(commit.records) << ' ' << Hex(commit.names) << '\n';
  }
  file << StateOf(*MustOpen(kept)) << '\n';
}

// The one that the first version wrote, and the state that it had then.
std::shared_ptr<Kept> TheFirst(std::string* state = nullptr) {
  std::ifstream file(FileOf(1));
  REQUIRE(file.good());
  const auto kept = std::make_shared<Kept>();
  std::string first;
  std::string second;
  while (file >> first && file >> second) {
    kept->commits.push_back({.number = kept->commits.size() + 1,
                             .records = Unhex(first),
                             .names = second == "-" ? std::vector<std::uint8_t>() : Unhex(second)});
  }
  REQUIRE(kept->commits.size() > 30);
  if (state != nullptr) *state = first;
  return kept;
}

TEST_CASE("the journal that the first version wrote is read as it was meant") {
  std::string state;
  const auto kept = TheFirst(&state);
  CHECK(StateOf(*MustOpen(kept)) == state);
}

Sha256Hash HashOf(const Kept::Commit& commit) {
  Sha256Hash hash;
  std::copy(commit.records.end() - std::ptrdiff_t{sizeof(hash)}, commit.records.end(),
            hash.begin());
  return hash;
}

TEST_CASE("that journal has a record of every kind that a storage writes") {
  const auto kept = TheFirst();
  std::set<int> kinds;
  for (const auto& commit : kept->commits) {
    Sha256 hasher;
    const OpenedCommit opened = OpenCommit(
        commit.records, commit.number,
        commit.number == 1 ? Sha256Hash{} : HashOf(kept->commits[commit.number - 2]), hasher);
    REQUIRE(opened.damage.empty());
    Bytes names;
    REQUIRE(OpenNames(commit.names, hasher, names));
    RecordReader reader(opened.records, names);
    for (Record record; reader.Next(record);) {
      kinds.insert(record.kind);
      if (!record.event.edges.empty()) kinds.insert(static_cast<int>(RecordKind::kEdges));
    }
    REQUIRE(reader.ok());
  }
  std::set<int> all;
  for (int kind = 1; kind <= kLastLineEvent; ++kind) all.insert(kind);
  // There are no such events; sections, which are read with the record that follows; copies.
  for (int kind = 9; kind < 20; ++kind) all.erase(kind);
  for (const int kind : {27, 28, 29, 31, 33, 40}) all.erase(kind);
  for (const int kind : all) CHECK_MESSAGE(kinds.count(kind) == 1, "none of kind " << kind);
  CHECK(kinds == all);
}

}  // namespace
}  // namespace flashsale::journal_test
