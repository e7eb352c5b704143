#ifndef FLASHSALE_SRC_ENGINE_SHARD_H_
#define FLASHSALE_SRC_ENGINE_SHARD_H_

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "base/mutex.h"
#include "engine/expiry_queue.h"
#include "engine/key_ledger.h"
#include "engine/user_table.h"

namespace flashsale::inline v0::engine {

// One part of a sale: the users and limit keys whose hashes fall here, and the holds of those
// users. Everything but the mutex is touched only by who holds it.
struct alignas(128) Shard {
  Shard(BlockPool& pool, const TableGeometry& geometry) : users(pool, geometry) {}

  WordMutex mutex;
  UserTable users;
  ExpiryQueue queue;
  KeyLedger keys;  // empty unless the terms have limit keys
  // Holds that could not be expired.  They wait for ExpireDue and count for nothing else.
  std::vector<ExpiryEntry> quarantine;

  // Makes room for `users_more` users.  False, and nothing changed, where memory ran out.
  bool EnsureUsers(const KeyedHash& hash, std::uint32_t users_more) {
    if (users.HasRoom(users_more)) return true;
    const std::unique_ptr<std::uint32_t[]> moved_to(new (std::nothrow)
                                                        std::uint32_t[users.capacity()]);
    if (moved_to == nullptr || !users.Grow(hash, users_more, moved_to.get())) return false;
    const auto follow = [&moved_to](ExpiryEntry& entry) { entry.place = moved_to[entry.place]; };
    queue.ForEach(follow);
    for (ExpiryEntry& entry : quarantine) follow(entry);
    return true;
  }
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_SHARD_H_
