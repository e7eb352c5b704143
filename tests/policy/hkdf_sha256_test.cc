#include "policy/hkdf_sha256.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

std::vector<std::uint8_t> Counting(std::uint8_t first, std::uint8_t last) {
  std::vector<std::uint8_t> bytes;
  for (int byte = first; byte <= last; ++byte) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

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
