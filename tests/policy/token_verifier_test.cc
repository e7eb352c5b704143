#include "flashsale/policy/token_verifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "policy/base64url.h"
#include "policy/hmac_sha256.h"
#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using enum TokenVerdict;

std::uint64_t CountAll(const TokenVerifier& verifier) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kTokenVerdicts; ++i) {
    all += verifier.count(static_cast<TokenVerdict>(i));
  }
  return all;
}

// The verdict that one call has counted.
template <typename Call>
TokenVerdict Counted(const TokenVerifier& verifier, const Call& call) {
  std::array<std::uint64_t, kTokenVerdicts> before{};
  for (std::size_t i = 0; i < kTokenVerdicts; ++i) {
    before[i] = verifier.count(static_cast<TokenVerdict>(i));
  }
  const bool accepted = call();
  REQUIRE(CountAll(verifier) == std::accumulate(before.begin(), before.end(), std::uint64_t{1}));
  for (std::size_t i = 0; i < kTokenVerdicts; ++i) {
    const auto verdict = static_cast<TokenVerdict>(i);
    if (verifier.count(verdict) == before[i]) continue;
    REQUIRE(accepted == (verdict == kAccepted));
    return verdict;
  }
  return kAccepted;
}

TokenVerdict Admission(const TokenVerifier& verifier, std::string_view text,
                       const TokenExpectation& expected = Here()) {
  return Counted(verifier, [&] { return verifier.VerifyAdmission(text, expected).has_value(); });
}

TokenVerdict Ticket(const TokenVerifier& verifier, std::string_view text,
                    const TokenExpectation& expected = Here()) {
  return Counted(verifier, [&] { return verifier.VerifyTicket(text, expected).has_value(); });
}

std::vector<TokenKey> KeysOfBothKinds() { return {HmacKey("key-1"), Ed25519Key("key-1")}; }

std::string Encoded(std::span<const std::uint8_t> bytes) {
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(bytes, text.data());
  return text;
}

std::vector<std::uint8_t> Decoded(std::string_view text) {
  std::vector<std::uint8_t> bytes(Base64UrlByteSize(text.size()));
  REQUIRE(DecodeBase64Url(text, bytes.data()).has_value());
  return bytes;
}

TEST_CASE("what was signed is what is read") {
  for (const TokenKey& key : KeysOfBothKinds()) {
    const auto ring = RingWith(key);
    const auto verifier = VerifierOf(*ring);
    const TokenSigner signer(*ring);
    CHECK(verifier->VerifyAdmission(*signer.Issue(SomeAdmission()), Here()) == SomeAdmission());
    CHECK(verifier->VerifyTicket(*signer.Issue(SomeTicket()), Here()) == SomeTicket());
    AdmissionClaims claims = SomeAdmission();
    claims.sale = std::string(64, 'S');
    claims.tier = 255;
    claims.number = 1;
    claims.grant = ~std::uint32_t{0};
    claims.not_before = kMinTime;
    claims.expires_at = kMaxTime;
    CHECK(verifier->VerifyAdmission(*signer.Issue(claims),
                                    {.sale = claims.sale, .user = kUser, .now = kNow}) == claims);
    CHECK(verifier->count(kAccepted) == 3);
    CHECK(CountAll(*verifier) == 3);
  }
}

TEST_CASE("a public key verifies what its seed has signed") {
  const auto seed = FromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto open = FromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto signing = RingWith({.id = "e", .algorithm = TokenAlgorithm::kEd25519, .secret = seed});
  const auto ring = NewRing();
  REQUIRE(ring->Add({.id = "e", .algorithm = TokenAlgorithm::kEd25519, .public_key = open}).ok());
  const std::string text = *TokenSigner(*signing).Issue(SomeAdmission());
  CHECK(VerifierOf(*ring)->VerifyAdmission(text, Here()) == SomeAdmission());
}

