#ifndef FLASHSALE_SRC_POLICY_BASE64URL_H_
#define FLASHSALE_SRC_POLICY_BASE64URL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flashsale::inline v0 {

// RFC 4648 section 5, without padding, as RFC 7515 has it.

// How many characters so many bytes are, and how many bytes so many characters are at most.
constexpr std::size_t Base64UrlTextSize(std::size_t bytes) {
  return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3;
}
constexpr std::size_t Base64UrlByteSize(std::size_t characters) {
  return characters / 4 * 3 + characters % 4 * 3 / 4;
}

// Writes Base64UrlTextSize(bytes.size()) characters.
void EncodeBase64Url(std::span<const std::uint8_t> bytes, char* text);

// Writes Base64UrlByteSize(text.size()) bytes; their count, or nothing where the text is not the
// only one that these bytes have: other characters, padding, a length that is none, bits left over
// in the last character.
// What was written then says nothing.
std::optional<std::size_t> DecodeBase64Url(std::string_view text, std::uint8_t* bytes);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_BASE64URL_H_
