#ifndef FLASHSALE_BENCH_DURABLE_SALE_H_
#define FLASHSALE_BENCH_DURABLE_SALE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/question.h"
#include "flashsale/base/clock.h"
#include "flashsale/base/status.h"
#include "flashsale/domain/verb.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::bench {

// What there must be for a figure.
template <typename T>
T Given(Result<T> result) {
  if (!result.ok()) throw WrongAnswer(result.status().ToString());
  return *std::move(result);
}
inline void Given(const Status& status) {
  if (!status.ok()) throw WrongAnswer(status.ToString());
}

// Of every lane here; as many as come together go together.
inline constexpr std::size_t kLargestLaneBatch = 1'024;

// How many bytes each commit of a journal had, in their order.
using CommitSizes = std::vector<std::size_t>;

// A storage in one SQLite file of this name, with its options as they come, but that no room is set
// aside, and when it takes memory.  Every commit is added to `sizes` where there is one, which must
// outlive the storage. Throws WrongAnswer where it does not open.
struct DurableOptions {
  std::string path;
  CommitSizes* sizes = nullptr;
  Memory memory = Memory::kAsUsersCome;
};
std::unique_ptr<Storage> OpenDurableStorage(const DurableOptions& options);

// One sale that is durable and goes on as long as this lives, by the system's clock.  It has taken
// the memory that it needs when its units are gone.
// Thread safety: any thread, but for the sizes.
class SaleOnDisk {
 public:
  // In memory alone where the path is empty: what the same costs without a disk.
  SaleOnDisk(const std::string& path, std::uint64_t units);

  // Sends `count` commands, by shoppers `first` and on, `batch` a call; every answer must be Done.
  struct Calls {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::size_t batch = 1;
    Verb verb = Verb::kReserve;
  };
  void Apply(const Crowd& crowd, const Calls& calls);

  // Wall time of `count` reserves through a lane, by shoppers `first` and on, in nanoseconds:
  // `callers` are in flight, each of whom sends another reserve once the last was acknowledged.
  // REQUIRES: callers <= count.
  struct Callers {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t callers = 1;
  };
  double ReserveInFlight(const Crowd& crowd, const Callers& callers);

  InventoryRepository& inventory() { return storage_->inventory(); }
  const SaleRef& ref() const { return sale_; }
  Clock& clock() { return *clock_; }
  // Of the commits since the last call; none in memory.
  CommitSizes TakeCommitSizes() { return std::exchange(sizes_, {}); }

 private:
  CommitSizes sizes_;
  const std::unique_ptr<Clock> clock_;
  const std::unique_ptr<Storage> storage_;
  SaleRef sale_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_DURABLE_SALE_H_