TEST_CASE("a token is good from its beginning to just before its end") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  const TokenSigner signer(*ring);
  AdmissionClaims claims = SomeAdmission();
  claims.not_before = kNow;
  claims.expires_at = kNow + 5s;
  const std::string text = *signer.Issue(claims);
  const auto at = [&](Time now) {
    return Admission(*verifier, text, {.sale = "drop", .user = kUser, .now = now});
  };
  CHECK(at(kNow - 1us) == kNotYet);
  CHECK(at(kNow) == kAccepted);
  CHECK(at(kNow + 5s - 1us) == kAccepted);
  CHECK(at(kNow + 5s) == kExpired);
  CHECK(at(kMaxTime) == kExpired);
  const std::string ticket = *signer.Issue(SomeTicket());
  CHECK(Ticket(*verifier, ticket) == kAccepted);
  CHECK(Ticket(*verifier, ticket, {.sale = "drop", .user = kUser, .now = kNow + 1us}) == kExpired);
}

TEST_CASE("a token is of one sale, one user and one kind") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  const TokenSigner signer(*ring);
  const std::string admission = *signer.Issue(SomeAdmission());
  const std::string ticket = *signer.Issue(SomeTicket());
  const TokenExpectation elsewhere{.sale = "drop2", .user = kUser, .now = kNow};
  const TokenExpectation another{.sale = "drop", .user = UserId::FromInteger(8), .now = kNow};
  CHECK(Admission(*verifier, admission, elsewhere) == kOtherSale);
  CHECK(Admission(*verifier, admission, another) == kOtherUser);
  CHECK(Ticket(*verifier, ticket, elsewhere) == kOtherSale);
  CHECK(Ticket(*verifier, ticket, another) == kOtherUser);
  CHECK(Admission(*verifier, admission, {.sale = {}, .user = kUser, .now = kNow}) == kOtherSale);
  CHECK(Admission(*verifier, admission, {.sale = "drop", .user = {}, .now = kNow}) == kOtherUser);
  CHECK(Ticket(*verifier, admission) == kOtherKind);
  CHECK(Admission(*verifier, ticket) == kOtherKind);
}

TEST_CASE("the domain of a kind is signed with it") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  // The kind is changed, and the fields are as many as that kind has.
  auto bytes = Decoded(*TokenSigner(*ring).Issue(SomeTicket()));
  bytes[1] = 1;
  bytes.erase(bytes.end() - 32 - 12, bytes.end() - 32);
  CHECK(Admission(*verifier, Encoded(bytes)) == kBadSignature);
}

TEST_CASE("no bit of a token can be changed, and none of its bytes left out") {
  for (const TokenKey& key : KeysOfBothKinds()) {
    const auto ring = RingWith(key);
    const auto verifier = VerifierOf(*ring);
    const TokenSigner signer(*ring);
    for (const bool is_ticket : {false, true}) {
      const std::string text =
          is_ticket ? *signer.Issue(SomeTicket()) : *signer.Issue(SomeAdmission());
      const auto verdict = [&](std::string_view changed) {
        return is_ticket ? Ticket(*verifier, changed) : Admission(*verifier, changed);
      };
      REQUIRE(verdict(text) == kAccepted);
      auto bytes = Decoded(text);
      for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        const TokenVerdict refused = verdict(Encoded(bytes));
        REQUIRE((refused == kBadShape || refused == kUnknownKey || refused == kBadSignature));
        // Version, kind and lengths, and the key's id, are all that makes another shape or key.
        if (bit / 8 >= 13) REQUIRE(refused == kBadSignature);
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      }
      for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        std::string changed = text;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        REQUIRE(verdict(changed) != kAccepted);
      }
      for (std::size_t size = 0; size < text.size(); ++size) {
        REQUIRE(verdict(std::string_view(text).substr(0, size)) != kAccepted);
        REQUIRE(verdict(std::string_view(text).substr(text.size() - size)) != kAccepted);
      }
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        // With half of a signature of Ed25519 it could be one of HMAC-SHA256.
        const bool half = key.algorithm == TokenAlgorithm::kEd25519 && size + 32 == bytes.size();
        REQUIRE(verdict(Encoded(std::span(bytes).first(size))) ==
                (half ? kBadSignature : kBadShape));
      }
      bytes.push_back(0);
      CHECK(verdict(Encoded(bytes)) == kBadShape);
    }
  }
}

