#ifndef FLASHSALE_SRC_POLICY_HKDF_SHA256_H_
#define FLASHSALE_SRC_POLICY_HKDF_SHA256_H_

#include <cstdint>
#include <span>

#include "base/sha256.h"

namespace flashsale::inline v0 {

struct HkdfInput {
  std::span<const std::uint8_t> key_material;
  // Empty: as many zero bytes as a hash has.
  std::span<const std::uint8_t> salt;
  std::span<const std::uint8_t> info;
};
// The first 32 bytes of HKDF-SHA256 (RFC 5869): one extraction, one block of expansion.
Sha256Hash HkdfSha256(const HkdfInput& input);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_HKDF_SHA256_H_
