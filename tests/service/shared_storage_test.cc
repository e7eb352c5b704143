// Several parts and several services on one storage: names, acts and ends of sales.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "flashsale/policy/bot_detector.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("a name that one part has given means the same sale to every other") {
  Shop shop;
  // Without a queue first, so that the parts count them differently.
  shop.Create(Shop::Terms(10, "a"));
  for (const char* const sale : {"b", "c", "d"}) shop.Create(Shop::QueuedTerms(10, 1'000, sale));
  shop.At(0s);
  FlashSaleService& service = shop.service();
  std::uint64_t user = 0;
  for (const char* const sale : {"a", "b", "c", "d"}) {
    CAPTURE(sale);
    std::vector<SaleRef> names = {*service.Resolve(sale),
                                  *shop.storage().inventory().Resolve(sale)};
    if (const auto name = service.queue().Resolve(sale); name.ok()) names.push_back(*name);
    if (const auto name = shop.storage().queue().Resolve(sale); name.ok()) names.push_back(*name);
    CHECK(names.size() == (*sale == 'a' ? 2 : 4));
    for (const SaleRef& name : names) {
      ++user;
      const auto stock = shop.storage().inventory().ReadStock(name, shop.clock().Now());
      REQUIRE(stock.ok());
      const Units before = stock->lines[0].reserved;
      if (*sale != 'a') {
        CHECK(service.queue().Read(name, shop.clock().Now())->terms.sale == SaleId(sale));
        CHECK(shop.storage().queue().Read(name, shop.clock().Now())->terms.sale == SaleId(sale));
        CHECK(service.Join({.sale = name, .user = UserId::FromInteger(user)})->outcome.code ==
              Code::kDone);
        shop.Pass(1s);
        CHECK(shop.IsAdmitted(user, sale));
      }
      CHECK(service
                .Reserve({.sale = name,
                          .user = UserId::FromInteger(user),
                          .id = ReservationId::FromInteger(1)})
                ->code == Code::kDone);
      CHECK(service.ReadStock(SaleId(sale))->lines[0].reserved == before + 1);
    }
  }
}

TEST_CASE("an act of another service on the same storage is seen within the refresh interval") {
  Shop shop;
  const auto other = shop.Open([](auto& options) { options.refresh_interval = 1s; });
  SaleTerms terms = Shop::Terms();
  terms.start += 30min;
  terms.end += 30min;
  shop.Create(terms);
  shop.At(0s);
  REQUIRE(other->Serve("drop").ok());
  std::uint64_t user = 0;
  const auto at_other = [&] {
    return other
        ->Reserve({.sale = "drop",
                   .user = UserId::FromInteger(++user),
                   .id = ReservationId::FromInteger(1)})
        ->code;
  };
  const auto pass = [&] {
    shop.Pass(1s);
    other->Poll();
  };
  CHECK(at_other() == Code::kNotStarted);
  REQUIRE(shop.service().Start("drop")->code == Code::kDone);
  pass();
  CHECK(at_other() == Code::kDone);
  REQUIRE(other->Pause("drop")->code == Code::kDone);
  CHECK(at_other() == Code::kPaused);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  pass();
  CHECK(at_other() == Code::kDone);
}

// Does something, and waits for a while until another thread is in the midst of something else.
class Meanwhile {
 public:
  template <typename Act>
  void Begin(Act act) {
    thread_ = std::jthread([this, act] {
      begun_ = true;
      act();
    });
    while (!begun_) std::this_thread::yield();
    // It ought to come as far as it can.
    for (int i = 0; i < 2'000; ++i) std::this_thread::yield();
  }

 private:
  std::atomic<bool> begun_ = false;
  std::jthread thread_;
};

TEST_CASE("a queue is detached while its turn fails, and both come to an end") {
  Shop shop;
  shop.Create(Shop::QueuedTerms());
  shop.At(0s);
  shop.Join(1);
  struct Fails final : QueueObserver {
    explicit Fails(VirtualQueue& of) : queue(of) {}
    void OnAdmitted(const SaleId& sale, Time /*now*/,
                    std::span<const QueueEntry> /*admitted*/) override {
      detaching.emplace();
      detaching->Begin([this, sale] { queue.Detach(sale); });
      throw 1;  // which the queue notes down
    }
    VirtualQueue& queue;
    std::optional<Meanwhile> detaching;
  } observer(shop.service().queue());
  shop.service().queue().Observe(&observer);
  shop.Pass(1s);
  REQUIRE(observer.detaching.has_value());
  observer.detaching.reset();
  CHECK(shop.service().queue().failures().observer == 1);
  shop.service().queue().Observe(nullptr);
}

TEST_CASE("who is asked in the midst of a call may ask the service, although a sale is forgotten") {
  struct Asks final : BotDetector {
    std::string_view name() const override { return "asks"; }
    DetectorCost cost() const override { return DetectorCost::kLookup; }
    std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& /*probe*/,
                                  Time /*now*/,
                                  const std::shared_ptr<BotScoreSink>& /*later*/) override {
      forgetting.emplace();
      forgetting->Begin([this] { forgotten = service->Forget("over")->code; });
      found = service->Resolve(query.sale).ok() && !service->ReadMetrics().sales.empty();
      return BotScore{};
    }
    FlashSaleService* service = nullptr;
    bool found = false;
    std::optional<Code> forgotten;
    std::optional<Meanwhile> forgetting;
  } asks;
  const auto chain = CompositeBotDetector::New({.detectors = {{.detector = &asks}}});
  REQUIRE(chain.ok());
  Shop shop([&](auto& options) { options.bots = chain->get(); });
  asks.service = &shop.service();
  shop.Create(Shop::Terms());
  shop.Create(Shop::Terms(10, "over"));
  shop.At(0s);
  REQUIRE(shop.service().CancelSale("over")->code == Code::kDone);
  REQUIRE(shop.service().Settle("over")->code == Code::kDone);
  CHECK(shop.Reserve(1) == Code::kDone);
  CHECK(asks.found);
  asks.forgetting.reset();  // waits for it
  CHECK(asks.forgotten == Code::kDone);
}

}  // namespace
}  // namespace flashsale::service_test
