#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

FlashSale Sale(const SaleId& id, Time start, Time end, std::vector<ProductId> products = {"shoe"}) {
  FlashSale sale{.terms = {.id = id, .start = start, .end = end}};
  for (const ProductId& product : products) {
    sale.terms.lines.push_back({.product = product, .units = 5});
  }
  return sale;
}

class Catalogue {
 public:
  Catalogue() : storage_(std::move(OpenMemoryStorage()).value()) {}
  FlashSaleRepository* operator->() { return &storage_->sales(); }

  std::uint64_t Put(const FlashSale& sale) {
    const Result<std::uint64_t> revision = storage_->sales().Put(sale);
    REQUIRE_MESSAGE(revision.ok(), revision.status().ToString());
    return *revision;
  }
  std::string InWindow(Time from, Time to, std::size_t max = 100) {
    return Names(storage_->sales().FindByWindow({.from = from, .to = to}, max));
  }
  std::string OfProduct(const ProductId& product, std::size_t max = 100) {
    return Names(storage_->sales().FindByProduct(product, max));
  }

 private:
  static std::string Names(const Result<std::vector<FlashSale>>& sales) {
    REQUIRE_MESSAGE(sales.ok(), sales.status().ToString());
    std::string names;
    for (const FlashSale& sale : *sales) {
      if (!names.empty()) names += ' ';
      names += sale.terms.id.view();
    }
    return names;
  }

  std::unique_ptr<Storage> storage_;
};

TEST_CASE("what was put is got, with every optional member set and the next revision") {
  Catalogue catalogue;
  FlashSale sale = Sale("drop", kStart, kStart + 1h);
  sale.marks.paused = true;
  CHECK(catalogue.Put(sale) == 1);
  const Result<FlashSale> got = catalogue->Get("drop");
  REQUIRE(got.ok());
  CHECK(got->revision == 1);
  CHECK(got->marks == sale.marks);
  CHECK(got->terms == *Validate(sale.terms));

  FlashSale update = *got;
  update.marks.paused = false;
  CHECK(catalogue.Put(update) == 2);
  CHECK(catalogue->Get("drop")->revision == 2);
  CHECK_FALSE(catalogue->Get("drop")->marks.paused);
}

TEST_CASE("a write that lost the race is told both revisions and changes nothing") {
  Catalogue catalogue;
  FlashSale sale = Sale("drop", kStart, kStart + 1h);
  catalogue.Put(sale);
  sale.terms.end = kStart + 2h;
  Result<std::uint64_t> lost = catalogue->Put(sale);
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.status().code() == StatusCode::kConflict);
  CHECK(lost.status().message() == "revision: 0 of sale 'drop', expected 1");
  sale.revision = 7;
  lost = catalogue->Put(sale);
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.status().message() == "revision: 7 of sale 'drop', expected 1");
  CHECK(catalogue->Get("drop")->terms.end == kStart + 1h);
}

TEST_CASE("errors of the catalogue name what they are about") {
  Catalogue catalogue;
  FlashSale sale = Sale("drop", kStart, kStart + 1h);
  sale.revision = 3;
  CHECK(catalogue->Put(sale).status() ==
        Status(StatusCode::kNotFound, "id: no sale 'drop'"));
  CHECK(catalogue->Get("drop").status() == Status(StatusCode::kNotFound, "id: no sale 'drop'"));
  CHECK(catalogue->Remove("drop", 1) == Status(StatusCode::kNotFound, "id: no sale 'drop'"));
  sale.terms.limit_per_user = 0;
  CHECK(catalogue->Put(sale).status() ==
        Status(StatusCode::kInvalidArgument, "limit_per_user: 0, expected 1 to 1073741824"));
  sale = Sale("drop", kStart, kStart + 1h);
  catalogue.Put(sale);
  CHECK(catalogue->Remove("drop", 2) ==
        Status(StatusCode::kConflict, "revision: 2 of sale 'drop', expected 1"));
  CHECK(catalogue->Get("drop").ok());
}