TEST_CASE("a text that is no canonical base64url is no token") {
  const auto ring = RingWith(HmacKey("ab"));
  const auto verifier = VerifierOf(*ring);
  const std::string text = *TokenSigner(*ring).Issue(SomeAdmission());
  REQUIRE(Admission(*verifier, text) == kAccepted);
  REQUIRE(text.size() % 4 == 0);
  for (const std::string& changed : {text + "=", text + "==", text + " ", " " + text, text + "\n",
                                     text + "AA", text + "AAAA", std::string()}) {
    CAPTURE(changed);
    CHECK(Admission(*verifier, changed) == kBadShape);
  }
  CHECK(Admission(*verifier, text + std::string(1, '\0')) == kBadShape);
  CHECK(Admission(*verifier, std::string(kMaxTokenSize + 1, 'A')) == kBadShape);
  CHECK(Admission(*verifier, std::string(1 << 20, 'A')) == kBadShape);

  // With bits left over in its last character.
  const auto longer = RingWith(HmacKey("abc"));
  const auto of_longer = VerifierOf(*longer);
  std::string spare = *TokenSigner(*longer).Issue(SomeAdmission());
  REQUIRE(spare.size() % 4 == 2);
  REQUIRE(Admission(*of_longer, spare) == kAccepted);
  spare.back() = static_cast<char>(spare.back() + 1);
  CHECK(Admission(*of_longer, spare) == kBadShape);
}

TEST_CASE("who signs with a key that is not in the ring, or another of its name, is refused") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  const auto text_of = [](const TokenKey& key) {
    return *TokenSigner(*RingWith(key)).Issue(SomeAdmission());
  };
  CHECK(Admission(*verifier, text_of(HmacKey("a"))) == kAccepted);
  CHECK(Admission(*verifier, text_of(HmacKey("b"))) == kUnknownKey);
  CHECK(Admission(*verifier, text_of(Ed25519Key("b"))) == kUnknownKey);
  CHECK(Admission(*verifier, text_of(HmacKey("a", kOtherSecret))) == kBadSignature);
  CHECK(Admission(*verifier, text_of(Ed25519Key("a"))) == kBadSignature);
  const auto signing = RingWith(Ed25519Key("a"));
  CHECK(Admission(*VerifierOf(*signing), text_of(HmacKey("a"))) == kBadSignature);
  CHECK(Admission(*VerifierOf(*NewRing()), text_of(HmacKey("a"))) == kUnknownKey);
}

TEST_CASE("a key that is retired still verifies, one that is revoked does not") {
  for (const TokenKey& old : KeysOfBothKinds()) {
    const auto ring = RingWith(old);
    const auto verifier = VerifierOf(*ring);
    const TokenSigner signer(*ring);
    const std::string by_old = *signer.Issue(SomeAdmission());
    REQUIRE(ring->Add(HmacKey("new", kOtherSecret)).ok());
    CHECK(*signer.Issue(SomeAdmission()) == by_old);
    REQUIRE(ring->SignWith("new").ok());
    const std::string by_new = *signer.Issue(SomeAdmission());
    CHECK(by_new != by_old);
    REQUIRE(ring->Retire(old.id).ok());
    CHECK(Admission(*verifier, by_old) == kAccepted);
    CHECK(Admission(*verifier, by_new) == kAccepted);
    REQUIRE(ring->Revoke(old.id).ok());
    CHECK(Admission(*verifier, by_old) == kRevokedKey);
    CHECK(Admission(*verifier, by_new) == kAccepted);
    REQUIRE(ring->Forget(old.id).ok());
    CHECK(Admission(*verifier, by_old) == kUnknownKey);
    CHECK(Admission(*verifier, by_new) == kAccepted);
  }
}

