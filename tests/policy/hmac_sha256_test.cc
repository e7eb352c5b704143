#include "policy/hmac_sha256.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

std::string MacOf(const std::vector<std::uint8_t>& key, const std::vector<std::uint8_t>& message) {
  return ToHex(HmacSha256(key).Of(message));
}

std::vector<std::uint8_t> Repeated(std::uint8_t byte, std::size_t times) {
  return std::vector<std::uint8_t>(times, byte);
}

std::vector<std::uint8_t> Text(std::string_view text) { return {text.begin(), text.end()}; }

TEST_CASE("HMAC-SHA256 gives the codes of RFC 4231") {
  CHECK(MacOf(Repeated(0x0b, 20), Text("Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(MacOf(Text("Jefe"), Text("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(MacOf(Repeated(0xaa, 20), Repeated(0xdd, 50)) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(MacOf(FromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Repeated(0xcd, 50)) ==
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  // Test case 5 gives the front of the code alone.
  CHECK(MacOf(Repeated(0x0c, 20), Text("Test With Truncation")).substr(0, 32) ==
        "a3b6167473100ee06e0c796c2955552b");
  CHECK(
      MacOf(Repeated(0xaa, 131), Text("Test Using Larger Than Block-Size Key - Hash Key First")) ==
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(MacOf(Repeated(0xaa, 131),
              Text("This is a test using a larger than block-size key and a larger than block-size "
                   "data. The key needs to be hashed before being used by the HMAC algorithm.")) ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("a key takes one message after another, of any length") {
  const HmacSha256 mac(BytesOf(kSecret));
  const auto first = mac.Of(BytesOf("one"));
  CHECK(mac.Of(BytesOf("two")) != first);
  CHECK(mac.Of({}) != first);
  CHECK(mac.Of(BytesOf("one")) == first);
}

TEST_CASE("a key that is gone leaves no trace of itself in memory") {
  alignas(HmacSha256) std::array<std::uint8_t, sizeof(HmacSha256)> memory{};
  auto* const mac = new (memory.data()) HmacSha256(BytesOf(kSecret));
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  CHECK_FALSE(std::all_of(memory.begin(), memory.end(), is_zero));
  mac->~HmacSha256();
  CHECK(std::all_of(memory.begin(), memory.end(), is_zero));
}

}  // namespace
}  // namespace flashsale
