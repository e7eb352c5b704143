#include "testing/fingerprint_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "flashsale/repository/fingerprint_repository.h"
#include "testing/findings.h"

namespace flashsale::inline v0 {
namespace {

constexpr Time kOrigin = kMinTime + std::chrono::hours{400'000};
constexpr Duration kMemory = FingerprintRepository::kMemory;
constexpr std::uint32_t kExact = FingerprintRepository::kExact;
constexpr std::uint32_t kCountable = FingerprintRepository::kCountable;
// What no repository answers: the call failed, or wrote nothing.
constexpr std::uint32_t kNothing = 0xFFFF'FFFF;

PrintKey KeyOf(PrintScope scope, std::uint8_t number) {
  PrintKey key{.scope = scope};
  key.bytes[15] = number;
  return key;
}

UserId User(std::uint64_t number) { return UserId::FromInteger(number); }

// One key, asked about as a detector asks.
class Watcher {
 public:
  explicit Watcher(Storage& storage, const PrintKey& key = KeyOf(PrintScope::kDevice, 1))
      : prints_(storage.fingerprints()), probe_(prints_.Probe(key)) {}

  std::uint32_t Note(Time now, std::uint64_t user) {
    const Sighting sighting{.probe = probe_, .user = User(user)};
    std::uint32_t users = kNothing;
    return prints_.Note(now, {&sighting, 1}, {&users, 1}).ok() ? users : kNothing;
  }
  std::uint32_t Count(Time now) {
    std::uint32_t users = kNothing;
    return prints_.Count(now, {&probe_, 1}, {&users, 1}).ok() ? users : kNothing;
  }
  const PrintProbe& probe() const { return probe_; }

 private:
  FingerprintRepository& prints_;
  PrintProbe probe_;
};

void CheckDistinctUsers(Storage& storage, Findings& f) {
  Watcher device(storage);
  f.Expect(device.Count(kOrigin) == 0, "a device that nobody was seen with has users");
  for (std::uint32_t user = 1; user <= kExact; ++user) {
    for (int again = 0; again < 3; ++again) {
      f.Expect(device.Note(kOrigin, user) == user, "a few users are not counted one by one");
    }
    f.Expect(device.Note(kOrigin, 1) == user, "a user who was seen before is counted again");
    f.Expect(device.Count(kOrigin) == user, "Count does not tell what Note tells");
  }
}

void CheckMoreUsers(Storage& storage, Findings& f) {
  Watcher device(storage);
  std::uint32_t before = 0;
  for (std::uint32_t user = 1; user <= 2 * kCountable; ++user) {
    const std::uint32_t users = device.Note(kOrigin, user);
    f.Expect(users >= std::min(user, kExact), "of many users fewer than the exact ones are left");
    f.Expect(users >= before, "a further user makes the count smaller");
    if (user <= kCountable) {
      f.Expect(2 * users >= user && users <= 2 * user && users != kNothing,
               "an estimate lies beyond half or twice the number of users");
    }
    before = users;
  }
  f.Expect(2 * before >= kCountable, "a count falls back beyond what can be counted");
  f.Expect(device.Count(kOrigin) == before, "Count does not tell what Note tells");
}

void CheckKeysAreTheirOwn(Storage& storage, Findings& f) {
  // The same bytes in every scope, and neighbours in one.
  for (std::uint8_t scope = 1; scope <= kPrintScopes; ++scope) {
    for (std::uint8_t number = 0; number < 3; ++number) {
      Watcher watcher(storage, KeyOf(static_cast<PrintScope>(scope), number));
      f.Expect(watcher.Count(kOrigin) == 0, "a key has the users of another one");
      const std::uint64_t first = std::uint64_t{10} * number;
      for (std::uint32_t user = 1; user <= 3; ++user) {
        f.Expect(watcher.Note(kOrigin, first + user) == user,
                 "a user is counted for another key than they were seen with");
      }
    }
  }
}

void CheckSeveralAtOnce(Storage& storage, Findings& f) {
  FingerprintRepository& prints = storage.fingerprints();
  const Watcher device(storage);
  const Watcher network(storage, KeyOf(PrintScope::kIpv4, 1));
  const std::array<Sighting, 4> sightings = {{{.probe = device.probe(), .user = User(1)},
                                              {.probe = network.probe(), .user = User(1)},
                                              {.probe = network.probe(), .user = User(2)},
                                              {.probe = device.probe(), .user = User(1)}}};
  std::array<std::uint32_t, 4> users{};
  f.Expect(prints.Note(kOrigin, sightings, users).ok() &&
               users == std::array<std::uint32_t, 4>{1, 1, 2, 1},
           "sightings of one call are not counted each for its key, one after the other");
  const std::array<PrintProbe, 2> probes = {network.probe(), device.probe()};
  std::array<std::uint32_t, 2> counts{};
  f.Expect(
      prints.Count(kOrigin, probes, counts).ok() && counts == std::array<std::uint32_t, 2>{2, 1},
      "counts of one call are not each its key's");
  f.Expect(prints.Note(kOrigin, {}, {}).ok() && prints.Count(kOrigin, {}, {}).ok(),
           "nothing to note or to count is an error");
  f.ExpectStatus(prints.Note(kOrigin, sightings, counts), StatusCode::kInvalidArgument,
                 "Note with two counts for four sightings");
  f.ExpectStatus(prints.Count(kOrigin, probes, users), StatusCode::kInvalidArgument,
                 "Count with four counts for two keys");
}

void CheckCountsNoteNothing(Storage& storage, Findings& f) {
  Watcher device(storage);
  f.Expect(device.Note(kOrigin, 1) == 1, "Note");
  for (int i = 0; i < 20; ++i) f.Expect(device.Count(kOrigin) == 1, "a count is counted");
  // Nor does one keep anybody in memory.
  for (int i = 0; i < 4; ++i) static_cast<void>(device.Count(kOrigin + kMemory * i / 2));
  f.Expect(device.Count(kOrigin + 2 * kMemory) == 0, "a count keeps a user in memory");
}

void CheckDecay(Storage& storage, Findings& f) {
  // At any distance from the steps in which a store may forget.
  for (std::uint8_t part = 0; part < 8; ++part) {
    const Time first = kOrigin + 10 * part * kMemory + kMemory * part / 8;
    Watcher device(storage, KeyOf(PrintScope::kDevice, part));
    for (std::uint64_t user = 1; user <= 5; ++user)
      f.Expect(device.Note(first, user) == user, "Note");
    f.Expect(device.Count(first + kMemory) == 5, "users are forgotten before their time");
    f.Expect(device.Note(first + kMemory, 1) == 5, "users are forgotten before their time");
    f.Expect(device.Count(first + 2 * kMemory) == 1,
             "who was not seen for twice the memory is still counted, or who was is not");
    f.Expect(device.Note(first + 2 * kMemory, 9) == 2, "a user who was seen again is forgotten");
    f.Expect(device.Count(first + 5 * kMemory) == 0, "a device that rested still has users");
  }
}

void CheckStepsBack(Storage& storage, Findings& f) {
  Watcher device(storage);
  const Duration behind = std::chrono::minutes{1};
  for (std::uint64_t user = 1; user <= 3; ++user) static_cast<void>(device.Note(kOrigin, user));
  f.Expect(device.Note(kOrigin - behind, 4) == 4,
           "a caller whose clock is behind makes users forgotten");
  f.Expect(device.Note(kOrigin, 5) == 5, "a user seen by a clock that is behind is forgotten");
}

// Few users of few keys for hours, held against when each was last seen.
void CheckRandomSightings(Storage& storage, Findings& f) {
  constexpr std::uint8_t kKeys = 6;
  std::mt19937_64 random(1);
  std::vector<Watcher> watchers;
  watchers.reserve(kKeys);
  for (std::uint8_t key = 0; key < kKeys; ++key) {
    watchers.emplace_back(storage, KeyOf(PrintScope::kIpv6Slash64, key));
  }
  std::array<std::map<std::uint64_t, Time>, kKeys> seen;
  Time now = kOrigin;
  for (int i = 0; i < 10'000 && f.text().empty(); ++i) {
    const std::size_t key = random() % kKeys;
    const std::uint64_t user = random() % kExact;
    const std::uint32_t users = watchers[key].Note(now, user);
    seen[key][user] = now;
    const auto seen_within = [&](Duration span) {
      return static_cast<std::uint32_t>(
          std::count_if(seen[key].begin(), seen[key].end(),
                        [&](const auto& last) { return now - last.second < span; }));
    };
    f.Expect(users >= seen_within(kMemory), "a user is forgotten before their time");
    f.Expect(users <= seen_within(2 * kMemory),
             "a user is counted who was not seen, or too long ago");
    now += kMemory * static_cast<Duration::rep>(random() % 1'000) / 10'000;
  }
}

void CheckThreads(Storage& storage, Findings& f) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kOwn = kExact / kThreads;
  for (std::uint8_t round = 0; round < 20; ++round) {
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&storage, thread, round] {
          // Users of their own with one device, and everybody's users with one network.
          Watcher device(storage, KeyOf(PrintScope::kDevice, round));
          Watcher network(storage, KeyOf(PrintScope::kIpv4, round));
          for (std::uint64_t i = 0; i < kExact; ++i) {
            if (i < kOwn) static_cast<void>(device.Note(kOrigin, kOwn * thread + i));
            static_cast<void>(network.Note(kOrigin, (kOwn * thread + i) % kExact));
          }
        });
      }
    }
    Watcher device(storage, KeyOf(PrintScope::kDevice, round));
    f.Expect(device.Count(kOrigin) == kExact, "threads together lost a user");
    Watcher network(storage, KeyOf(PrintScope::kIpv4, round));
    f.Expect(network.Count(kOrigin) == kExact, "threads together lost or doubled a user");
  }
}

// A store may take two users in some thousands for one, and where it draws a secret, two others
// each time: what fails in two storages is wrong.
std::vector<CheckResult> CheckTwice(const StorageFactory& open,
                                    std::span<const NamedCheck> checks) {
  std::vector<CheckResult> results = RunChecks(open, checks);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].passed) results[i] = RunChecks(open, checks.subspan(i, 1)).front();
  }
  return results;
}

}  // namespace

std::vector<CheckResult> CheckFingerprints(const StorageFactory& open) {
  constexpr std::array<NamedCheck, 9> kChecks = {{
      {"fingerprints/distinct users", &CheckDistinctUsers},
      {"fingerprints/more users", &CheckMoreUsers},
      {"fingerprints/keys are their own", &CheckKeysAreTheirOwn},
      {"fingerprints/several at once", &CheckSeveralAtOnce},
      {"fingerprints/counts note nothing", &CheckCountsNoteNothing},
      {"fingerprints/decay", &CheckDecay},
      {"fingerprints/clocks that step back", &CheckStepsBack},
      {"fingerprints/random sightings", &CheckRandomSightings},
      {"fingerprints/threads", &CheckThreads},
  }};
  return CheckTwice(open, kChecks);
}

}  // namespace flashsale::inline v0
