#include "examples/flashsale_audit/head_file.h"

#include <array>
#include <cstddef>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

namespace flashsale::audit {
namespace {

// A number in eight bytes and their complement.
constexpr std::size_t kNumberSize = 8;

// Why it tells nothing; empty: it does.
std::string_view Why(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "is not there, or may not be read";
  std::array<char, 2 * kNumberSize> bytes{};
  file.read(bytes.data(), bytes.size());
  bool told = file.gcount() == static_cast<std::streamsize>(bytes.size());
  for (std::size_t i = 0; i < kNumberSize; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const auto complement = static_cast<unsigned char>(bytes[i + kNumberSize]);
    told = told && (byte ^ complement) == 0xFF;
  }
  return told ? "" : "tells nothing";
}

}  // namespace

std::optional<std::string> RemarkOnHead(const std::string& journal) {
  const std::string path = journal + "-head";
  const std::string_view why = Why(path);
  if (why.empty()) return std::nullopt;
  return fmt::format(
      "'{}' {}: nothing beside the journal is witness to its end, and commits that were cut off "
      "there are missed only where a later hash was kept (--hash)",
      path, why);
}

}  // namespace flashsale::audit
