#ifndef FLASHSALE_BENCH_ENGINE_UNDER_TEST_H_
#define FLASHSALE_BENCH_ENGINE_UNDER_TEST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"

namespace flashsale::bench {

// The terms of all sales here: one line, opened long ago, one unit a user, five minutes to pay.
SaleTerms BenchTerms(Units units);

// The first instant of every benchmark.
inline constexpr Time kOpening = kMinTime + std::chrono::hours{24};

// When the engine takes its memory.
enum class Memory : std::uint8_t {
  kAsUsersCome,
  kAtOnce,  // before the clock starts: where the question is about a sale that runs
};

// One sale in the memory backend, called as a host does that resolved it once.  Few events are
// kept, so that their ring takes no part.
// Thread safety: any thread.
class EngineUnderTest {
 public:
  EngineUnderTest(Units units, Memory memory);

  void Apply(Time now, std::span<const Command> commands, std::span<Outcome> outcomes) {
    const Status status = inventory_->Apply(sale_, now, commands, outcomes);
    if (!status.ok()) Fail(status);
  }

  ExpireReport ExpireDue(Time now, std::size_t max_holds) {
    const Result<ExpireReport> report = inventory_->ExpireDue(sale_, now, max_holds);
    if (!report.ok()) Fail(report.status());
    return *report;
  }

  Stock ReadStock(Time now);
  Tally ReadTally(const UserId& user);

 private:
  [[noreturn]] static void Fail(const Status& status);

  std::unique_ptr<Storage> storage_;
  InventoryRepository* inventory_;
  SaleRef sale_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_ENGINE_UNDER_TEST_H_
