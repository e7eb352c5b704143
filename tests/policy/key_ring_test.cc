#include "flashsale/policy/key_ring.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

using enum StatusCode;

TokenKeyState StateOf(const KeyRing& ring, std::string_view id) {
  const auto keys = ring.Keys();
  REQUIRE(keys.ok());
  for (const KeyRing::KeyInfo& key : *keys) {
    if (key.id == id) return key.state;
  }
  FAIL("there is no key " << id);
  return {};
}

TEST_CASE("of all keys one signs at most") {
  const auto ring = NewRing();
  REQUIRE(ring->Add(HmacKey("a")).ok());
  REQUIRE(ring->Add(HmacKey("b", kOtherSecret)).ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kVerifying);
  REQUIRE(ring->SignWith("a").ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kSigning);
  REQUIRE(ring->SignWith("b").ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kVerifying);
  CHECK(StateOf(*ring, "b") == TokenKeyState::kSigning);
  REQUIRE(ring->SignWith("b").ok());
  CHECK(StateOf(*ring, "b") == TokenKeyState::kSigning);
  REQUIRE(ring->Retire("b").ok());
  CHECK(StateOf(*ring, "b") == TokenKeyState::kVerifying);
  REQUIRE(ring->SignWith("a").ok());
  REQUIRE(ring->Retire("b").ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kSigning);
  REQUIRE(ring->Forget("b").ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kSigning);
}

TEST_CASE("the key that signs still does when one before it is forgotten") {
  const auto ring = NewRing();
  for (const char* const id : {"a", "b", "c"}) REQUIRE(ring->Add(HmacKey(id)).ok());
  REQUIRE(ring->SignWith("b").ok());
  REQUIRE(ring->Forget("a").ok());
  REQUIRE(ring->SignWith("c").ok());
  CHECK(StateOf(*ring, "b") == TokenKeyState::kVerifying);
  CHECK(StateOf(*ring, "c") == TokenKeyState::kSigning);
}

TEST_CASE("a revoked key stays revoked, and its name taken, until it is forgotten") {
  const auto ring = RingWith(HmacKey("a"));
  REQUIRE(ring->Revoke("a").ok());
  REQUIRE(ring->Revoke("a").ok());
  CHECK(StateOf(*ring, "a") == TokenKeyState::kRevoked);
  CHECK_FALSE(ring->Keys()->front().can_sign);
  CHECK(ring->SignWith("a").code() == kFailedPrecondition);
  CHECK(ring->Retire("a").code() == kFailedPrecondition);
  CHECK(ring->Add(HmacKey("a")).code() == kAlreadyExists);
  REQUIRE(ring->Forget("a").ok());
  CHECK(ring->Keys()->empty());
  CHECK(ring->Add(HmacKey("a")).ok());
}

TEST_CASE("a key that nobody has added is NotFound, and one that signs is not forgotten") {
  const auto ring = RingWith(HmacKey("a"));
  CHECK(ring->SignWith("b").code() == kNotFound);
  CHECK(ring->Retire("b").code() == kNotFound);
  CHECK(ring->Revoke("").code() == kNotFound);
  CHECK(ring->Forget("b").message() == "id: 'b', expected a key of the ring");
  CHECK(ring->Forget("a").message() == "id: 'a' signs, expected a key that is retired or revoked");
}

TEST_CASE("a key that is none is refused with its field, and without its secret") {
  const auto ring = NewRing();
  const auto message = [&ring](const TokenKey& key) {
    const Status status = ring->Add(key);
    CHECK(status.code() == kInvalidArgument);
    CHECK(status.message().find("012345") == std::string::npos);
    return status.message();
  };
  const std::string id_33(33, 'k');
  CHECK(message(HmacKey("")) == "id: '', expected 1 to 32 of A-Z a-z 0-9 . _ -");
  CHECK(message(HmacKey("a b")) == "id: 'a b', expected 1 to 32 of A-Z a-z 0-9 . _ -");
  CHECK(message(HmacKey(id_33)).starts_with("id: "));
  CHECK(message(HmacKey("a", "")) == "secret: 0 bytes, expected 32 to 64 bytes");
  CHECK(message(HmacKey("a", kSecret.substr(1))) == "secret: 31 bytes, expected 32 to 64 bytes");
  CHECK(message(HmacKey("a", std::string(65, '0'))) == "secret: 65 bytes, expected 32 to 64 bytes");
  CHECK(message(HmacKey("a", std::string(32, '\0'))) == "secret: all zero, expected random bytes");
  TokenKey both = HmacKey("a");
  both.public_key = BytesOf(kSecret);
  CHECK(message(both) == "public_key: 32 bytes, expected none with HMAC-SHA256");
  CHECK(message(Ed25519Key("a", "")) ==
        "secret: 0 bytes, expected a seed of 32 bytes, or a public key alone");
  CHECK(message(Ed25519Key("a", kSecret.substr(1))).starts_with("secret: 31 bytes"));
  CHECK(message({.id = "a",
                 .algorithm = TokenAlgorithm::kEd25519,
                 .public_key = BytesOf(kSecret.substr(1))}) ==
        "public_key: 31 bytes, expected 32 bytes");
  TokenKey others = Ed25519Key("a");
  others.public_key = BytesOf(kOtherSecret);
  CHECK(message(others) == "public_key: another key's, expected that of the seed, or none");
  TokenKey unknown = HmacKey("a");
  unknown.algorithm = static_cast<TokenAlgorithm>(0);
  CHECK(message(unknown) == "algorithm: 0, expected HMAC-SHA256 or Ed25519");
  CHECK(ring->Keys()->empty());

  CHECK(ring->Add(HmacKey(id_33.substr(1), std::string(64, 's'))).ok());
  CHECK(ring->Add(HmacKey(id_33.substr(1))).code() == kAlreadyExists);
}

TEST_CASE("a public key does not sign") {
  const auto ring = NewRing();
  // RFC 8032, section 7.1, test 1.
  const auto seed = FromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto open = FromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  REQUIRE(
      ring->Add({.id = "public", .algorithm = TokenAlgorithm::kEd25519, .public_key = open}).ok());
  REQUIRE(ring->Add({.id = "both",
                     .algorithm = TokenAlgorithm::kEd25519,
                     .secret = seed,
                     .public_key = open})
              .ok());
  CHECK(ring->SignWith("public").message() ==
        "id: 'public' is a public key, expected one with its seed");
  CHECK(ring->SignWith("both").ok());
  const auto keys = ring->Keys();
  CHECK_FALSE(keys->at(0).can_sign);
  CHECK(keys->at(1).can_sign);
  CHECK(Name(keys->at(0).algorithm) == "Ed25519");
  CHECK(Name(keys->at(1).state) == "SIGNING");
}

TEST_CASE("a ring has room for so many keys") {
  const auto ring = NewRing();
  for (std::size_t i = 0; i < KeyRing::kMaxKeys; ++i) {
    REQUIRE(ring->Add(HmacKey("k" + std::to_string(i))).ok());
  }
  CHECK(ring->SignWith("k63").ok());
  CHECK(ring->Add(HmacKey("more")).code() == kResourceExhausted);
  REQUIRE(ring->Forget("k5").ok());
  CHECK(ring->Add(HmacKey("more")).ok());
  CHECK(StateOf(*ring, "k63") == TokenKeyState::kSigning);
}

}  // namespace
}  // namespace flashsale
