#ifndef FLASHSALE_SRC_POLICY_TOKEN_KEY_H_
#define FLASHSALE_SRC_POLICY_TOKEN_KEY_H_

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "flashsale/base/status.h"
#include "flashsale/policy/key_ring.h"
#include "policy/hmac_sha256.h"

namespace flashsale::inline v0 {

inline constexpr std::size_t kMaxSignatureSize = 64;

// The secret, or public, part of a key and what can be done with it.
// Thread safety: any thread.  Blocking: never.  Ownership: the secret, which the destructor wipes.
class KeyMaterial {
 public:
  // Errors: as KeyRing::Add, of all fields but the id.  Throws std::bad_alloc.
  static Result<std::shared_ptr<const KeyMaterial>> Make(const TokenKey& key);
  // A key that nobody knows: it verifies what was signed with no key that is known, so that this
  // takes as long.
  static Result<std::shared_ptr<const KeyMaterial>> MakeDecoy(TokenAlgorithm algorithm);

  TokenAlgorithm algorithm() const {
    return hmac_.has_value() ? TokenAlgorithm::kHmacSha256 : TokenAlgorithm::kEd25519;
  }
  bool can_sign() const { return can_sign_; }
  std::size_t signature_size() const {
    return hmac_.has_value() ? HmacSha256::kSize : kMaxSignatureSize;
  }

  // Writes signature_size() bytes.  False where there was no memory for it.
  // REQUIRES: can_sign().
  bool Sign(std::span<const std::uint8_t> message, std::uint8_t* signature) const;

  // A signature of another size is compared with, too: it takes as long.
  bool Verify(std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature) const;

 private:
  struct FreePkey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };

  Status InitEd25519(const TokenKey& key);

  // One of the two.
  std::optional<HmacSha256> hmac_;
  std::unique_ptr<EVP_PKEY, FreePkey> pkey_;
  bool can_sign_ = false;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_TOKEN_KEY_H_
