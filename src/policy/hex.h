#ifndef FLASHSALE_SRC_POLICY_HEX_H_
#define FLASHSALE_SRC_POLICY_HEX_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flashsale::inline v0 {

// Two digits of `0-9 a-f` a byte.
inline void AppendHex(std::span<const std::uint8_t> bytes, std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
}

inline std::string ToHex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  AppendHex(bytes, text);
  return text;
}

// False, with `bytes` spoilt, unless `text` is just what ToHex would make of as many bytes.
inline bool ReadHex(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return false;
    const int value = is_digit ? c - '0' : c - 'a' + 10;
    bytes[i / 2] = static_cast<std::uint8_t>(i % 2 == 0 ? value << 4 : bytes[i / 2] | value);
  }
  return true;
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_HEX_H_
