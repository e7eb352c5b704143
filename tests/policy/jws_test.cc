#include "policy/jws.h"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

using enum TokenVerdict;

// The keys of a ring as they are, for as long as this lives.
class OpenRing {
 public:
  OpenRing(std::initializer_list<TokenKey> keys) {
    for (const TokenAlgorithm algorithm : {TokenAlgorithm::kHmacSha256, TokenAlgorithm::kEd25519}) {
      (algorithm == TokenAlgorithm::kEd25519 ? state_.decoy_ed25519 : state_.decoy_hmac) =
          *KeyMaterial::MakeDecoy(algorithm);
    }
    auto snapshot = std::make_unique<KeySnapshot>();
    for (const TokenKey& key : keys) {
      snapshot->keys.push_back({.id = std::string(key.id),
                                .algorithm = key.algorithm,
                                .state = TokenKeyState::kVerifying,
                                .material = *KeyMaterial::Make(key)});
    }
    state_.current.store(snapshot.release());
  }

  const KeySnapshot::Key& key(std::size_t i) { return state_.current.load()->keys.at(i); }

  TokenVerdict Verify(std::string_view text) {
    CompactJws jws;
    if (!jws.Decode(text)) return kBadShape;
    const KeyRingState::Visit visit(state_);
    return VerifyJws(jws, visit);
  }

 private:
  KeyRingState state_;
};

std::vector<std::uint8_t> Decoded(std::string_view text) {
  std::vector<std::uint8_t> bytes(Base64UrlByteSize(text.size()));
  REQUIRE(DecodeBase64Url(text, bytes.data()).has_value());
  return bytes;
}

std::string Encoded(std::span<const std::uint8_t> bytes) {
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(bytes, text.data());
  return text;
}

// A header and a payload, signed by any key under any header.
std::string Signed(const KeySnapshot::Key& key, std::string_view header,
                   std::string_view payload = "{}") {
  std::string text = Encoded(BytesOf(header)) + "." + Encoded(BytesOf(payload));
  std::array<std::uint8_t, kMaxSignatureSize> signature{};
  REQUIRE(key.material->Sign(BytesOf(text), signature.data()));
  text += "." + Encoded(std::span(signature).first(key.material->signature_size()));
  return text;
}

