#include "policy/sha256.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <cstddef>
#include <new>
#include <string>
#include <vector>

namespace flashsale::inline v0 {
namespace {

void Require(bool done) {
  if (!done) throw std::bad_alloc();
}

}  // namespace

Sha256::Sha256()
    : digest_(EVP_MD_fetch(nullptr, OSSL_DIGEST_NAME_SHA2_256, nullptr), &EVP_MD_free),
      context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  Require(digest_ != nullptr && context_ != nullptr &&
          EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) == 1);
}

void Sha256::Add(std::span<const std::uint8_t> part) {
  Require(EVP_DigestUpdate(context_.get(), part.data(), part.size()) == 1);
}

Sha256Hash Sha256::Finish() {
  Sha256Hash hash;
  Require(EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr) == 1 &&
          EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
  return hash;
}

HmacSha256::HmacSha256(std::span<const std::uint8_t> key)
    : mac_(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), &EVP_MAC_free),
      context_(mac_ == nullptr ? nullptr : EVP_MAC_CTX_new(mac_.get()), &EVP_MAC_CTX_free) {
  std::string digest = OSSL_DIGEST_NAME_SHA2_256;
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  Require(context_ != nullptr &&
          EVP_MAC_init(context_.get(), key.data(), key.size(), parameters.data()) == 1);
}

Sha256Hash HmacSha256::Of(std::span<const std::uint8_t> message) {
  Sha256Hash hash;
  std::size_t size = 0;
  Require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context_.get(), message.data(), message.size()) == 1 &&
          EVP_MAC_final(context_.get(), hash.data(), &size, hash.size()) == 1 &&
          size == hash.size());
  return hash;
}

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
