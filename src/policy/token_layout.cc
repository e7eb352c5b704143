#include "policy/token_layout.h"

#include <algorithm>

namespace flashsale::inline v0 {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kUserSize = 16;
// User and tier, and then the numbers of each kind.
constexpr std::size_t kAdmissionFieldsSize = kUserSize + 1 + 8 + 4 + 8 + 8;
constexpr std::size_t kTicketFieldsSize = kUserSize + 1 + 8 + 8 + 8 + 8 + 8;

// Writes fields one after the other, numbers big-endian.
class FieldWriter {
 public:
  explicit FieldWriter(std::uint8_t* at) : at_(at) {}

  FieldWriter& Byte(std::uint8_t byte) {
    *at_++ = byte;
    return *this;
  }
  FieldWriter& Text(std::string_view text) {
    Byte(static_cast<std::uint8_t>(text.size()));
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }
  FieldWriter& User(const UserId& user) {
    at_ = std::copy(user.bytes().begin(), user.bytes().end(), at_);
    return *this;
  }
  template <typename Number>
  FieldWriter& Big(Number number) {
    for (int shift = 8 * static_cast<int>(sizeof(Number)) - 8; shift >= 0; shift -= 8) {
      Byte(static_cast<std::uint8_t>(number >> shift));
    }
    return *this;
  }
  FieldWriter& Instant(Time time) {
    return Big(static_cast<std::uint64_t>(time.time_since_epoch().count()));
  }

  const std::uint8_t* at() const { return at_; }

 private:
  std::uint8_t* at_;
};

// Reads them.  REQUIRES: there are as many bytes as are read.
class FieldReader {
 public:
  explicit FieldReader(const std::uint8_t* at) : at_(at) {}

  std::uint8_t Byte() { return *at_++; }
  UserId User() {
    UserId::Bytes bytes;
    std::copy_n(at_, bytes.size(), bytes.begin());
    at_ += bytes.size();
    return UserId::FromBytes(bytes);
  }
  template <typename Number>
  Number Big() {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      number = static_cast<Number>(number << 8 | Byte());
    }
    return number;
  }
  // One that is out of range stays so.
  Time Instant() { return Time(Duration(static_cast<Duration::rep>(Big<std::uint64_t>()))); }

 private:
  const std::uint8_t* at_;
};

template <typename Claims>
FieldWriter WriteFront(TokenKind kind, const Claims& claims, std::string_view key_id,
                       std::uint8_t* body) {
  FieldWriter writer(body);
  writer.Byte(kVersion)
      .Byte(static_cast<std::uint8_t>(kind))
      .Text(key_id)
      .Text(claims.sale.view())
      .User(claims.user)
      .Byte(claims.tier);
  return writer;
}

// Takes a text with its length off the front; empty, which no text is, where it is not there.
std::string_view TakeText(std::span<const std::uint8_t>& bytes, std::size_t longest) {
  if (bytes.empty() || bytes[0] > longest || bytes[0] >= bytes.size()) return {};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 1, bytes[0]);
  bytes = bytes.subspan(1 + text.size());
  return text;
}

}  // namespace

std::span<const std::uint8_t> TokenBuffer::Message(TokenKind kind, std::size_t body_size) {
  const std::string_view domain = DomainOf(kind);
  std::uint8_t* const begin = body() - domain.size();
  std::copy(domain.begin(), domain.end(), begin);
  return {begin, domain.size() + body_size};
}

std::size_t WriteTokenBody(const AdmissionClaims& claims, std::string_view key_id,
                           std::uint8_t* body) {
  FieldWriter writer = WriteFront(TokenKind::kAdmission, claims, key_id, body);
  writer.Big(claims.number).Big(claims.grant).Instant(claims.not_before).Instant(claims.expires_at);
  return static_cast<std::size_t>(writer.at() - body);
}

std::size_t WriteTokenBody(const TicketClaims& claims, std::string_view key_id,
                           std::uint8_t* body) {
  FieldWriter writer = WriteFront(TokenKind::kTicket, claims, key_id, body);
  writer.Big(claims.ticket)
      .Big(claims.place)
      .Instant(claims.epoch)
      .Instant(claims.joined_at)
      .Instant(claims.expires_at);
  return static_cast<std::size_t>(writer.at() - body);
}

std::optional<TokenParts> SplitToken(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 2 || bytes[0] != kVersion) return std::nullopt;
  TokenParts parts;
  std::size_t fields_size = 0;
  switch (bytes[1]) {
    case static_cast<std::uint8_t>(TokenKind::kAdmission):
      parts.kind = TokenKind::kAdmission;
      fields_size = kAdmissionFieldsSize;
      break;
    case static_cast<std::uint8_t>(TokenKind::kTicket):
      parts.kind = TokenKind::kTicket;
      fields_size = kTicketFieldsSize;
      break;
    default:
      return std::nullopt;
  }
  std::span<const std::uint8_t> rest = bytes.subspan(2);
  parts.key_id = TakeText(rest, KeyRing::kMaxKeyIdSize);
  parts.sale = TakeText(rest, SaleId::kMaxSize);
  if (parts.key_id.empty() || parts.sale.empty() || rest.size() < fields_size) return std::nullopt;
  parts.fields = rest.first(fields_size);
  parts.signature = rest.subspan(fields_size);
  parts.body_size = bytes.size() - parts.signature.size();
  if (parts.signature.size() != HmacSha256::kSize && parts.signature.size() != kMaxSignatureSize) {
    return std::nullopt;
  }
  return parts;
}

bool ReadTokenClaims(const TokenParts& parts, AdmissionClaims& claims) {
  FieldReader reader(parts.fields.data());
  claims.sale = SaleId(parts.sale);
  claims.user = reader.User();
  claims.tier = reader.Byte();
  claims.number = reader.Big<std::uint64_t>();
  claims.grant = reader.Big<std::uint32_t>();
  claims.not_before = reader.Instant();
  claims.expires_at = reader.Instant();
  return Validate(claims).ok();
}

bool ReadTokenClaims(const TokenParts& parts, TicketClaims& claims) {
  FieldReader reader(parts.fields.data());
  claims.sale = SaleId(parts.sale);
  claims.user = reader.User();
  claims.tier = reader.Byte();
  claims.ticket = reader.Big<std::uint64_t>();
  claims.place = reader.Big<std::uint64_t>();
  claims.epoch = reader.Instant();
  claims.joined_at = reader.Instant();
  claims.expires_at = reader.Instant();
  return Validate(claims).ok();
}

}  // namespace flashsale::inline v0
