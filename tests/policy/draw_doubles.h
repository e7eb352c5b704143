#ifndef FLASHSALE_TESTS_POLICY_DRAW_DOUBLES_H_
#define FLASHSALE_TESTS_POLICY_DRAW_DOUBLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/policy/draw_seed.h"
#include "flashsale/policy/draw_witness.h"
#include "flashsale/repository/queue_repository.h"
#include "policy/hex.h"

namespace flashsale {

// The bytes 0 to 31.
inline std::array<std::uint8_t, 32> CountingBytes() {
  std::array<std::uint8_t, 32> bytes{};
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

// The users 0, 1 …, which are sorted.
inline std::vector<UserId> UsersUpTo(std::uint64_t count) {
  std::vector<UserId> users;
  users.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) users.push_back(UserId::FromInteger(i));
  return users;
}

// The number that a user was made from.
inline std::uint64_t NumberOf(const UserId& user) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | user.bytes()[i];
  return number;
}

// The same as entrants, in the order of their ids.
inline std::vector<Entrant> EntrantsUpTo(std::uint64_t count) {
  std::vector<Entrant> entrants;
  entrants.reserve(count);
  for (const UserId& user : UsersUpTo(count)) {
    entrants.push_back({.user = user, .ticket = entrants.size() + 1});
  }
  return entrants;
}

// How far places are from being drawn evenly, by a chi-square test of Pearson: `times[i][place]`,
// how often i was drawn to that place.
template <std::size_t Count>
double ChiSquareOf(const std::array<std::array<int, Count>, Count>& times, int draws) {
  const double expected = static_cast<double>(draws) / Count;
  double chi_square = 0;
  for (const auto& row : times) {
    for (const int count : row) chi_square += (count - expected) * (count - expected) / expected;
  }
  return chi_square;
}

inline std::vector<std::uint8_t> BytesOfHex(std::string_view hex) {
  std::vector<std::uint8_t> bytes(hex.size() / 2);
  if (!ReadHex(hex, bytes)) throw std::invalid_argument("no hex: " + std::string(hex));
  return bytes;
}

inline DrawHash HashOf(std::string_view hex) {
  DrawHash hash{};
  if (!ReadHex(hex, hash)) throw std::invalid_argument("no hash: " + std::string(hex));
  return hash;
}

// Writes down what it is told.
class Notary final : public DrawWitness {
 public:
  Status OnFrozen(const DrawRecord& record, const DrawLists& lists) override {
    calls += "frozen ";
    frozen = record;
    fifo.assign(lists.fifo.begin(), lists.fifo.end());
    entrants.assign(lists.drawn.begin(), lists.drawn.end());
    return frozen_status;
  }

  Result<std::vector<std::uint8_t>> Beacon(const DrawRecord& record) override {
    calls += "beacon ";
    asked = record;
    if (throws) throw std::runtime_error("lost the seal");
    if (!beacon.has_value()) return Status(StatusCode::kUnavailable, "no beacon yet");
    return *beacon;
  }

  Status OnDrawn(const DrawRecord& record, const DrawnOrder& drawn_order) override {
    calls += "drawn ";
    drawn = record;
    order.clear();
    for (std::size_t i = 0; i < drawn_order.size(); ++i) order.push_back(drawn_order[i]);
    return drawn_status;
  }

  // What to answer.
  Status frozen_status;
  Status drawn_status;
  std::optional<std::vector<std::uint8_t>> beacon;
  bool throws = false;
  // What it was told.
  std::string calls;
  DrawRecord frozen;
  DrawRecord asked;
  DrawRecord drawn;
  std::vector<UserId> fifo;
  std::vector<UserId> entrants;
  std::vector<UserId> order;
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_POLICY_DRAW_DOUBLES_H_
