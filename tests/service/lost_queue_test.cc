// Queues that are lost with their store's memory, again and again, and put together from tickets.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

std::unique_ptr<KeyRing> Keys() {
  auto keys = KeyRing::New();
  REQUIRE(keys.ok());
  const std::vector<std::uint8_t> secret(32, 7);
  REQUIRE((*keys)->Add({.id = "k1", .secret = secret}).ok());
  REQUIRE((*keys)->SignWith("k1").ok());
  return *std::move(keys);
}

// A queue that takes back tickets for half a minute, before its start, and is lost as often as one
// likes.
class LostAgain {
 public:
  explicit LostAgain(std::uint32_t tiers = 1) : keys_(Keys()), tiers_(tiers) { Lose(); }

  void Lose() {
    const Time now = shop_ == nullptr ? Shop::kOpening : shop_->clock().Now() + 1s;
    shop_ = std::make_unique<Shop>([&](auto& options) { options.token_keys = keys_.get(); });
    shop_->clock().Set(now);
    shop_->Create(
        Shop::QueuedTerms(1'000, 1),
        {.max_in_flight = 1, .heartbeat_timeout = 24h, .tiers = tiers_, .restore_window = 30s});
  }
  // Joins with the last ticket that they were given, and takes one.
  QueuePlace Join(std::uint64_t user, std::uint8_t tier = 0) {
    const auto place = shop_->service().Join({.sale = "drop",
                                              .user = UserId::FromInteger(user),
                                              .tier = tier,
                                              .ticket = tickets_[user]});
    REQUIRE_MESSAGE(place.ok(), place.status().ToString());
    return *place;
  }
  void Take(std::uint64_t user) {
    tickets_[user] = *shop_->service().IssueToken("drop", shop_->Position(user));
  }
  void JoinAndTake(std::initializer_list<std::uint64_t> users) {
    for (const std::uint64_t user : users) Join(user);
    for (const std::uint64_t user : users) Take(user);
  }
  // In the order in which they stand once the line runs, who is let in first first.
  std::vector<std::uint64_t> Order(std::initializer_list<std::uint64_t> users) {
    shop_->At(30min);
    shop_->Pass(200ms);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
    for (const std::uint64_t user : users)
      places.emplace_back(shop_->Position(user).position, user);
    std::sort(places.begin(), places.end());
    std::vector<std::uint64_t> order;
    order.reserve(places.size());
    for (const auto& [position, user] : places) order.push_back(user);
    return order;
  }

  Shop& shop() { return *shop_; }

 private:
  const std::unique_ptr<KeyRing> keys_;
  const std::uint32_t tiers_;
  std::unique_ptr<Shop> shop_;
  std::map<std::uint64_t, std::string> tickets_;
};

using Users = std::vector<std::uint64_t>;

TEST_CASE("a place that was brought back outlives a second loss, and nobody new comes before it") {
  LostAgain queue;
  queue.JoinAndTake({1, 2, 3});
  queue.Lose();
  queue.JoinAndTake({9, 3, 2, 8});
  CHECK(queue.shop().Position(3).entry.restored_place != 0);
  CHECK(queue.shop().Position(9).entry.restored_place == 0);
  queue.Lose();
  for (const std::uint64_t user : {8U, 9U, 3U, 7U, 2U, 1U}) queue.Join(user);
  CHECK(queue.Order({1, 2, 3, 7, 8, 9}) == Users{1, 2, 3, 9, 8, 7});
}

TEST_CASE("tickets of any age are put in one order, whether or not they were taken anew") {
  LostAgain queue;
  queue.JoinAndTake({1, 2, 3});
  queue.Lose();
  // The second shows what it had; the others have a newer ticket.
  queue.JoinAndTake({9, 3, 1});
  queue.Join(2);
  queue.Lose();
  for (const std::uint64_t user : {9U, 3U, 2U, 1U}) queue.Join(user);
  CHECK(queue.Order({1, 2, 3, 9}) == Users{1, 2, 3, 9});
}

TEST_CASE("once the line has begun its order is what a later loss is made good by") {
  LostAgain queue;
  queue.JoinAndTake({1, 2, 3});
  queue.Lose();
  queue.JoinAndTake({9, 3, 2, 1});
  REQUIRE(queue.Order({1, 2, 3, 9}) == Users{1, 2, 3, 9});
  for (const std::uint64_t user : {2U, 3U, 9U}) queue.Take(user);
  queue.Join(5);
  queue.Take(5);
  queue.Lose();
  for (const std::uint64_t user : {5U, 9U, 3U, 2U}) queue.Join(user);
  queue.shop().Pass(31s);
  CHECK(queue.shop().IsAdmitted(2));
  CHECK(queue.shop().Position(3).position == 1);
  CHECK(queue.shop().Position(9).position == 2);
  CHECK(queue.shop().Position(5).position == 3);
}

TEST_CASE("who joined without their ticket brings the place back with it, within the window") {
  for (const std::uint32_t tiers : {1U, 2U}) {
    CAPTURE(tiers);
    LostAgain queue(tiers);
    queue.JoinAndTake({1, 2, 3});
    queue.Lose();
    queue.shop().Join(1);
    // A reserve joins the last tier; the place is one in the first.
    REQUIRE(
        queue.shop()
            .service()
            .Join({.sale = "drop", .user = UserId::FromInteger(2), .tier = QueueJoin::kLastTier})
            ->entry.tier == tiers - 1);
    queue.shop().Join(50);
    for (const std::uint64_t user : {3U, 2U, 1U}) {
      const QueuePlace place = queue.Join(user);
      CHECK(place.entry.restored_place != 0);
      CHECK(place.entry.tier == 0);
    }
    CHECK(queue.Join(1).outcome.code == Code::kAlreadyDone);
    CHECK(queue.Order({1, 2, 3, 50}) == Users{1, 2, 3, 50});
  }
}

TEST_CASE("after the window a ticket moves nobody, not to another tier either") {
  LostAgain queue(2);
  queue.JoinAndTake({1});
  queue.Lose();
  REQUIRE(queue.shop()
              .service()
              .Join({.sale = "drop", .user = UserId::FromInteger(1), .tier = QueueJoin::kLastTier})
              ->entry.tier == 1);
  queue.shop().Pass(31s, 1s);
  const QueuePlace place = queue.Join(1);
  CHECK(place.outcome.code == Code::kAlreadyDone);
  CHECK(place.entry.tier == 1);
  CHECK(place.entry.ticket == 1);
}

TEST_CASE("who leaves has given up the place that they brought back") {
  LostAgain queue;
  queue.JoinAndTake({1, 2, 3});
  queue.Lose();
  for (const std::uint64_t user : {1U, 2U, 9U}) queue.Join(user);
  REQUIRE(queue.shop().service().Leave("drop", UserId::FromInteger(1))->code == Code::kDone);
  const QueuePlace again = queue.Join(1);
  CHECK(again.outcome.code == Code::kDone);
  CHECK(again.entry.restored_place == 0);
  queue.Join(3);
  CHECK(queue.Order({1, 2, 3, 9}) == Users{2, 3, 9, 1});
}

}  // namespace
}  // namespace flashsale::service_test
