// A take of rates into which another one comes, at every place of it: what races between threads
// meet once in a thousand runs, or never, is met here in each.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "flashsale/backend/memory.h"
#include "flashsale/domain/quota.h"
#include "flashsale/repository/rate_repository.h"
#include "tests/linearizability/interruption.h"

namespace flashsale {
namespace {

constexpr Time kNow{std::chrono::hours{24 * 365 * 50}};

CellRate Burst(std::uint32_t permits) {
  return CellRate({.permits = 1, .per = std::chrono::minutes{1}, .burst = permits});
}

// Opened once: each place has keys of its own.
std::unique_ptr<Storage> SmallStorage() {
  Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.rate_keys = 100'000, .fingerprint_keys = 1'000, .hash_seed = 1});
  REQUIRE(storage.ok());
  return *std::move(storage);
}

RateCharge ChargeOf(RateRepository& rates, RateScope scope, std::size_t number,
                    const CellRate& rate) {
  RateKey key{.scope = scope};
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    key.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  }
  return {.probe = rates.Probe(key), .rate = rate};
}

bool Takes(RateRepository& rates, std::span<const RateCharge> charges) {
  RateVerdict verdict;
  return rates.Take(kNow, charges, verdict).ok() && verdict.decision.allowed;
}

// How many more of these are allowed one after the other.
int LeftOf(RateRepository& rates, const RateCharge& charge) {
  int left = 0;
  while (left < 10 && Takes(rates, {&charge, 1})) ++left;
  return left;
}

// The user has one permit, the address three; two take both at once.
void TwoTakeAtOnce(bool user_is_known) {
  if (!CanInterrupt()) {
    MESSAGE("skipped: calls cannot be interrupted here");
    return;
  }
  const std::unique_ptr<Storage> storage = SmallStorage();
  RateRepository& rates = storage->rates();
  std::size_t place = 0;
  bool reached = true;
  while (reached) {
    ++place;
    const CellRate of_user = Burst(user_is_known ? 2 : 1);
    const std::array<RateCharge, 2> charges = {ChargeOf(rates, RateScope::kIpv4, place, Burst(3)),
                                               ChargeOf(rates, RateScope::kUser, place, of_user)};
    if (user_is_known) REQUIRE(Takes(rates, {&charges[1], 1}));
    bool first = false;
    bool second = false;
    reached = RunInterrupted(
        {.places = Interruption::Places::kEvery, .at = place},
        [&] { first = Takes(rates, charges); }, [&] { second = Takes(rates, charges); });
    if (!reached) second = Takes(rates, charges);
    REQUIRE_MESSAGE(first != second, "at place " << place);
    // Whoever was refused has charged nothing, or has given it back.
    REQUIRE_MESSAGE(LeftOf(rates, charges[0]) == 2, "at place " << place);
    REQUIRE_MESSAGE(LeftOf(rates, charges[1]) == 0, "at place " << place);
  }
  CHECK(place > 100);
}

TEST_CASE("of two who take the last permit at once one has it, and the other is charged nothing") {
  TwoTakeAtOnce(/*user_is_known=*/true);
}

TEST_CASE("of two who bring in one key with one permit at once one has it") {
  TwoTakeAtOnce(/*user_is_known=*/false);
}

}  // namespace
}  // namespace flashsale
