#include "policy/base64url.h"

#include <array>

namespace flashsale::inline v0 {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(kAlphabet.size() == 64);

// Of characters that are none: a bit that no sum of sextets reaches.
constexpr std::uint32_t kNone = std::uint32_t{1} << 31;

constexpr std::array<std::uint32_t, 256> kSextets = [] {
  std::array<std::uint32_t, 256> sextets{};
  sextets.fill(kNone);
  for (std::uint32_t i = 0; i < kAlphabet.size(); ++i) {
    sextets[static_cast<unsigned char>(kAlphabet[i])] = i;
  }
  return sextets;
}();

std::uint32_t Sextet(char c) { return kSextets[static_cast<unsigned char>(c)]; }

}  // namespace

void EncodeBase64Url(std::span<const std::uint8_t> bytes, char* text) {
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits =
        std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    *text++ = kAlphabet[bits >> 18];
    *text++ = kAlphabet[bits >> 12 & 63];
    *text++ = kAlphabet[bits >> 6 & 63];
    *text++ = kAlphabet[bits & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t bits =
      std::uint32_t{bytes[i]} << 16 | (left == 2 ? std::uint32_t{bytes[i + 1]} << 8 : 0);
  *text++ = kAlphabet[bits >> 18];
  *text++ = kAlphabet[bits >> 12 & 63];
  if (left == 2) *text = kAlphabet[bits >> 6 & 63];
}

std::optional<std::size_t> DecodeBase64Url(std::string_view text, std::uint8_t* bytes) {
  const std::size_t left = text.size() % 4;
  if (left == 1) return std::nullopt;
  std::uint32_t seen = 0;
  const std::size_t whole = text.size() - left;
  const char* const characters = text.data();
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t bits = Sextet(characters[i]) << 18 | Sextet(characters[i + 1]) << 12 |
                               Sextet(characters[i + 2]) << 6 | Sextet(characters[i + 3]);
    // A mark that is shifted falls off, so the marks are gathered apart.
    seen |= Sextet(characters[i]) | Sextet(characters[i + 1]) | Sextet(characters[i + 2]) |
            Sextet(characters[i + 3]);
    *bytes++ = static_cast<std::uint8_t>(bits >> 16);
    *bytes++ = static_cast<std::uint8_t>(bits >> 8);
    *bytes++ = static_cast<std::uint8_t>(bits);
  }
  if (left != 0) {
    const std::uint32_t first = Sextet(characters[whole]);
    const std::uint32_t second = Sextet(characters[whole + 1]);
    const std::uint32_t third = left == 3 ? Sextet(characters[whole + 2]) : 0;
    seen |= first | second | third;
    *bytes++ = static_cast<std::uint8_t>(first << 2 | (second & 63) >> 4);
    if (left == 3) *bytes = static_cast<std::uint8_t>(second << 4 | (third & 63) >> 2);
    if ((left == 2 ? second & 15 : third & 3) != 0) return std::nullopt;
  }
  if ((seen & kNone) != 0) return std::nullopt;
  return Base64UrlByteSize(text.size());
}

}  // namespace flashsale::inline v0
