#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/reference_model.h"

namespace flashsale {
namespace {

// What a faulty repository does with one call; the right one does `inner`.
struct FingerprintLies {
  std::function<PrintProbe(FingerprintRepository& inner, PrintKey key)> probe = {};
  std::function<Status(FingerprintRepository& inner, Time now, std::span<const Sighting> sightings,
                       std::span<std::uint32_t> users)>
      note = {};
  std::function<Status(FingerprintRepository& inner, Time now, std::span<const PrintProbe> probes,
                       std::span<std::uint32_t> users)>
      count = {};
};

class StorageOfLyingFingerprints final : public Storage, private FingerprintRepository {
 public:
  explicit StorageOfLyingFingerprints(FingerprintLies lies)
      : inner_(NewReferenceStorage()), truth_(inner_->fingerprints()), lies_(std::move(lies)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inner_->inventory(); }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  FingerprintRepository& fingerprints() override { return *this; }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  PrintProbe Probe(const PrintKey& key) override {
    return lies_.probe ? lies_.probe(truth_, key) : truth_.Probe(key);
  }
  Status Note(Time now, std::span<const Sighting> sightings,
              std::span<std::uint32_t> users) override {
    return lies_.note ? lies_.note(truth_, now, sightings, users)
                      : truth_.Note(now, sightings, users);
  }
  Status Count(Time now, std::span<const PrintProbe> probes,
               std::span<std::uint32_t> users) override {
    return lies_.count ? lies_.count(truth_, now, probes, users) : truth_.Count(now, probes, users);
  }

  const std::unique_ptr<Storage> inner_;
  FingerprintRepository& truth_;
  const FingerprintLies lies_;
};

// The first check of the part "fingerprints" that fails, or "".
std::string RejectedBy(const FingerprintLies& lies) {
  const StorageFactory open = [&lies](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return std::unique_ptr<Storage>(std::make_unique<StorageOfLyingFingerprints>(lies));
  };
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != "fingerprints") continue;
    for (const CheckResult& result : part.run(open, {})) {
      if (!result.passed) return result.name;
    }
  }
  return "";
}

// Both answers changed in one way.
FingerprintLies Changing(std::function<std::uint32_t(std::uint32_t)> change) {
  return {.note =
              [change](FingerprintRepository& inner, Time now, auto sightings, auto users) {
                Status status = inner.Note(now, sightings, users);
                std::transform(users.begin(), users.end(), users.begin(), change);
                return status;
              },
          .count =
              [change](FingerprintRepository& inner, Time now, auto probes, auto users) {
                Status status = inner.Count(now, probes, users);
                std::transform(users.begin(), users.end(), users.begin(), change);
                return status;
              }};
}

TEST_CASE("fingerprints that tell the truth pass") { CHECK(RejectedBy({}).empty()); }

TEST_CASE("a fingerprint repository that counts sightings, not users, is rejected") {
  std::atomic<std::uint64_t> sightings = 0;
  CHECK(RejectedBy({.note = [&](FingerprintRepository& inner, Time now, auto noted, auto users) {
          std::vector<Sighting> all(noted.begin(), noted.end());
          for (Sighting& one : all) one.user = UserId::FromInteger(++sightings);
          return inner.Note(now, all, users);
        }}) == "fingerprints/distinct users");
}

TEST_CASE("a fingerprint repository that tells the count before the sighting is rejected") {
  CHECK(RejectedBy({.note = [](FingerprintRepository& inner, Time now,
                               std::span<const Sighting> noted, std::span<std::uint32_t> users) {
          std::vector<PrintProbe> probes;
          probes.reserve(noted.size());
          for (const Sighting& one : noted) probes.push_back(one.probe);
          Status status = inner.Count(now, probes, users);
          std::vector<std::uint32_t> ignored(users.size());
          return status.ok() ? inner.Note(now, noted, ignored) : status;
        }}) == "fingerprints/distinct users");
}

TEST_CASE("a fingerprint repository that stops counting too early is rejected") {
  CHECK(RejectedBy(Changing([](std::uint32_t users) {
          return std::min<std::uint32_t>(users, FingerprintRepository::kExact - 1);
        })) == "fingerprints/distinct users");
  CHECK(RejectedBy(Changing([](std::uint32_t users) {
          return std::min<std::uint32_t>(users, FingerprintRepository::kExact);
        })) == "fingerprints/more users");
}

TEST_CASE("a fingerprint repository that estimates far too much is rejected") {
  CHECK(RejectedBy(Changing([](std::uint32_t users) {
          return users <= FingerprintRepository::kExact ? users : 3 * users;
        })) == "fingerprints/more users");
}

TEST_CASE("a fingerprint repository that takes the scopes for one is rejected") {
  CHECK(RejectedBy({.probe = [](FingerprintRepository& inner, PrintKey key) {
          key.scope = PrintScope::kDevice;
          return inner.Probe(key);
        }}) == "fingerprints/keys are their own");
}

TEST_CASE("a fingerprint repository that looks at half of a key is rejected") {
  CHECK(RejectedBy({.probe = [](FingerprintRepository& inner, PrintKey key) {
          std::fill(key.bytes.begin() + 8, key.bytes.end(), std::uint8_t{0});
          return inner.Probe(key);
        }}) == "fingerprints/keys are their own");
}

