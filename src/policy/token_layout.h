#ifndef FLASHSALE_SRC_POLICY_TOKEN_LAYOUT_H_
#define FLASHSALE_SRC_POLICY_TOKEN_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_claims.h"
#include "flashsale/policy/token_signer.h"
#include "policy/base64url.h"
#include "policy/token_key.h"

namespace flashsale::inline v0 {

// The layout of a token of ours before it is text, as docs/tokens.md gives it.

enum class TokenKind : std::uint8_t { kAdmission = 1, kTicket = 2 };

// What a signature is computed over is this, and then the body.
constexpr std::string_view DomainOf(TokenKind kind) {
  return kind == TokenKind::kTicket ? "flashsale/1/ticket/" : "flashsale/1/admission/";
}
inline constexpr std::size_t kMaxDomainSize = DomainOf(TokenKind::kAdmission).size();

// Version, kind, key id, sale, user, tier; then the five numbers of a ticket.
inline constexpr std::size_t kMaxTokenBodySize =
    2 + (1 + KeyRing::kMaxKeyIdSize) + (1 + SaleId::kMaxSize) + 16 + 1 + 8 + 8 + 8 + 8 + 8;
inline constexpr std::size_t kMaxTokenBytes = kMaxTokenBodySize + kMaxSignatureSize;
static_assert(Base64UrlTextSize(kMaxTokenBytes) == kMaxTokenSize);

// A token's bytes behind room for its domain, so that what is signed lies in one piece.
class TokenBuffer {
 public:
  // Where the body begins, and the signature follows.
  std::uint8_t* body() { return bytes_.data() + kMaxDomainSize; }
  // The domain and the body behind it.
  std::span<const std::uint8_t> Message(TokenKind kind, std::size_t body_size);

 private:
  std::array<std::uint8_t, kMaxDomainSize + kMaxTokenBytes> bytes_;
};

// Writes at most kMaxTokenBodySize bytes; how many.
// REQUIRES: Validate(claims) is OK, the key's id is one.
std::size_t WriteTokenBody(const AdmissionClaims& claims, std::string_view key_id,
                           std::uint8_t* body);
std::size_t WriteTokenBody(const TicketClaims& claims, std::string_view key_id, std::uint8_t* body);

// A token's bytes, cut where its lengths say; they refer to them.
struct TokenParts {
  TokenKind kind = TokenKind::kAdmission;
  std::string_view key_id;
  std::string_view sale;
  std::span<const std::uint8_t> fields;  // from the user on
  std::size_t body_size = 0;
  std::span<const std::uint8_t> signature;  // as long as that of one of the algorithms
};

// Nothing where they are no token's.
std::optional<TokenParts> SplitToken(std::span<const std::uint8_t> bytes);

// False where a field is out of its range.  REQUIRES: the parts are of that kind.
bool ReadTokenClaims(const TokenParts& parts, AdmissionClaims& claims);
bool ReadTokenClaims(const TokenParts& parts, TicketClaims& claims);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_TOKEN_LAYOUT_H_
