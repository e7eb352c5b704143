#include "bench/engine_under_test.h"

#include <utility>

#include "bench/question.h"
#include "flashsale/backend/memory.h"

namespace flashsale::bench {

SaleTerms BenchTerms(Units units) {
  return {.id = "bench",
          .lines = {{.product = "thing", .units = units}},
          .start = kOpening,
          .end = kOpening + std::chrono::hours{24}};
}

EngineUnderTest::EngineUnderTest(Units units, Memory memory) {
  Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.events_per_sale = 1024, .prefault = memory == Memory::kAtOnce});
  if (!storage.ok()) Fail(storage.status());
  storage_ = std::move(*storage);
  inventory_ = &storage_->inventory();
  const SaleTerms terms = BenchTerms(units);
  const Result<Outcome> created = inventory_->Create(terms);
  if (!created.ok()) Fail(created.status());
  const Result<SaleRef> sale = inventory_->Resolve(terms.id);
  if (!sale.ok()) Fail(sale.status());
  sale_ = *sale;
}

Stock EngineUnderTest::ReadStock(Time now) {
  const Result<SaleStock> stock = inventory_->ReadStock(sale_, now);
  if (!stock.ok()) Fail(stock.status());
  return stock->lines[0];
}

Tally EngineUnderTest::ReadTally(const UserId& user) {
  const Result<Tally> tally = inventory_->ReadTally(sale_, TallyKey::Of(user));
  if (!tally.ok()) Fail(tally.status());
  return *tally;
}

void EngineUnderTest::Fail(const Status& status) { throw WrongAnswer(status.ToString()); }

}  // namespace flashsale::bench
