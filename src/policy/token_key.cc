#include "policy/token_key.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kShortestSecret = 32;
constexpr std::size_t kLongestSecret = 64;
constexpr std::size_t kEd25519KeySize = 32;

// What goes wrong in here is told by our answers: the queue of errors is the host's, whose TLS
// looks into it.
class ErrorsOfOurOwn {
 public:
  ErrorsOfOurOwn() { ERR_set_mark(); }
  ~ErrorsOfOurOwn() { ERR_pop_to_mark(); }
  ErrorsOfOurOwn(const ErrorsOfOurOwn&) = delete;
  ErrorsOfOurOwn& operator=(const ErrorsOfOurOwn&) = delete;
};

bool IsZero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Status Validate(const TokenKey& key) {
  const auto bytes = [](std::size_t size) { return fmt::format("{} bytes", size); };
  FieldCheck check;
  const std::size_t secret = key.secret.size();
  const std::size_t open = key.public_key.size();
  switch (key.algorithm) {
    case TokenAlgorithm::kHmacSha256:
      check
          .That(secret >= kShortestSecret && secret <= kLongestSecret, "secret", bytes(secret),
                fmt::format("{} to {} bytes", kShortestSecret, kLongestSecret))
          .That(open == 0, "public_key", bytes(open), "none with HMAC-SHA256");
      break;
    case TokenAlgorithm::kEd25519:
      check
          .That(secret == kEd25519KeySize || (secret == 0 && open != 0), "secret", bytes(secret),
                fmt::format("a seed of {} bytes, or a public key alone", kEd25519KeySize))
          .That(open == kEd25519KeySize || open == 0, "public_key", bytes(open),
                fmt::format("{} bytes", kEd25519KeySize));
      break;
    default:
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("algorithm: {}, expected HMAC-SHA256 or Ed25519",
                                static_cast<unsigned>(key.algorithm)));
  }
  return check.That(secret == 0 || !IsZero(key.secret), "secret", "all zero", "random bytes")
      .That(open == 0 || !IsZero(key.public_key), "public_key", "all zero", "a public key")
      .status();
}

}  // namespace

Result<std::shared_ptr<const KeyMaterial>> KeyMaterial::Make(const TokenKey& key) {
  Status status = Validate(key);
  if (!status.ok()) return status;
  const auto material = std::make_shared<KeyMaterial>();
  if (key.algorithm == TokenAlgorithm::kHmacSha256) {
    material->hmac_.emplace(key.secret);
    material->can_sign_ = true;
  } else {
    status = material->InitEd25519(key);
    if (!status.ok()) return status;
  }
  return std::shared_ptr<const KeyMaterial>(material);
}

Result<std::shared_ptr<const KeyMaterial>> KeyMaterial::MakeDecoy(TokenAlgorithm algorithm) {
  const ErrorsOfOurOwn errors;
  std::array<std::uint8_t, kEd25519KeySize> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    return Status(StatusCode::kUnavailable, "OpenSSL has no random numbers");
  }
  auto material = Make({.id = {}, .algorithm = algorithm, .secret = secret});
  OPENSSL_cleanse(secret.data(), secret.size());
  return material;
}

Status KeyMaterial::InitEd25519(const TokenKey& key) {
  const ErrorsOfOurOwn errors;
  can_sign_ = !key.secret.empty();
  pkey_.reset(can_sign_
                  ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.secret.data(),
                                                 key.secret.size())
                  : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.public_key.data(),
                                                key.public_key.size()));
  if (pkey_ == nullptr) throw std::bad_alloc();  // any 32 bytes are a seed, or taken for a key
  if (!can_sign_ || key.public_key.empty()) return {};
  std::array<std::uint8_t, kEd25519KeySize> own{};
  std::size_t size = own.size();
  if (EVP_PKEY_get_raw_public_key(pkey_.get(), own.data(), &size) != 1) throw std::bad_alloc();
  return FieldCheck()
      .That(std::equal(own.begin(), own.end(), key.public_key.begin(), key.public_key.end()),
            "public_key", "another key's", "that of the seed, or none")
      .status();
}

bool KeyMaterial::Sign(std::span<const std::uint8_t> message, std::uint8_t* signature) const {
  if (hmac_.has_value()) {
    const HmacSha256::Digest mac = hmac_->Of(message);
    std::copy(mac.begin(), mac.end(), signature);
    return true;
  }
  const ErrorsOfOurOwn errors;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::size_t size = kMaxSignatureSize;
  return context != nullptr &&
         EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey_.get()) == 1 &&
         EVP_DigestSign(context.get(), signature, &size, message.data(), message.size()) == 1 &&
         size == kMaxSignatureSize;
}

bool KeyMaterial::Verify(std::span<const std::uint8_t> message,
                         std::span<const std::uint8_t> signature) const {
  std::array<std::uint8_t, kMaxSignatureSize> given{};
  std::copy_n(signature.begin(), std::min(signature.size(), given.size()), given.begin());
  const bool fits = signature.size() == signature_size();
  if (hmac_.has_value()) {
    const HmacSha256::Digest mac = hmac_->Of(message);
    return CRYPTO_memcmp(mac.data(), given.data(), mac.size()) == 0 && fits;
  }
  const ErrorsOfOurOwn errors;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey_.get()) == 1 &&
         EVP_DigestVerify(context.get(), given.data(), given.size(), message.data(),
                          message.size()) == 1 &&
         fits;
}

}  // namespace flashsale::inline v0
