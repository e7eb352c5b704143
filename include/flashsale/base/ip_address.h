#ifndef FLASHSALE_BASE_IP_ADDRESS_H_
#define FLASHSALE_BASE_IP_ADDRESS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

// An IPv4 or IPv6 address.  An IPv4-mapped IPv6 address (::ffff:0:0/96, RFC 4291 section 2.5.5.2)
// is the IPv4 address that it stands for, so that nobody has two names.
//
// Thread safety: as an int.
class FLASHSALE_EXPORT IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  // 0.0.0.0: no address.
  constexpr IpAddress() = default;

  // In network order.
  static constexpr IpAddress FromIpv4(const std::array<std::uint8_t, 4>& bytes) {
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) address.bytes_[12 + i] = bytes[i];
    return address;
  }
  static constexpr IpAddress FromIpv6(const Bytes& bytes) {
    IpAddress address;
    address.bytes_ = bytes;
    return address;
  }

  // Dotted decimal with exactly four numbers and no leading zeros; or RFC 4291 section 2.2, any
  // case, without brackets, port or zone.  Nothing else: what is not an address is nobody's
  // address.
  static std::optional<IpAddress> Parse(std::string_view text);

  constexpr bool is_v4() const {
    constexpr Parts kMapped = std::bit_cast<Parts>(IpAddress().bytes_);
    const auto parts = std::bit_cast<Parts>(bytes_);
    return parts.first == kMapped.first && parts.middle == kMapped.middle;
  }
  constexpr bool is_unspecified() const {
    const auto parts = std::bit_cast<Parts>(bytes_);
    return parts.first == 0 && parts.last == 0 && (parts.middle == 0 || is_v4());
  }

  // The address itself for IPv6, its IPv4-mapped form for IPv4.
  constexpr const Bytes& bytes() const { return bytes_; }

  // The first `bits` of the address, the rest zero.  REQUIRES: bits <= 128; of the mapped form.
  constexpr Bytes Prefix(unsigned bits) const {
    Bytes prefix = bytes_;
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      const unsigned before = static_cast<unsigned>(i) * 8;
      if (before >= bits) {
        prefix[i] = 0;
      } else if (bits - before < 8) {
        prefix[i] = static_cast<std::uint8_t>(prefix[i] & (0xFF00U >> (bits - before)));
      }
    }
    return prefix;
  }

  // Dotted decimal, or RFC 5952.
  std::string ToString() const;

  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  // Looked at as numbers, since each request asks.
  struct Parts {
    std::uint64_t first;
    std::uint32_t middle;
    std::uint32_t last;
  };

  Bytes bytes_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_IP_ADDRESS_H_
