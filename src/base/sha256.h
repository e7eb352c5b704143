#ifndef FLASHSALE_SRC_BASE_SHA256_H_
#define FLASHSALE_SRC_BASE_SHA256_H_

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace flashsale::inline v0 {

using Sha256Hash = std::array<std::uint8_t, 32>;

// SHA-256 (FIPS 180-4) with a context that is kept from one message to the next.
//
// Everything here throws std::bad_alloc where OpenSSL fails, which over memory it does for want of
// memory alone, and nothing else.
// Thread safety: as an int.
class Sha256 {
 public:
  Sha256();

  Sha256Hash Of(std::span<const std::uint8_t> message) {
    Add(message);
    return Finish();
  }
  // Of all that was added since the last Finish.
  void Add(std::span<const std::uint8_t> part);
  Sha256Hash Finish();

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> digest_;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_SHA256_H_
