#ifndef FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_FINGERPRINTS_H_
#define FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_FINGERPRINTS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "flashsale/repository/fingerprint_repository.h"

namespace custom_backend {

// The users of all keys in a map behind a mutex.  It keeps no more than so many keys, and so many
// users of each: where there are more, a key that has the fewest users makes room, and further
// users of a key are counted no more.
class MapFingerprints final : public flashsale::FingerprintRepository {
 public:
  static constexpr std::size_t kMostKeys = 10'000;
  static constexpr std::size_t kMostUsers = 2 * kCountable;

  flashsale::PrintProbe Probe(const flashsale::PrintKey& key) override {
    return {.scope = key.scope, .hash = std::bit_cast<std::array<std::uint64_t, 2>>(key.bytes)};
  }

  flashsale::Status Note(flashsale::Time now, std::span<const flashsale::Sighting> sightings,
                         std::span<std::uint32_t> users) override {
    if (users.size() != sightings.size()) return NotOneCountEach(users.size(), sightings.size());
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      const Key key{sightings[i].probe.scope, sightings[i].probe.hash};
      if (keys_.size() >= kMostKeys && !keys_.contains(key)) MakeRoom(now);
      Seen& seen = keys_[key];
      Forget(now, seen);
      if (seen.size() < kMostUsers || seen.contains(sightings[i].user)) {
        flashsale::Time& last = seen[sightings[i].user];
        last = std::max(last, now);
      }
      users[i] = static_cast<std::uint32_t>(seen.size());
    }
    return {};
  }

  flashsale::Status Count(flashsale::Time now, std::span<const flashsale::PrintProbe> probes,
                          std::span<std::uint32_t> users) override {
    if (users.size() != probes.size()) return NotOneCountEach(users.size(), probes.size());
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < probes.size(); ++i) {
      const auto found = keys_.find({probes[i].scope, probes[i].hash});
      if (found != keys_.end()) Forget(now, found->second);
      users[i] = found == keys_.end() ? 0 : static_cast<std::uint32_t>(found->second.size());
    }
    return {};
  }

 private:
  using Key = std::pair<flashsale::PrintScope, std::array<std::uint64_t, 2>>;
  using Seen = std::map<flashsale::UserId, flashsale::Time>;  // when last

  static flashsale::Status NotOneCountEach(std::size_t counts, std::size_t asked) {
    return {
        flashsale::StatusCode::kInvalidArgument,
        "users: " + std::to_string(counts) + ", expected one for each of " + std::to_string(asked)};
  }

  // Whose memory has ended.  It lasts half as long again as it must, so that a clock that steps
  // back a little does no harm.
  static void Forget(flashsale::Time now, Seen& seen) {
    std::erase_if(seen, [now](const auto& user) { return now - user.second > kMemory * 3 / 2; });
  }

  void MakeRoom(flashsale::Time now) {
    for (auto& [key, seen] : keys_) Forget(now, seen);
    std::erase_if(keys_, [](const auto& key) { return key.second.empty(); });
    if (keys_.size() < kMostKeys) return;
    keys_.erase(std::min_element(keys_.begin(), keys_.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    }));
  }

  std::mutex mutex_;
  std::map<Key, Seen> keys_;
};

}  // namespace custom_backend

#endif  // FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_FINGERPRINTS_H_
