#ifndef FLASHSALE_POLICY_KEY_RING_H_
#define FLASHSALE_POLICY_KEY_RING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// How a token is signed.  The numbers are stable across versions.
enum class TokenAlgorithm : std::uint8_t {
  kHmacSha256 = 1,  // RFC 2104 with SHA-256; one secret signs and verifies.  In JWTs: HS256
  kEd25519 = 2,     // RFC 8032; a seed signs, its public key verifies.  In JWTs: EdDSA
};
FLASHSALE_EXPORT std::string_view Name(TokenAlgorithm algorithm);

struct KeyRingState;

// The life of a key.
//
//   VERIFYING <-> SIGNING      any -> REVOKED, and that is for ever
enum class TokenKeyState : std::uint8_t {
  kVerifying = 1,  // what it has signed is accepted
  kSigning = 2,    // that, and it signs what is issued
  kRevoked = 3,    // nothing that it has signed is accepted any more; its secret is gone
};
FLASHSALE_EXPORT std::string_view Name(TokenKeyState state);

// A key as it is added.  What it refers to is copied; the caller's own copy is the caller's to
// wipe.
struct TokenKey {
  // What tokens call it by: 1 to 32 of `A-Z a-z 0-9 . _ -`.  Everybody can read it.
  std::string_view id;
  TokenAlgorithm algorithm = TokenAlgorithm::kHmacSha256;
  // kHmacSha256: 32 to 64 bytes from a good source of randomness.  kEd25519: the seed, 32 bytes
  // (the private key of RFC 8032), or nothing where the key only verifies.
  std::span<const std::uint8_t> secret = {};
  // kEd25519: 32 bytes; with a seed it may be left out, and else must be the seed's.
  std::span<const std::uint8_t> public_key = {};
};

// The keys that tokens are signed and verified with, one of which signs.
//
// To rotate: Add the new key on every server, SignWith it when all have it, and when the last token
// of the old one has expired, Forget the old one.  A key that has leaked is revoked at once.
//
// Thread safety: any thread; keys may be changed while others sign and verify, who take no lock.
// Blocking: who signs or verifies, never; a change, until those who still look at the keys as they
// were have done so.  Clock: none.
class FLASHSALE_EXPORT KeyRing {
 public:
  static constexpr std::size_t kMaxKeys = 64;
  static constexpr std::size_t kMaxKeyIdSize = 32;

  // Without keys.  Errors: ResourceExhausted; Unavailable where the system has no random numbers.
  static Result<std::unique_ptr<KeyRing>> New();
  // Wipes all secrets.  REQUIRES: nobody signs or verifies any more.
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // Adds a key that verifies.
  // Errors: InvalidArgument, which names the field ("secret: 8 bytes, expected …") and never shows
  // a secret; AlreadyExists, revoked keys included; ResourceExhausted beyond kMaxKeys.
  Status Add(const TokenKey& key);
  // From now on this key signs; the one that did before only verifies.
  // Errors: NotFound; FailedPrecondition where it is revoked, or public.
  Status SignWith(std::string_view id);
  // From now on this key only verifies.  Where it signed, nothing is issued until another does.
  // Errors: NotFound; FailedPrecondition where it is revoked.
  Status Retire(std::string_view id);
  // From now on nothing that this key has signed is accepted; when this returns, nobody uses its
  // secret any more, and it is wiped.  Again: no change.  Errors: NotFound.
  Status Revoke(std::string_view id);
  // Takes a key out, which makes room for others: its tokens are refused as those of an unknown
  // key.  Errors: NotFound; FailedPrecondition where it signs.
  Status Forget(std::string_view id);

  struct KeyInfo {
    std::string id;
    TokenAlgorithm algorithm = TokenAlgorithm::kHmacSha256;
    TokenKeyState state = TokenKeyState::kVerifying;
    // False where only its public half is here, or it is revoked.
    bool can_sign = false;
  };
  // In the order in which they were added.  Errors: ResourceExhausted.
  Result<std::vector<KeyInfo>> Keys() const;

 private:
  friend class TokenSigner;
  friend class TokenVerifier;

  explicit KeyRing(std::unique_ptr<KeyRingState> state);

  const std::unique_ptr<KeyRingState> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_KEY_RING_H_
