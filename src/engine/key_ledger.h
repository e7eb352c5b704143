#ifndef FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_
#define FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include "engine/user_table.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0::engine {

// What is charged to the limit keys of one shard, and which keys the shard's records were charged
// to. Only sales whose terms name limit keys use it.  absl::Hash is salted per process, so keys
// that shoppers make up cannot be aimed. Thread safety: under the shard's lock.
class KeyLedger {
 public:
  struct Charge {
    Units held = 0;
    Units bought = 0;
  };

  // Makes room for `keys` more charges and `records` more records.  False where memory ran out.
  bool EnsureRoom(std::size_t keys, std::size_t records) {
    try {
      charges_.reserve(charges_.size() + keys);
      keys_of_.reserve(keys_of_.size() + records);
    } catch (const std::bad_alloc&) {
      return false;
    }
    return true;
  }

  Charge Read(const TallyKey& key) const {
    const auto found = charges_.find(key);
    return found == charges_.end() ? Charge{} : found->second;
  }
  // REQUIRES: EnsureRoom, or the key was charged before.
  Charge& At(const TallyKey& key) { return charges_[key]; }

  LimitKeys KeysOf(const UserId& user, Ordinal ordinal) const {
    const auto found = keys_of_.find(RecordName{user, ordinal});
    return found == keys_of_.end() ? LimitKeys{} : found->second;
  }
  // REQUIRES: EnsureRoom.
  void SetKeysOf(const UserId& user, Ordinal ordinal, const LimitKeys& keys) {
    keys_of_[RecordName{user, ordinal}] = keys;
  }

  template <typename Visit>
  void ForEachCharge(Visit visit) const {
    for (const auto& [key, charge] : charges_) visit(key, charge);
  }

 private:
  struct RecordName {
    UserId user;
    Ordinal ordinal;

    friend bool operator==(const RecordName&, const RecordName&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const RecordName& name) {
      return H::combine(std::move(h), name.user.bytes(), name.ordinal);
    }
  };
  struct TallyKeyHash {
    std::size_t operator()(const TallyKey& key) const { return absl::HashOf(key.kind, key.bytes); }
  };

  absl::flat_hash_map<TallyKey, Charge, TallyKeyHash> charges_;
  absl::flat_hash_map<RecordName, LimitKeys> keys_of_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_