TEST_CASE("claims that no signer of ours signs are refused although they are signed") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  // With another byte so far from the end of the body.
  const auto signed_again = [&](std::size_t at, std::uint8_t byte) {
    auto bytes = Decoded(*TokenSigner(*ring).Issue(SomeAdmission()));
    bytes.resize(bytes.size() - HmacSha256::kSize);
    bytes[bytes.size() - at] = byte;
    std::string message = "flashsale/1/admission/";
    message.append(bytes.begin(), bytes.end());
    const auto mac = HmacSha256(BytesOf(kSecret)).Of(BytesOf(message));
    bytes.insert(bytes.end(), mac.begin(), mac.end());
    return Encoded(bytes);
  };
  constexpr std::size_t kBodySize = 2 + 2 + 5 + 16 + 1 + 8 + 4 + 8 + 8;
  CHECK(Admission(*verifier, signed_again(kBodySize, 1)) == kAccepted);  // the version, as it was
  CHECK(Admission(*verifier, signed_again(kBodySize, 2)) == kBadShape);
  CHECK(Admission(*verifier, signed_again(kBodySize - 5, ' ')) == kBadClaims);  // in the sale
  CHECK(Admission(*verifier, signed_again(28, 0)) == kAccepted);      // the number, as it was
  CHECK(Admission(*verifier, signed_again(28, 1)) == kBadClaims);     // beyond 2^53
  CHECK(Admission(*verifier, signed_again(17, 0)) == kBadClaims);     // grant
  CHECK(Admission(*verifier, signed_again(16, 0xff)) == kBadClaims);  // not_before
  CHECK(Admission(*verifier, signed_again(8, 0x80)) == kBadClaims);   // expires_at
}

TEST_CASE("every verdict has a name") {
  std::vector<std::string_view> names;
  names.reserve(kTokenVerdicts);
  for (std::size_t i = 0; i < kTokenVerdicts; ++i) {
    names.push_back(Name(static_cast<TokenVerdict>(i)));
  }
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
  CHECK(Name(static_cast<TokenVerdict>(kTokenVerdicts)) == "?");
  const auto ring = NewRing();
  CHECK(VerifierOf(*ring)->count(static_cast<TokenVerdict>(kTokenVerdicts)) == 0);
  CHECK(TokenVerifier::New(*ring, {.jwt_issuer = std::string(257, 'i')}).status().message() ==
        "jwt_issuer: 257 bytes, expected at most 256 bytes");
}

TEST_CASE("keys are rotated while threads sign and verify") {
  const auto ring = RingWith(HmacKey("k0"));
  const auto verifier = VerifierOf(*ring);
  const TokenSigner signer(*ring);
  const auto lasting = RingWith(HmacKey("lasting", kOtherSecret));
  REQUIRE(ring->Add(HmacKey("lasting", kOtherSecret)).ok());
  const std::string kept = *TokenSigner(*lasting).Issue(SomeAdmission());
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      do {
        // Whatever key signs, it verifies for as long as it is here.
        const auto text = signer.Issue(SomeAdmission());
        if (!text.ok()) ++wrong;
        const auto read = text.ok() ? verifier->VerifyAdmission(*text, Here()) : std::nullopt;
        if (read.has_value() && read != SomeAdmission()) ++wrong;
        if (verifier->VerifyAdmission(kept, Here()) != SomeAdmission()) ++wrong;
      } while (!done.load());
    });
  }
  for (int i = 1; i <= 100; ++i) {
    const std::string id = "k" + std::to_string(i);
    const std::string before = "k" + std::to_string(i - 1);
    REQUIRE(ring->Add(i % 2 == 0 ? HmacKey(id) : Ed25519Key(id)).ok());
    REQUIRE(ring->SignWith(id).ok());
    REQUIRE(ring->Retire(before).ok());
    REQUIRE(ring->Revoke(before).ok());
    REQUIRE(ring->Forget(before).ok());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(verifier->count(kBadSignature) == 0);
  CHECK(verifier->count(kBadShape) == 0);
}

}  // namespace
}  // namespace flashsale