TEST_CASE("the example of RFC 7515, appendix A.1, verifies") {
  const auto secret = Decoded(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string text =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  OpenRing ring({{.id = "a1", .secret = secret}});
  CHECK(ring.Verify(text) == kAccepted);
  CHECK(Signed(ring.key(0), "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
               "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
               "\"http://example.com/is_root\":true}") == text);
  OpenRing other({HmacKey("a1")});
  CHECK(other.Verify(text) == kBadSignature);
}

TEST_CASE("the example of RFC 8037, appendix A.4, is signed and verifies") {
  const std::string text =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
      ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  const auto seed = Decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const auto open = Decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  OpenRing ring({{.id = "a", .algorithm = TokenAlgorithm::kEd25519, .secret = seed}});
  CHECK(Signed(ring.key(0), R"({"alg":"EdDSA"})", "Example of Ed25519 signing") == text);
  OpenRing verifying({{.id = "a", .algorithm = TokenAlgorithm::kEd25519, .public_key = open}});
  CHECK(verifying.Verify(text) == kAccepted);
}

TEST_CASE("the algorithm is the key's, whatever the header says") {
  OpenRing ring({HmacKey("h"), Ed25519Key("e")});
  for (const char* const algorithm : {"EdDSA", "Ed25519", "none", "HS512", "hs256", "", "None"}) {
    CAPTURE(algorithm);
    CHECK(ring.Verify(Signed(ring.key(0), std::string(R"({"kid":"h","alg":")") + algorithm +
                                              "\"}")) == kBadAlgorithm);
  }
  for (const char* const algorithm : {"HS256", "none", "ES256", "eddsa"}) {
    CAPTURE(algorithm);
    CHECK(ring.Verify(Signed(ring.key(1), std::string(R"({"kid":"e","alg":")") + algorithm +
                                              "\"}")) == kBadAlgorithm);
  }
  CHECK(ring.Verify(Signed(ring.key(0), R"({"kid":"h","alg":"HS256"})")) == kAccepted);
  CHECK(ring.Verify(Signed(ring.key(1), R"({"kid":"e","alg":"EdDSA"})")) == kAccepted);
  CHECK(ring.Verify(Signed(ring.key(1), R"({"kid":"e","alg":"Ed25519"})")) == kAccepted);
  CHECK(ring.Verify(Encoded(BytesOf(R"({"kid":"h","alg":"none"})")) + ".e30.") == kBadAlgorithm);
}

TEST_CASE("a public key is no secret") {
  const auto open = FromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  OpenRing ring({{.id = "e", .algorithm = TokenAlgorithm::kEd25519, .public_key = open}});
  OpenRing forger({{.id = "e", .secret = open}});
  CHECK(ring.Verify(Signed(forger.key(0), R"({"kid":"e","alg":"HS256"})")) == kBadAlgorithm);
  CHECK(ring.Verify(Signed(forger.key(0), R"({"kid":"e","alg":"EdDSA"})")) == kBadSignature);
}

TEST_CASE("a key that is not named is the only one, or none") {
  OpenRing one({HmacKey("a")});
  CHECK(one.Verify(Signed(one.key(0), R"({"alg":"HS256"})")) == kAccepted);
  CHECK(one.Verify(Signed(one.key(0), R"({"alg":"HS256","kid":"b"})")) == kUnknownKey);
  CHECK(one.Verify(Signed(one.key(0), R"({"alg":"HS256","kid":""})")) == kUnknownKey);
  OpenRing two({HmacKey("a"), HmacKey("b", kOtherSecret)});
  CHECK(two.Verify(Signed(two.key(0), R"({"alg":"HS256"})")) == kUnknownKey);
  CHECK(two.Verify(Signed(two.key(1), R"({"alg":"HS256","kid":"b"})")) == kAccepted);
  CHECK(two.Verify(Signed(two.key(1), R"({"alg":"HS256","kid":"a"})")) == kBadSignature);
}

TEST_CASE("a header that is none is refused, and what it may say besides is ignored") {
  OpenRing ring({HmacKey("a")});
  for (const char* const header :
       {R"({})", R"({"kid":"a"})", R"({"alg":1})", R"({"alg":["HS256"]})", R"({"alg":null})",
        R"({"alg":"HS256","kid":1})", R"({"alg":"HS256","kid":null})",
        R"({"alg":"HS256","typ":"JWE"})", R"({"alg":"HS256","typ":1})",
        R"({"alg":"HS256","crit":["exp"],"exp":1})", R"({"alg":"HS256","crit":[]})",
        R"({"alg":"HS256","crit":null})", R"({"alg":"HS256","b64":false,"crit":["b64"]})",
        R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","alg":"HS256"})",
        R"({"alg":"HS256"} x)", R"(["HS256"])", "", "HS256"}) {
    CAPTURE(header);
    CHECK(ring.Verify(Signed(ring.key(0), header)) == kBadShape);
  }
  for (const char* const header :
       {R"({"typ":"jwt","alg":"HS256"})", R"({ "alg" : "HS256" , "cty" : "x", "x5u":"http://x" })",
        R"({"\u0061lg":"HS256","jwk":{"kty":"oct","k":"AA"}})"}) {
    CAPTURE(header);
    CHECK(ring.Verify(Signed(ring.key(0), header)) == kAccepted);
  }
}

TEST_CASE("a text is three parts") {
  OpenRing ring({HmacKey("a")});
  const std::string whole = Signed(ring.key(0), R"({"alg":"HS256"})", R"({"a":1})");
  CHECK(ring.Verify(whole) == kAccepted);
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), whole + ".",
        "." + whole, whole + "=", whole + " ", "\n" + whole, whole.substr(0, whole.rfind('.')),
        whole + whole, std::string("e30.e30.e30.e30.e30")}) {
    CAPTURE(text);
    CHECK(ring.Verify(text) == kBadShape);
  }
  CHECK(ring.Verify(whole.substr(0, whole.rfind('.') + 1)) == kBadSignature);
  const auto with_payload = [&](std::size_t size) {
    return Signed(ring.key(0), R"({"alg":"HS256"})", std::string(size, ' '));
  };
  std::size_t size = 2'900;
  while (with_payload(size + 1).size() <= kMaxJwtSize) ++size;
  CHECK(ring.Verify(with_payload(size)) == kAccepted);
  CHECK(ring.Verify(with_payload(size + 1)) == kBadShape);
}

TEST_CASE("a signature of another size, or another bit, is refused") {
  OpenRing ring({HmacKey("h"), Ed25519Key("e")});
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string text = Signed(
        ring.key(i), i == 0 ? R"({"alg":"HS256","kid":"h"})" : R"({"alg":"EdDSA","kid":"e"})");
    const std::size_t last = text.rfind('.') + 1;
    auto signature = Decoded(std::string_view(text).substr(last));
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
      signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      REQUIRE(ring.Verify(text.substr(0, last) + Encoded(signature)) == kBadSignature);
      signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
    for (std::size_t size = 0; size < signature.size(); ++size) {
      REQUIRE(ring.Verify(text.substr(0, last) + Encoded(std::span(signature).first(size))) ==
              kBadSignature);
    }
    signature.push_back(0);
    CHECK(ring.Verify(text.substr(0, last) + Encoded(signature)) == kBadSignature);
  }
}

}  // namespace
}  // namespace flashsale
