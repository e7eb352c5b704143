#ifndef FLASHSALE_SRC_POLICY_HMAC_SHA256_H_
#define FLASHSALE_SRC_POLICY_HMAC_SHA256_H_

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flashsale::inline v0 {

// HMAC-SHA256 (RFC 2104) under one key, whose two blocks are hashed once: each message begins from
// a copy of the state behind them.
//
// The copy is of a plain structure on the stack: nothing is allocated, and any number of threads
// share one key without a lock.  EVP_MAC, which OpenSSL 3 offers instead, belongs to one thread and
// allocates twice a message.  Where OpenSSL is built without these functions, EVP_MD is used, which
// allocates.
//
// Thread safety: any thread.  Blocking: never.  Ownership: the key's state, which the destructor
// wipes.  Clock: none.
class HmacSha256 {
 public:
  static constexpr std::size_t kSize = 32;
  using Digest = std::array<std::uint8_t, kSize>;

  // A key of any size; one of more than 64 bytes is hashed first, as RFC 2104 has it.
  // Throws std::bad_alloc.
  explicit HmacSha256(std::span<const std::uint8_t> key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  // Throws std::bad_alloc where EVP_MD is used.
  Digest Of(std::span<const std::uint8_t> message) const;

 private:
#ifdef OPENSSL_NO_DEPRECATED_3_0
  using HashState = std::array<std::uint8_t, 64>;  // the padded key
#else
  using HashState = SHA256_CTX;
#endif
  // SHA-256 of the message, from a state behind a block of the key.
  static Digest Continue(const HashState& state, std::span<const std::uint8_t> message);

  HashState inner_;
  HashState outer_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_HMAC_SHA256_H_
