// Queues with as many people as there ever are.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/lottery_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

bool IsFull() {
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

// Who was let in, in order, and when; by sale.
class Doorkeeper final : public QueueObserver {
 public:
  explicit Doorkeeper(SaleId sale) : sale_(std::move(sale)) {}

  void OnAdmitted(const SaleId& sale, Time now, std::span<const QueueEntry> admitted) override {
    if (sale != sale_) return;
    for (const QueueEntry& entry : admitted) {
      users.push_back(entry.user);
      times.push_back(now);
    }
  }
  std::vector<UserId> users;
  std::vector<Time> times;

 private:
  const SaleId sale_;
};

// --- one sale beside another

// When ten are let in at two a second, with so many in line before another sale.
std::vector<Time> LetInBeside(std::uint64_t crowd) {
  constexpr std::uint32_t kHotPace = 40'000;
  Shop shop;
  shop.Create(Shop::QueuedTerms(1'000'000'000, kHotPace, "hot"), {.max_in_flight = 1U << 30});
  shop.Create(Shop::QueuedTerms(100, 2));
  for (std::uint64_t user = 0; user < crowd; ++user) {
    REQUIRE(shop.Join(user, "hot").outcome.code == Code::kDone);
    // In the midst of the crowd.
    if (user % (crowd / 10) == 0) {
      REQUIRE(shop.Join(user / (crowd / 10)).position == 1 + user / (crowd / 10));
    }
  }
  if (crowd == 0) {
    for (std::uint64_t user = 0; user < 10; ++user) shop.Join(user);
  }
  Doorkeeper door("drop");
  shop.service().queue().Observe(&door);
  shop.At(0s);
  constexpr Duration kStep = 10ms;
  for (Duration passed = kStep; passed <= 5s; passed += kStep) {
    shop.Pass(kStep, kStep);
    if (crowd == 0) continue;
    // The crowd keeps its own pace meanwhile.
    const std::uint64_t due = kHotPace / 100 * static_cast<std::uint64_t>(passed / kStep);
    REQUIRE(shop.Queue("hot").admitted >= std::min<std::uint64_t>(crowd, due));
  }
  shop.service().queue().Observe(nullptr);
  REQUIRE(door.users.size() == 10);
  for (std::uint64_t user = 0; user < 10; ++user) {
    CHECK(door.users[user] == UserId::FromInteger(user));
  }
  return door.times;
}

TEST_CASE("ten in line are let in at their own times, whether or not a million wait beside them") {
  std::vector<Time> own(10);
  for (int i = 0; i < 10; ++i) own[static_cast<std::size_t>(i)] = Shop::kOpening + 500ms * i;
  CHECK(LetInBeside(0) == own);
  CHECK(LetInBeside(1'000'000) == own);
}

// --- a queue that is lost

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kOtherSecret = "fedcba9876543210fedcba9876543210";

TokenKey KeyOf(std::string_view id, std::string_view secret) {
  return {.id = id,
          .secret = {reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()}};
}

// What somebody brings to the new queue.
struct Return {
  std::uint64_t user = 0;
  std::string ticket;
  bool is_good = false;
};

// A line whose store loses its memory, and what its people bring back.
class LostLine {
 public:
  // `strategy`: null for first come, first served.
  LostLine(std::uint64_t people, const AllocationStrategy* strategy)
      : people_(people), strategy_(strategy), keys_(*KeyRing::New()) {
    REQUIRE(keys_->Add(KeyOf("k1", kSecret)).ok());
    REQUIRE(keys_->Add(KeyOf("leaked", kOtherSecret)).ok());
    FillAndLose();
    std::shuffle(returns_.begin(), returns_.end(), random_);
  }

  // In a new store everybody stands as before, whoever has no ticket or a bad one behind them.
  void ComeBack() {
    const std::unique_ptr<Shop> shop = Open();
    shop->clock().Set(Shop::kOpening + 10s);
    Create(*shop, "drop", 10min);
    const SaleRef sale = *shop->service().Resolve("drop");
    std::vector<UserId> newcomers;
    for (const Return& back : returns_) {
      const UserId user = UserId::FromInteger(back.user);
      const auto place = shop->service().Join({.sale = sale, .user = user, .ticket = back.ticket});
      REQUIRE(place->outcome.code == Code::kDone);
      REQUIRE(place->position == 0);
      if (!back.is_good) newcomers.push_back(user);
      if (back.user % 100 != 0) continue;
      // Somebody in a hurry sends twice.
      const auto again = shop->service().Join({.sale = sale, .user = user, .ticket = back.ticket});
      REQUIRE(again->outcome.code == Code::kAlreadyDone);
      REQUIRE(again->entry.ticket == place->entry.ticket);
    }
    std::vector<UserId> due;
    due.reserve(returns_.size());
    for (const auto& [place, user] : old_) due.push_back(UserId::FromInteger(user));
    CHECK(shop->Queue().restored == due.size());
    due.insert(due.end(), newcomers.begin(), newcomers.end());
    CHECK(shop->Queue().admitted == 0);

    Doorkeeper door("drop");
    shop->service().queue().Observe(&door);
    shop->At(10min + 10s);
    // The first is inside, the others know where they stand.
    for (std::size_t i = 1; i < due.size(); ++i) {
      REQUIRE(shop->service().Position(sale, due[i])->position == i);
    }
    const QueuePace quick{.admissions_per_second = 10'000'000, .max_in_flight = 1U << 30};
    REQUIRE(shop->service().queue().SetPace("drop", shop->clock().Now(), quick).ok());
    shop->Pass(1s);
    shop->service().queue().Observe(nullptr);
    CHECK(door.users.size() == due.size());
    CHECK(door.users == due);
  }

 private:
  std::unique_ptr<Shop> Open() const {
    return std::make_unique<Shop>([this](FlashSaleServiceOptions& options) {
      options.token_keys = keys_.get();
      options.queue.batch = 1'000'000;
      if (strategy_ != nullptr) options.strategies = {strategy_};
    });
  }
  void Create(Shop& shop, const std::string& sale, Duration restore_window) const {
    shop.Create(Shop::QueuedTerms(1'000'000'000, 1, sale), {.strategy = strategy_,
                                                            .max_in_flight = 1,
                                                            .heartbeat_timeout = 24h,
                                                            .restore_window = restore_window});
  }

  // People join, some leave, the line begins; then those who wait are given their tickets.
  void FillAndLose() {
    const std::unique_ptr<Shop> lost = Open();
    Create(*lost, "drop", 0s);
    Create(*lost, "other", 0s);
    const SaleRef sale = *lost->service().Resolve("drop");
    std::vector<std::uint64_t> users(people_);
    std::iota(users.begin(), users.end(), std::uint64_t{1});
    std::shuffle(users.begin(), users.end(), random_);
    for (const std::uint64_t user : users) {
      REQUIRE(lost->service().Join({.sale = sale, .user = UserId::FromInteger(user)}).ok());
      if (user % 9 == 0) REQUIRE(lost->service().Leave(sale, UserId::FromInteger(user)).ok());
    }
    lost->At(0s);
    std::string last;
    for (std::size_t i = 0; i < users.size(); ++i) {
      const auto place = lost->service().Position(sale, UserId::FromInteger(users[i]));
      if (place->entry.state != TicketState::kWaiting) continue;
      Return back{.user = users[i]};
      const std::string own = Sign(*lost, "k1", "drop", *place);
      switch (i % 1'000) {
        case 0:  // another's
          back.ticket = last;
          break;
        case 1:  // damaged
          back.ticket = own;
          back.ticket[i % own.size()] = own[i % own.size()] == 'A' ? 'B' : 'A';
          break;
        case 2:  // of another sale
          back.ticket = Sign(*lost, "k1", "other", lost->Join(users[i], "other"));
          break;
        case 3:  // signed by whoever stole a key
          back.ticket = Sign(*lost, "leaked", "drop", *place);
          break;
        default:
          back.ticket = own;
          back.is_good = true;
      }
      last = own;
      if (i % 50 == 7) continue;  // stays away
      if (back.is_good) old_.emplace_back(place->entry.place, users[i]);
      returns_.push_back(std::move(back));
    }
    std::sort(old_.begin(), old_.end());
    REQUIRE(keys_->Revoke("leaked").ok());
    for (std::uint64_t i = 0; i < people_ / 100; ++i) {
      returns_.push_back({.user = people_ + 1 + i, .ticket = {}});
    }
  }
  std::string Sign(Shop& shop, std::string_view key, const SaleId& sale, const QueuePlace& place) {
    if (key != signs_with_) REQUIRE(keys_->SignWith(key).ok());
    signs_with_ = key;
    const auto ticket = shop.service().IssueToken(sale, place);
    REQUIRE_MESSAGE(ticket.ok(), ticket.status().ToString());
    return *ticket;
  }

  const std::uint64_t people_;
  const AllocationStrategy* const strategy_;
  const std::unique_ptr<KeyRing> keys_;
  std::string signs_with_;
  std::mt19937_64 random_{1};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> old_;  // place, user
  std::vector<Return> returns_;
};

TEST_CASE("a line that is lost stands as before once its people are back, from tickets alone") {
  LostLine(IsFull() ? 1'000'000 : 20'000, nullptr).ComeBack();
}

TEST_CASE("a line that was drawn before it was lost is not drawn anew") {
  const LotteryStrategy lottery(DrawSecret{1, 2, 3});
  LostLine(IsFull() ? 200'000 : 10'000, &lottery).ComeBack();
}

}  // namespace
}  // namespace flashsale::service_test
