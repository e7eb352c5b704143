#include "flashsale/base/id.h"

#include <algorithm>

#include "base/sha256.h"

namespace flashsale::inline v0::id_internal {
namespace {

constexpr std::array<std::size_t, 4> kDashesOfUuid = {8, 13, 18, 23};
constexpr std::size_t kSizeOfUuid = 36;

constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool IsDash(std::size_t i) {
  return std::find(kDashesOfUuid.begin(), kDashesOfUuid.end(), i) != kDashesOfUuid.end();
}

}  // namespace

Bytes16 HashText(std::string_view domain, std::string_view text) {
  Sha256 hash;
  for (const std::string_view part :
       {std::string_view("flashsale/1/"), domain, std::string_view("/"), text}) {
    hash.Add({reinterpret_cast<const std::uint8_t*>(part.data()), part.size()});
  }
  const Sha256Hash digest = hash.Finish();
  Bytes16 bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return bytes;
}

std::optional<Bytes16> ParseUuid(std::string_view text) {
  if (text.size() != kSizeOfUuid) return std::nullopt;
  Bytes16 bytes{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = HexValue(text[i]);
    if (value < 0) return std::nullopt;
    std::uint8_t& byte = bytes[digits / 2];
    byte = static_cast<std::uint8_t>(byte * 16 + value);
    ++digits;
  }
  return bytes;
}

std::string FormatUuid(const Bytes16& bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(kSizeOfUuid);
  for (const std::uint8_t byte : bytes) {
    if (IsDash(text.size())) text.push_back('-');
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace flashsale::inline v0::id_internal
