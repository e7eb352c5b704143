#ifndef FLASHSALE_SRC_TESTING_DUEL_H_
#define FLASHSALE_SRC_TESTING_DUEL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"
#include "testing/sale_audit.h"
#include "testing/scenario.h"

namespace flashsale::inline v0 {

// Plays one scenario on a backend and on the reference model and compares them all the way.
// Thread safety: none.  Ownership: both storages and the scenario must outlive it.
class Duel {
 public:
  Duel(const Scenario& scenario, Storage& backend, Storage& reference,
       std::uint32_t batches_per_snapshot);

  // The first difference; empty if there is none.
  std::string Run();

 private:
  std::string PlayBatch(std::span<const Move> batch);
  std::string PlayExpire(Time now, std::size_t max_holds);
  std::string PlayForget(const Move& move);
  std::string RecordLapses(Time now);
  std::string CheckAfter(std::span<const Move> batch);
  std::string CheckFind(const Command& command);
  std::string CheckStock(Time now);
  std::string CheckDigests(Time now);
  // How many of the moves from `begin` on are one batch.
  std::size_t BatchAt(std::size_t begin) const;

  const Scenario& scenario_;
  InventoryRepository& backend_;
  InventoryRepository& reference_;
  const SaleRef sale_;
  const std::uint32_t batches_per_snapshot_;
  SaleAudit audit_;
  LapseGuard lapses_;
  bool forgotten_ = false;
  std::vector<Command> commands_;
  std::vector<Outcome> outcomes_;
  std::vector<Outcome> expected_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_DUEL_H_
