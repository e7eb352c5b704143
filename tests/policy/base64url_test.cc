#include "policy/base64url.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

std::string Encoded(std::span<const std::uint8_t> bytes) {
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(bytes, text.data());
  return text;
}

std::optional<std::vector<std::uint8_t>> Decoded(std::string_view text) {
  std::vector<std::uint8_t> bytes(Base64UrlByteSize(text.size()) + 1, 0xee);
  const std::optional<std::size_t> size = DecodeBase64Url(text, bytes.data());
  CHECK(bytes.back() == 0xee);
  if (!size.has_value()) return std::nullopt;
  CHECK(*size + 1 == bytes.size());
  bytes.pop_back();
  return bytes;
}

TEST_CASE("base64url is that of RFC 4648, without padding") {
  for (const auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"f", "Zg"},
                                                        {"fo", "Zm8"},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg"},
                                                        {"fooba", "Zm9vYmE"},
                                                        {"foobar", "Zm9vYmFy"}}) {
    CAPTURE(bytes);
    CHECK(Encoded(BytesOf(bytes)) == text);
    CHECK(Decoded(text) == std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }
  CHECK(Encoded(FromHex("fbffbf")) == "-_-_");
  // RFC 7515, appendix C.
  CHECK(Encoded(FromHex("03ecffe0c1")) == "A-z_4ME");
}

TEST_CASE("bytes of each length and value come back") {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 300; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i * 37 + i / 256));
    REQUIRE(Decoded(Encoded(bytes)) == bytes);
  }
}

TEST_CASE("a text has no second form") {
  for (const char* const text :
       {"Zg==", "Zm8=", "Zm9v====", "Z", "Zm9vY", " Zg", "Zg ", "Zg\n", "Zm 9v", "Zh", "Zv", "Zm9",
        "Zm-", "Zm+v", "Zm/v", "Zm9v.g", "Zm\x80v", "\xffm9v", "Zm9\xc3"}) {
    CAPTURE(text);
    CHECK_FALSE(Decoded(text).has_value());
  }
  CHECK_FALSE(Decoded(std::string_view("Zm\0v", 4)).has_value());
}

TEST_CASE("of all texts of two and three characters, those are read that are written") {
  int read = 0;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      const auto bytes = Decoded(text);
      if (!bytes.has_value()) continue;
      ++read;
      REQUIRE(Encoded(*bytes) == text);
    }
  }
  CHECK(read == 256);
}

}  // namespace
}  // namespace flashsale
