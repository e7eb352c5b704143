#ifndef FLASHSALE_REPOSITORY_STORAGE_H_
#define FLASHSALE_REPOSITORY_STORAGE_H_

#include <cstdint>

#include "flashsale/export.h"
#include "flashsale/repository/fingerprint_repository.h"
#include "flashsale/repository/flash_sale_repository.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/repository/rate_repository.h"

namespace flashsale::inline v0 {

// What survives of an acknowledged command.
enum class Durability : std::uint8_t {
  kNone = 0,       // nothing survives the process
  kServer = 1,     // as much as the server is configured for
  kPowerLoss = 2,  // all of it
};

// In what backends may differ, and in nothing else.
struct StorageTraits {
  Durability durability = Durability::kNone;
  // Several processes may open the same store and sell the same sale.
  bool shared_across_processes = false;
  // Calls may wait for a disk or a network: asynchronous hosts put a Lane in front.
  bool may_block = false;
};

// One opened backend.  Made by its free function: OpenMemoryStorage, …
// Thread safety: any thread.  Ownership: the repositories live as long as the storage.
class FLASHSALE_EXPORT Storage {
 public:
  virtual ~Storage() = default;
  virtual StorageTraits traits() const = 0;
  virtual InventoryRepository& inventory() = 0;
  virtual FlashSaleRepository& sales() = 0;
  virtual RateRepository& rates() = 0;
  virtual FingerprintRepository& fingerprints() = 0;
  // The queues before sales.
  virtual QueueRepository& queue() = 0;
  // The waitlists behind them: lines of the same kind that share nothing with those, not even the
  // names of the sales.
  virtual QueueRepository& waitlists() = 0;

  // The service's clock does not step back, not even where it is another process that goes on: the
  // latest time that calls have brought, as far as the store knows; kMinTime where it forgets.
  virtual Time latest_time() { return kMinTime; }
  // Sees to it that latest_time() is going to be no more than a minute before `now`, whatever
  // happens.  Errors: those of the store.
  virtual Status KeepTime(Time now) {
    (void)now;
    return {};
  }
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_STORAGE_H_
