#ifndef FLASHSALE_TESTS_HARD_CASES_CROWD_H_
#define FLASHSALE_TESTS_HARD_CASES_CROWD_H_

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/storage.h"
#include "flashsale/testing/invariants.h"

namespace flashsale {

// Instrumented builds run a tenth or less of the speed, so they run fewer rounds of everything that
// repeats a race.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kRoundsDivisor = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr int kRoundsDivisor = 20;
#else
inline constexpr int kRoundsDivisor = 1;
#endif
#else
inline constexpr int kRoundsDivisor = 1;
#endif
constexpr int Rounds(int rounds) { return rounds / kRoundsDivisor; }

// All sales of these tests start here.
inline constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};
inline constexpr Duration kMicrosecond{1};

constexpr UserId User(std::uint64_t number) { return UserId::FromInteger(number); }
constexpr ReservationId Id(std::uint64_t number) { return ReservationId::FromInteger(number); }

// One line of `units`, limit 1, five minutes' hold, open for an hour.
inline SaleTerms SmallSale(Units units) {
  return {.id = "drop",
          .lines = {{.product = "thing", .units = units}},
          .start = kStart,
          .end = kStart + std::chrono::hours{1}};
}

inline Command Reserve(const UserId& user, const ReservationId& id, Units units = 1,
                       std::uint16_t line = 0) {
  return {.verb = Verb::kReserve, .line = line, .units = units, .user = user, .id = id};
}
inline Command About(Verb verb, const UserId& user, const ReservationId& id) {
  return {.verb = verb, .user = user, .id = id};
}
inline Command Act(Verb verb) { return {.verb = verb}; }

// One sale in a store of its own.
class Shop {
 public:
  explicit Shop(SaleTerms terms, const MemoryOptions& options = {}) : terms_(std::move(terms)) {
    Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage(options);
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    storage_ = std::move(storage).value();
    Create();
  }

  void Create() {
    const Result<Outcome> created = inventory().Create(terms_);
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
    REQUIRE(created->code == Code::kDone);
    const Result<SaleRef> sale = inventory().Resolve(terms_.id);
    REQUIRE_MESSAGE(sale.ok(), sale.status().ToString());
    sale_ = *sale;
  }

  InventoryRepository& inventory() { return storage_->inventory(); }
  const SaleRef& sale() const { return sale_; }
  const SaleTerms& terms() const { return terms_; }

  // The whole outcome; an error of the store becomes an Invalid about nothing, which no test
  // expects.
  Outcome Ask(const SaleRef& sale, Time now, const Command& command) {
    Outcome outcome;
    const Status status = inventory().Apply(sale, now, {&command, 1}, {&outcome, 1});
    return status.ok() ? outcome : Outcome{};
  }
  Outcome Ask(Time now, const Command& command) { return Ask(sale_, now, command); }
  Code Do(Time now, const Command& command) { return Ask(now, command).code; }

  Stock StockOf(std::size_t line = 0) {
    const Result<SaleStock> stock = inventory().ReadStock(sale_, kStart);
    REQUIRE_MESSAGE(stock.ok(), stock.status().ToString());
    return stock->lines.at(line);
  }

  std::optional<Reservation> Find(const UserId& user, const ReservationId& id) {
    const Result<std::optional<Reservation>> found = inventory().Find(sale_, user, id);
    REQUIRE_MESSAGE(found.ok(), found.status().ToString());
    return *found;
  }

  // Stock, tallies and records agree, and nobody has more than they may.
  void CheckBooks() {
    const Result<std::vector<std::string>> broken = CheckInvariants(inventory(), sale_);
    REQUIRE_MESSAGE(broken.ok(), broken.status().ToString());
    for (const std::string& sentence : *broken) FAIL_CHECK(sentence);
  }

  // Every event so far.
  std::vector<Event> Events() {
    std::vector<Event> events(1024);
    std::size_t count = 0;
    std::uint64_t cursor = 0;
    for (;;) {
      const Result<EventPage> page =
          inventory().ReadEvents(sale_, cursor, std::span(events).subspan(count));
      REQUIRE_MESSAGE(page.ok(), page.status().ToString());
      REQUIRE_FALSE(page->lost.has_value());
      count += page->count;
      cursor = page->cursor;
      if (count < events.size()) break;
      events.resize(events.size() * 2);
    }
    events.resize(count);
    return events;
  }

 private:
  const SaleTerms terms_;
  std::unique_ptr<Storage> storage_;
  SaleRef sale_;
};

// Runs `work(thread)` on so many threads that all begin at once, and waits for them.
inline void AtOnce(std::size_t threads, const std::function<void(std::size_t)>& work) {
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::jthread> crowd;
  crowd.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    crowd.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
}

// Runs rounds of `work(thread, round)` on the same threads: in every round all begin at once, and
// after it `settle(round)` runs alone.
inline void InRounds(std::size_t threads, int rounds,
                     const std::function<void(std::size_t, int)>& work,
                     const std::function<void(int)>& settle) {
  int round = 0;
  const auto end_round = [&]() noexcept {
    settle(round);
    ++round;
  };
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::barrier<decltype(end_round)> end(static_cast<std::ptrdiff_t>(threads), end_round);
  std::vector<std::jthread> crowd;
  crowd.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    crowd.emplace_back([&, i] {
      for (int r = 0; r < rounds; ++r) {
        start.arrive_and_wait();
        work(i, r);
        end.arrive_and_wait();
      }
    });
  }
}

// How often each code was answered.
class Tallies {
 public:
  void Add(Code code) { ++counts_[Index(code)]; }
  int operator[](Code code) const { return counts_[Index(code)]; }

 private:
  static std::size_t Index(Code code) { return static_cast<std::size_t>(code); }
  std::array<std::atomic<int>, 128> counts_{};
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_HARD_CASES_CROWD_H_
