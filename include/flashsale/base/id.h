#ifndef FLASHSALE_BASE_ID_H_
#define FLASHSALE_BASE_ID_H_

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

namespace id_internal {

using Bytes16 = std::array<std::uint8_t, 16>;

// The first 16 bytes of SHA-256("flashsale/1/" + domain + "/" + text).
FLASHSALE_EXPORT Bytes16 HashText(std::string_view domain, std::string_view text);
FLASHSALE_EXPORT std::optional<Bytes16> ParseUuid(std::string_view text);
FLASHSALE_EXPORT std::string FormatUuid(const Bytes16& bytes);

// True for 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
FLASHSALE_EXPORT bool IsName(std::string_view text);

}  // namespace id_internal

// 16 opaque bytes.  The kinds of id below are distinct types and do not convert into one another.
// The nil id (all bytes zero) means "none given"; commands answer Invalid to it where an id is due.
template <typename Tag>
class OpaqueId {
 public:
  using Bytes = id_internal::Bytes16;

  constexpr OpaqueId() = default;

  static constexpr OpaqueId FromBytes(const Bytes& bytes) { return OpaqueId(bytes); }

  // A number of the host's own, e.g. a database key.  Never nil, zero included: bytes 0 to 7 hold
  // the number 1, bytes 8 to 15 the value, both big-endian.
  static constexpr OpaqueId FromInteger(std::uint64_t value) {
    Bytes bytes{};
    bytes[7] = 1;
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[15 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    return OpaqueId(bytes);
  }

  // Any text, of any length: the first 16 bytes of SHA-256("flashsale/1/" + kind + "/" + text) with
  // the kind "user", "reservation" or "limit-key"; so any language can make the same id.
  static OpaqueId FromText(std::string_view text) {
    return OpaqueId(id_internal::HashText(Tag::kKind, text));
  }

  // RFC 9562 text form, 36 characters, either case; nothing else is accepted.
  static std::optional<OpaqueId> FromUuid(std::string_view text) {
    const std::optional<Bytes> bytes = id_internal::ParseUuid(text);
    if (!bytes.has_value()) return std::nullopt;
    return OpaqueId(*bytes);
  }

  constexpr const Bytes& bytes() const { return bytes_; }
  constexpr bool is_nil() const { return *this == OpaqueId(); }
  // The RFC 9562 text form.
  std::string ToString() const { return id_internal::FormatUuid(bytes_); }

  friend constexpr auto operator<=>(const OpaqueId&, const OpaqueId&) = default;
  friend constexpr bool operator==(const OpaqueId& a, const OpaqueId& b) {
    return std::bit_cast<Words>(a.bytes_) == std::bit_cast<Words>(b.bytes_);
  }

 private:
  // Compared as two words: a shard looks through ids by the million.
  struct Words {
    std::uint64_t first;
    std::uint64_t second;
    friend constexpr bool operator==(const Words& a, const Words& b) {
      return ((a.first ^ b.first) | (a.second ^ b.second)) == 0;
    }
  };

  constexpr explicit OpaqueId(const Bytes& bytes) : bytes_(bytes) {}

  Bytes bytes_{};
};

// A name of 1 to 64 characters out of `A-Z a-z 0-9 . _ -`, held in place.  A name made from any
// other text is not valid() and every call that takes it answers Invalid; nothing is truncated.
template <typename Tag>
class NameId {
 public:
  static constexpr std::size_t kMaxSize = 64;

  constexpr NameId() = default;
  NameId(const char* text) : NameId(std::string_view(text)) {}      // NOLINT(google-explicit-constructor)
  NameId(const std::string& text) : NameId(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  NameId(std::string_view text) {  // NOLINT(google-explicit-constructor)
    // The size is looked at here too, so that a compiler that inlines this knows the bound.
    if (text.size() > kMaxSize || !id_internal::IsName(text)) return;
    std::copy(text.begin(), text.end(), text_.begin());
    size_ = static_cast<std::uint8_t>(text.size());
  }

  constexpr bool valid() const { return size_ != 0; }
  // Empty where the name is not valid.
  constexpr std::string_view view() const { return {text_.data(), size_}; }
  std::string ToString() const { return std::string(view()); }

  friend constexpr bool operator==(const NameId& a, const NameId& b) {
    return a.view() == b.view();
  }
  friend constexpr std::strong_ordering operator<=>(const NameId& a, const NameId& b) {
    return a.view() <=> b.view();
  }

 private:
  std::array<char, kMaxSize> text_{};
  std::uint8_t size_ = 0;
};

struct UserIdTag {
  static constexpr std::string_view kKind = "user";
};
struct ReservationIdTag {
  static constexpr std::string_view kKind = "reservation";
};
struct LimitKeyTag {
  static constexpr std::string_view kKind = "limit-key";
};

// A shopper, as the host knows them.
using UserId = OpaqueId<UserIdTag>;
// One hold and the idempotency key of every call about it; made and kept by the caller before it
// sends, never reused for another hold.  Unique per (sale, user).
using ReservationId = OpaqueId<ReservationIdTag>;
// A thing other than the user that a limit is charged to: a device, a payment means, an address.
using LimitKey = OpaqueId<LimitKeyTag>;

using SaleId = NameId<struct SaleIdTag>;
using ProductId = NameId<struct ProductIdTag>;

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_ID_H_
