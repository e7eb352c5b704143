#include "base/sha256.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

std::vector<std::uint8_t> Ascii(std::string_view text) { return {text.begin(), text.end()}; }

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

// Of RFC 5869's longer outputs the first 32 bytes: they are one block of the expansion.

}  // namespace
}  // namespace flashsale
