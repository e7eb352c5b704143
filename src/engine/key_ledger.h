#ifndef FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_
#define FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_

#include <absl/hash/hash.h>

#include <cstddef>

#include "engine/flat_table.h"
#include "engine/user_table.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0::engine {

// What is charged to the limit keys of one shard, and which keys the shard's records were charged
// to. Only sales whose terms name limit keys have one.  absl::Hash is salted per process, so keys
// that shoppers make up cannot be aimed. Thread safety: under the shard's lock.
class KeyLedger {
 public:
  struct Charge {
    Units held = 0;
    Units bought = 0;
  };

  // Makes room for `keys` more charges and `records` more records.  False where memory ran out.
  bool EnsureRoom(std::size_t keys, std::size_t records) {
    return charges_.EnsureRoom(keys) && keys_of_.EnsureRoom(records);
  }

  Charge Read(const TallyKey& key) const {
    const Charge* const charge = charges_.Find(key);
    return charge == nullptr ? Charge{} : *charge;
  }
  // REQUIRES: EnsureRoom, or the key was charged before.
  Charge& At(const TallyKey& key) { return charges_.At(key); }

  LimitKeys KeysOf(const UserId& user, Ordinal ordinal) const {
    const LimitKeys* const keys = keys_of_.Find({.user = user, .ordinal = ordinal});
    return keys == nullptr ? LimitKeys{} : *keys;
  }
  // REQUIRES: EnsureRoom.
  void SetKeysOf(const UserId& user, Ordinal ordinal, const LimitKeys& keys) {
    keys_of_.At({.user = user, .ordinal = ordinal}) = keys;
  }

  template <typename Visit>
  void ForEachCharge(Visit visit) const {
    charges_.ForEach(visit);
  }

 private:
  struct RecordName {
    UserId user;
    Ordinal ordinal = kFirst;

    friend bool operator==(const RecordName&, const RecordName&) = default;
  };
  struct HashOfRecord {
    std::size_t operator()(const RecordName& name) const {
      return absl::HashOf(name.user.bytes(), name.ordinal);
    }
  };
  struct HashOfKey {
    std::size_t operator()(const TallyKey& key) const { return absl::HashOf(key.kind, key.bytes); }
  };

  FlatTable<TallyKey, Charge, HashOfKey> charges_;
  FlatTable<RecordName, LimitKeys, HashOfRecord> keys_of_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_KEY_LEDGER_H_
