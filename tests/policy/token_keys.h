#ifndef FLASHSALE_TESTS_POLICY_TOKEN_KEYS_H_
#define FLASHSALE_TESTS_POLICY_TOKEN_KEYS_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_claims.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"

namespace flashsale {

inline std::span<const std::uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::vector<std::uint8_t> FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

template <typename Bytes>
std::string ToHex(const Bytes& bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kOtherSecret = "fedcba9876543210fedcba9876543210";

inline TokenKey HmacKey(std::string_view id, std::string_view secret = kSecret) {
  return {.id = id, .secret = BytesOf(secret)};
}

inline TokenKey Ed25519Key(std::string_view id, std::string_view seed = kSecret) {
  return {.id = id, .algorithm = TokenAlgorithm::kEd25519, .secret = BytesOf(seed)};
}

inline std::unique_ptr<KeyRing> NewRing() {
  auto ring = KeyRing::New();
  REQUIRE(ring.ok());
  return std::move(*ring);
}

// A ring whose one key signs.
inline std::unique_ptr<KeyRing> RingWith(const TokenKey& key) {
  auto ring = NewRing();
  REQUIRE(ring->Add(key).ok());
  REQUIRE(ring->SignWith(key.id).ok());
  return ring;
}

inline std::unique_ptr<TokenVerifier> VerifierOf(const KeyRing& ring,
                                                 const TokenVerifierOptions& options = {}) {
  auto verifier = TokenVerifier::New(ring, options);
  REQUIRE(verifier.ok());
  return std::move(*verifier);
}

inline const Time kNow = kMinTime + std::chrono::hours{480'000};
inline const UserId kUser = UserId::FromInteger(7);

inline AdmissionClaims SomeAdmission() {
  return {.sale = "drop",
          .user = kUser,
          .tier = 3,
          .number = kMaxExactInteger,
          .grant = 2,
          .not_before = kNow - Duration{1},
          .expires_at = kNow + Duration{1}};
}

inline TicketClaims SomeTicket() {
  return {.sale = "drop",
          .user = kUser,
          .tier = 1,
          .ticket = 12'345,
          .place = 678,
          .epoch = kNow - std::chrono::hours{2},
          .joined_at = kNow - std::chrono::hours{1},
          .expires_at = kNow + Duration{1}};
}

inline TokenExpectation Here() { return {.sale = "drop", .user = kUser, .now = kNow}; }

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_POLICY_TOKEN_KEYS_H_
