// What does it cost to believe a token?
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kTokens = 1'000;
constexpr std::uint64_t kRounds = 100;
constexpr std::array<std::uint8_t, 32> kSecret = {1, 2, 3, 4, 5, 6, 7, 8};

// What is signed of an admission to "drop" under the key "key-1": the domain, and the body.
constexpr std::size_t kSignedBytes = 22 + 2 + 6 + 5 + 16 + 1 + 8 + 4 + 8 + 8;

// HMAC-SHA256 as OpenSSL offers it: a context that keeps its key.
class KeptMac {
 public:
  KeptMac()
      : mac_(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), &EVP_MAC_free),
        context_(EVP_MAC_CTX_new(mac_.get()), &EVP_MAC_CTX_free) {
    std::string digest = OSSL_DIGEST_NAME_SHA2_256;
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    Require(EVP_MAC_init(context_.get(), kSecret.data(), kSecret.size(), parameters.data()) == 1,
            "HMAC-SHA256 is not to be had");
  }

  std::uint8_t FirstByteOf(const std::array<std::uint8_t, kSignedBytes>& message) {
    std::array<std::uint8_t, 32> code{};
    std::size_t size = 0;
    Require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
                EVP_MAC_update(context_.get(), message.data(), message.size()) == 1 &&
                EVP_MAC_final(context_.get(), code.data(), &size, code.size()) == 1,
            "HMAC-SHA256 failed");
    return code[0];
  }

 private:
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac_;
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context_;
};

// Nanoseconds of one message.
double KeptMacCost() {
  KeptMac mac;
  std::array<std::uint8_t, kSignedBytes> message{};
  const double taken = NanosecondsOf([&] {
    for (std::uint64_t i = 0; i < kTokens * kRounds; ++i) {
      message[i % kSignedBytes] = static_cast<std::uint8_t>(i);
      Keep(mac.FirstByteOf(message));
    }
  });
  return taken / static_cast<double>(kTokens * kRounds);
}

// Tokens of so many users, all of them good.
class IssuedTokens {
 public:
  explicit IssuedTokens(const Settings& settings) : crowd_(settings.seed) {
    auto keys = KeyRing::New();
    Require(keys.ok(), "no ring of keys");
    keys_ = std::move(*keys);
    Require(keys_->Add({.id = "key-1", .secret = kSecret}).ok() && keys_->SignWith("key-1").ok(),
            "a key was refused");
    auto verifier = TokenVerifier::New(*keys_);
    Require(verifier.ok(), "no verifier");
    verifier_ = std::move(*verifier);
    const TokenSigner signer(*keys_);
    for (std::uint64_t i = 0; i < kTokens; ++i) {
      auto text = signer.Issue(AdmissionClaims{.sale = kSale,
                                               .user = crowd_.User(i),
                                               .number = i + 1,
                                               .grant = 1,
                                               .expires_at = kOpening + std::chrono::minutes{5}});
      Require(text.ok(), "an admission was not signed");
      texts_.push_back(std::move(*text));
    }
    // 32 bytes of signature, and what is signed without its domain.
    Require(texts_.front().size() == ((kSignedBytes - 22 + 32) * 4 + 2) / 3,
            "another layout than the peer hashes");
  }

  // Nanoseconds of one check, each token as often as the others.
  double VerifyEach() const {
    std::uint64_t accepted = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t round = 0; round < kRounds; ++round) {
        for (std::uint64_t i = 0; i < kTokens; ++i) {
          const auto claims = verifier_->VerifyAdmission(
              texts_[i], {.sale = kSale, .user = crowd_.User(i), .now = kOpening});
          accepted += claims.has_value() && claims->number == i + 1 ? 1U : 0U;
        }
      }
    });
    Require(accepted == kTokens * kRounds, "a good token was refused");
    return taken / static_cast<double>(kTokens * kRounds);
  }

 private:
  static constexpr std::string_view kSale = "drop";

  const Crowd crowd_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<TokenVerifier> verifier_;
  std::vector<std::string> texts_;
};

Question TokenCheck() {
  return {.name = "token_check",
          .asks =
              "What does it cost to verify an admission token, from text to claims, against "
              "HMAC-SHA256 of the bytes that it signs, by a context that keeps the key?",
          .unit = "ns",
          .reference_name = "EVP_MAC, key kept",
          .target = Target::RatioAtMost(2),
          .prepare = [](const Settings& settings) -> Trial {
            return [tokens = std::make_shared<IssuedTokens>(settings),
                    second = std::make_shared<SecondThread>()]() -> Sample {
              return {.ours = tokens->VerifyEach(), .reference = KeptMacCost()};
            };
          }};
}

std::vector<Question> TokenQuestions(const Settings& /*settings*/) { return {TokenCheck()}; }

const QuestionRegistration kRegistration("token", &TokenQuestions);

}  // namespace
}  // namespace flashsale::bench
