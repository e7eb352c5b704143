#include "policy/sha256.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/hmac_sha256.h"
#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

std::vector<std::uint8_t> Ascii(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<std::uint8_t> Counting(std::uint8_t first, std::uint8_t last) {
  std::vector<std::uint8_t> bytes;
  for (int byte = first; byte <= last; ++byte) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

TEST_CASE("SHA-256 gives the hashes of FIPS 180-4's examples, one message after the other") {
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    CHECK(ToHex(hash.Of({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(ToHex(hash.Of(Ascii("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash.Add(Ascii("abcdbcdecdefdefgefghfghighij"));
    hash.Add(Ascii("hijkijkljklmklmnlmnomnopnopq"));
    CHECK(ToHex(hash.Finish()) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
}

TEST_CASE("HMAC-SHA256 gives the codes of RFC 4231") {
  struct Case {
    std::vector<std::uint8_t> key;
    std::vector<std::uint8_t> data;
    std::string_view code;
  };
  const std::vector<std::uint8_t> long_key(131, 0xAA);
  const Case cases[] = {
      {std::vector<std::uint8_t>(20, 0x0B), Ascii("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {Ascii("Jefe"), Ascii("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::vector<std::uint8_t>(20, 0xAA), std::vector<std::uint8_t>(50, 0xDD),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {Counting(1, 25), std::vector<std::uint8_t>(50, 0xCD),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {long_key, Ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {long_key,
       Ascii("This is a test using a larger than block-size key and a larger than block-size "
             "data. The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}};
  for (const Case& c : cases) {
    HmacSha256 hmac(c.key);
    CHECK(ToHex(hmac.Of(c.data)) == c.code);
    CHECK(ToHex(hmac.Of(c.data)) == c.code);
  }
}

// Of RFC 5869's longer outputs the first 32 bytes: they are one block of the expansion.
TEST_CASE("HKDF-SHA256 gives the keys of RFC 5869") {
  CHECK(ToHex(HkdfSha256({.key_material = std::vector<std::uint8_t>(22, 0x0B),
                          .salt = Counting(0x00, 0x0C),
                          .info = Counting(0xF0, 0xF9)})) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  CHECK(ToHex(HkdfSha256({.key_material = Counting(0x00, 0x4F),
                          .salt = Counting(0x60, 0xAF),
                          .info = Counting(0xB0, 0xFF)})) ==
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
  CHECK(ToHex(HkdfSha256(
            {.key_material = std::vector<std::uint8_t>(22, 0x0B), .salt = {}, .info = {}})) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

}  // namespace
}  // namespace flashsale
