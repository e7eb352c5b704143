#ifndef FLASHSALE_BENCH_CROWD_H_
#define FLASHSALE_BENCH_CROWD_H_

#include <array>
#include <bit>
#include <cstdint>

#include "bench/random.h"
#include "flashsale/base/id.h"
#include "flashsale/domain/verb.h"
#include "flashsale/repository/command.h"

namespace flashsale::bench {

// Shoppers 0, 1, 2, … and what they ask for: one unit of the first line, under ids that look like
// UUIDs.  Made on the spot in a nanosecond or two, so that no table of requests fills the caches.
// Thread safety: any.
class Crowd {
 public:
  explicit Crowd(std::uint64_t seed) : salt_(Mix(seed)) {}

  Command Reserve(std::uint64_t shopper) const {
    Command command = About(Verb::kReserve, shopper);
    command.units = 1;
    return command;
  }

  // Confirm, cancel or extend the reservation of Reserve(shopper).
  Command About(Verb verb, std::uint64_t shopper) const {
    const std::uint64_t bits = Mix(salt_ + shopper);
    return {.verb = verb,
            .user = UserId::FromBytes(Bytes(bits, shopper)),
            .id = ReservationId::FromBytes(Bytes(bits ^ salt_, ~shopper))};
  }

  UserId User(std::uint64_t shopper) const {
    return UserId::FromBytes(Bytes(Mix(salt_ + shopper), shopper));
  }

 private:
  // Distinct shoppers differ in the second word.
  static std::array<std::uint8_t, 16> Bytes(std::uint64_t first, std::uint64_t second) {
    return std::bit_cast<std::array<std::uint8_t, 16>>(std::array<std::uint64_t, 2>{first, second});
  }

  std::uint64_t salt_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_CROWD_H_
