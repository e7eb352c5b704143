#ifndef FLASHSALE_SRC_POLICY_KEY_RING_STATE_H_
#define FLASHSALE_SRC_POLICY_KEY_RING_STATE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/epoch_gate.h"
#include "base/mutex.h"
#include "flashsale/policy/key_ring.h"
#include "policy/token_key.h"

namespace flashsale::inline v0 {

// The keys as they are at one instant: never changed, only replaced.
struct KeySnapshot {
  struct Key {
    std::string id;
    TokenAlgorithm algorithm;
    TokenKeyState state;
    std::shared_ptr<const KeyMaterial> material;  // null where it is revoked
  };

  // Null where there is none.
  const Key* Find(std::string_view id) const {
    for (const Key& key : keys) {
      if (key.id == id) return &key;
    }
    return nullptr;
  }
  const Key* Signing() const { return signing < keys.size() ? &keys[signing] : nullptr; }
  // The only key that is not revoked; null where there are none or several.
  const Key* Only() const {
    const Key* only = nullptr;
    for (const Key& key : keys) {
      if (key.state == TokenKeyState::kRevoked) continue;
      if (only != nullptr) return nullptr;
      only = &key;
    }
    return only;
  }

  std::vector<Key> keys;
  // The index of the key that signs; none where it is beyond them.
  std::size_t signing = KeyRing::kMaxKeys;
};

struct KeyRingState {
  KeyRingState() = default;
  ~KeyRingState() { delete current.load(std::memory_order_relaxed); }
  KeyRingState(const KeyRingState&) = delete;
  KeyRingState& operator=(const KeyRingState&) = delete;

  // For as long as this lives, the keys that it shows do.
  class Visit {
   public:
    explicit Visit(KeyRingState& state)
        : state_(state),
          visit_(state.gate),
          // Sequentially consistent, after the visit has counted itself in: either this reads what
          // Update has set, or Update waits for this visit.
          keys_(*state.current.load(std::memory_order_seq_cst)) {}

    const KeySnapshot& keys() const { return keys_; }
    const KeyMaterial& decoy(TokenAlgorithm algorithm) const {
      return algorithm == TokenAlgorithm::kEd25519 ? *state_.decoy_ed25519 : *state_.decoy_hmac;
    }

   private:
    const KeyRingState& state_;
    const EpochGate::Visit visit_;
    const KeySnapshot& keys_;
  };

  // Replaces the keys by what `change` makes of a copy, unless it answers an error; then frees
  // those before, when nobody looks at them any more.
  template <typename Change>
  Status Update(const Change& change) FLASHSALE_EXCLUDES(mutex);

  std::shared_ptr<const KeyMaterial> decoy_hmac;
  std::shared_ptr<const KeyMaterial> decoy_ed25519;
  EpochGate gate;
  Mutex mutex;  // of those who change
  std::atomic<const KeySnapshot*> current{nullptr};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_KEY_RING_STATE_H_
