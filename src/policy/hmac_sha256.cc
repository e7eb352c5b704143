// SHA256_Init and its sisters: deprecated since OpenSSL 3.0, and here in 4.0.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "policy/hmac_sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

namespace flashsale::inline v0 {
namespace {

using Block = std::array<std::uint8_t, 64>;

// A key as long as a block.
Block BlockOf(std::span<const std::uint8_t> key) {
  Block block{};
  if (key.size() <= block.size()) {
    std::copy(key.begin(), key.end(), block.begin());
  } else if (EVP_Digest(key.data(), key.size(), block.data(), nullptr, EVP_sha256(), nullptr) !=
             1) {
    throw std::bad_alloc();  // the only way in which hashing memory with SHA-256 fails
  }
  return block;
}

Block Padded(const Block& key, std::uint8_t pad) {
  Block block;
  std::transform(key.begin(), key.end(), block.begin(),
                 [pad](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ pad); });
  return block;
}

constexpr std::uint8_t kInnerPad = 0x36;
constexpr std::uint8_t kOuterPad = 0x5c;

}  // namespace

#ifdef OPENSSL_NO_DEPRECATED_3_0

HmacSha256::HmacSha256(std::span<const std::uint8_t> key) {
  Block block = BlockOf(key);
  inner_ = Padded(block, kInnerPad);
  outer_ = Padded(block, kOuterPad);
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::Digest HmacSha256::Continue(const HashState& state,
                                        std::span<const std::uint8_t> message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Digest digest;
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), state.data(), state.size()) != 1 ||
      EVP_DigestUpdate(context.get(), message.data(), message.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

#else

HmacSha256::HmacSha256(std::span<const std::uint8_t> key) {
  Block block = BlockOf(key);
  for (const auto& [state, pad] : {std::pair{&inner_, kInnerPad}, std::pair{&outer_, kOuterPad}}) {
    Block padded = Padded(block, pad);
    // These functions do not fail.
    SHA256_Init(state);
    SHA256_Update(state, padded.data(), padded.size());
    OPENSSL_cleanse(padded.data(), padded.size());
  }
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::Digest HmacSha256::Continue(const HashState& state,
                                        std::span<const std::uint8_t> message) {
  // What is left of the copy afterwards is the digest.
  SHA256_CTX context = state;
  Digest digest;
  SHA256_Update(&context, message.data(), message.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

#endif

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(&inner_, sizeof(inner_));
  OPENSSL_cleanse(&outer_, sizeof(outer_));
}

HmacSha256::Digest HmacSha256::Of(std::span<const std::uint8_t> message) const {
  return Continue(outer_, Continue(inner_, message));
}

}  // namespace flashsale::inline v0
