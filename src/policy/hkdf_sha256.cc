#include "policy/hkdf_sha256.h"

#include <openssl/crypto.h>

#include <vector>

#include "policy/hmac_sha256.h"

namespace flashsale::inline v0 {

Sha256Hash HkdfSha256(const HkdfInput& input) {
  constexpr Sha256Hash kNoSalt{};
  Sha256Hash extracted =
      HmacSha256(input.salt.empty() ? std::span<const std::uint8_t>(kNoSalt) : input.salt)
          .Of(input.key_material);
  std::vector<std::uint8_t> block(input.info.begin(), input.info.end());
  block.push_back(1);
  const Sha256Hash key = HmacSha256(extracted).Of(block);
  OPENSSL_cleanse(extracted.data(), extracted.size());
  return key;
}

}  // namespace flashsale::inline v0