TEST_CASE("a removed sale is gone from every index and may be put anew") {
  Catalogue catalogue;
  catalogue.Put(Sale("drop", kStart, kStart + 1h));
  CHECK(catalogue->Remove("drop", 1).ok());
  CHECK_FALSE(catalogue->Get("drop").ok());
  CHECK(catalogue.InWindow(kMinTime, kMaxTime).empty());
  CHECK(catalogue.OfProduct("shoe").empty());
  CHECK(catalogue.Put(Sale("drop", kStart, kStart + 1h)) == 1);
}

TEST_CASE("a window meets the sales that are open at some instant of it, by start, then id") {
  Catalogue catalogue;
  catalogue.Put(Sale("c", kStart, kStart + 1h));
  catalogue.Put(Sale("a", kStart + 1h, kStart + 2h));
  catalogue.Put(Sale("b", kStart, kStart + 3h));
  catalogue.Put(Sale("d", kStart - 1h, kStart));
  CHECK(catalogue.InWindow(kMinTime, kMaxTime) == "d b c a");
  CHECK(catalogue.InWindow(kMinTime, kMaxTime, 2) == "d b");
  CHECK(catalogue.InWindow(kMinTime, kMaxTime, 0).empty());
  CHECK(catalogue.InWindow(kStart, kStart + 1us) == "b c");
  CHECK(catalogue.InWindow(kStart - 1us, kStart) == "d");
  CHECK(catalogue.InWindow(kStart + 1h, kStart + 2h) == "b a");
  CHECK(catalogue.InWindow(kStart + 1h - 1us, kStart + 1h) == "b c");
  CHECK(catalogue.InWindow(kStart + 3h, kMaxTime).empty());
  CHECK(catalogue.InWindow(kMinTime, kStart - 1h).empty());
}

TEST_CASE("sales of a product, by start, then id, follow every update") {
  Catalogue catalogue;
  catalogue.Put(Sale("b", kStart, kStart + 1h, {"shoe", "sock"}));
  catalogue.Put(Sale("a", kStart + 1h, kStart + 2h, {"shoe"}));
  catalogue.Put(Sale("c", kStart, kStart + 1h, {"shoe"}));
  CHECK(catalogue.OfProduct("shoe") == "b c a");
  CHECK(catalogue.OfProduct("shoe", 1) == "b");
  CHECK(catalogue.OfProduct("sock") == "b");
  CHECK(catalogue.OfProduct("hat").empty());

  FlashSale moved = Sale("b", kStart + 3h, kStart + 4h, {"hat", "shoe"});
  moved.revision = 1;
  catalogue.Put(moved);
  CHECK(catalogue.OfProduct("shoe") == "c a b");
  CHECK(catalogue.OfProduct("sock").empty());
  CHECK(catalogue.OfProduct("hat") == "b");
  CHECK(catalogue.InWindow(kMinTime, kMaxTime) == "c a b");
}

TEST_CASE("of writers that read the same revision one wins; none is lost") {
  constexpr std::size_t kThreads = 4;
  const int updates = Rounds(2'000);
  Catalogue catalogue;
  catalogue.Put(Sale("drop", kStart, kStart + 1h));
  std::atomic<int> unexpected = 0;
  AtOnce(kThreads, [&](std::size_t) {
    for (int done = 0; done < updates;) {
      FlashSale sale = *catalogue->Get("drop");
      sale.terms.end += 1us;
      const Result<std::uint64_t> revision = catalogue->Put(sale);
      if (revision.ok()) {
        ++done;
        if (*revision != sale.revision + 1) ++unexpected;
      } else if (revision.status().code() != StatusCode::kConflict) {
        ++unexpected;
      }
    }
  });
  CHECK(unexpected == 0);
  const Result<FlashSale> last = catalogue->Get("drop");
  CHECK(last->revision == 1 + kThreads * static_cast<std::uint64_t>(updates));
  CHECK(last->terms.end == kStart + 1h + Duration(static_cast<Duration::rep>(kThreads) * updates));
}

}  // namespace
}  // namespace flashsale