TEST_CASE("a fingerprint repository that notes the first sighting of a call alone is rejected") {
  CHECK(RejectedBy({.note = [](FingerprintRepository& inner, Time now,
                               std::span<const Sighting> noted, std::span<std::uint32_t> users) {
          if (noted.empty() || noted.size() != users.size()) return inner.Note(now, noted, users);
          std::fill(users.begin(), users.end(), 1);
          return inner.Note(now, noted.first(1), users.first(1));
        }}) == "fingerprints/several at once");
}

TEST_CASE("a fingerprint repository that writes beyond the counts it was given is rejected") {
  CHECK(RejectedBy({.note = [](FingerprintRepository& inner, Time now,
                               std::span<const Sighting> noted, std::span<std::uint32_t> users) {
          const std::size_t both = std::min(noted.size(), users.size());
          return inner.Note(now, noted.first(both), users.first(both));
        }}) == "fingerprints/several at once");
}

TEST_CASE("a fingerprint repository that notes what it should count is rejected") {
  const auto note = [](FingerprintRepository& inner, Time now, std::span<const PrintProbe> probes,
                       std::span<std::uint32_t> users) {
    if (probes.size() != users.size()) return inner.Count(now, probes, users);
    Status status = inner.Count(now, probes, users);
    // As if those who are there had been seen once more: of one user alone.
    std::vector<std::uint32_t> ignored(1);
    for (std::size_t i = 0; status.ok() && i < probes.size(); ++i) {
      const Sighting again{.probe = probes[i], .user = UserId::FromInteger(1)};
      if (users[i] == 1) static_cast<void>(inner.Note(now, {&again, 1}, ignored));
    }
    return status;
  };
  CHECK(RejectedBy({.count = note}) == "fingerprints/counts note nothing");
}

TEST_CASE("a fingerprint repository that never forgets is rejected") {
  const auto note = [](FingerprintRepository& inner, Time /*now*/, auto noted, auto users) {
    return inner.Note(kMinTime, noted, users);
  };
  const auto count = [](FingerprintRepository& inner, Time /*now*/, auto probes, auto users) {
    return inner.Count(kMinTime, probes, users);
  };
  CHECK(RejectedBy({.note = note, .count = count}) == "fingerprints/counts note nothing");
}

TEST_CASE("a fingerprint repository that forgets in half the time is rejected") {
  const auto twice = [](Time now) { return kMinTime + 2 * now.time_since_epoch(); };
  CHECK(RejectedBy({.note = [&](FingerprintRepository& inner, Time now, auto noted,
                                auto users) { return inner.Note(twice(now), noted, users); },
                    .count = [&](FingerprintRepository& inner, Time now, auto probes,
                                 auto users) { return inner.Count(twice(now), probes, users); }}) ==
        "fingerprints/decay");
}

TEST_CASE("a fingerprint repository that forgets in steps that begin when it likes is rejected") {
  // A table that is emptied when a span of kMemory ends: the last minute's users are gone with it.
  const auto step = [](Time now) {
    constexpr Duration kMemory = FingerprintRepository::kMemory;
    return kMinTime + 2 * kMemory * (now.time_since_epoch() / kMemory);
  };
  CHECK(RejectedBy({.note = [&](FingerprintRepository& inner, Time now, auto noted,
                                auto users) { return inner.Note(step(now), noted, users); },
                    .count = [&](FingerprintRepository& inner, Time now, auto probes,
                                 auto users) { return inner.Count(step(now), probes, users); }}) ==
        "fingerprints/decay");
}

TEST_CASE("a fingerprint repository that believes a clock that stepped back is rejected") {
  // Users whom a clock that is behind brings are none.
  CHECK(RejectedBy({.note = [latest = std::make_shared<std::atomic<Duration::rep>>(0)](
                                FingerprintRepository& inner, Time now, auto noted, auto users) {
          const Duration::rep us = now.time_since_epoch().count();
          const bool behind = us < latest->load();
          if (!behind) latest->store(us);
          Status status = inner.Note(now, noted, users);
          if (behind) std::fill(users.begin(), users.end(), 1);
          return status;
        }}) != "");
}

// Leaves the processor to others until one of them has changed the value, or nobody is there to.
void WaitForChange(const std::atomic<int>& value, int from) {
  for (int look = 0; look < 1'000; ++look) {
    if (value != from) return;
    std::this_thread::yield();
  }
}

TEST_CASE("a fingerprint repository that loses what two threads note at once is rejected") {
  // Whoever comes while another is inside is lost.
  std::atomic<int> inside = 0;
  CHECK(RejectedBy({.note = [&](FingerprintRepository& inner, Time now,
                                std::span<const Sighting> noted, std::span<std::uint32_t> users) {
          const bool alone = inside.fetch_add(1) == 0;
          Status status;
          if (alone || noted.size() != 1) {
            status = inner.Note(now, noted, users);
            // Where many note one by one, nobody is there to wait for.
            const bool waits = noted.size() == 1 && noted[0].probe.scope == PrintScope::kDevice;
            if (waits) WaitForChange(inside, 1);
          } else {
            std::fill(users.begin(), users.end(), 1);
          }
          inside.fetch_sub(1);
          return status;
        }}) == "fingerprints/threads");
}

}  // namespace
}  // namespace flashsale
