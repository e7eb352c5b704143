#include "base/sha256.h"

#include <openssl/core_names.h>

#include <new>

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

}  // namespace flashsale::inline v0
