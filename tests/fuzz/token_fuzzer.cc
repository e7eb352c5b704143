// Any bytes at all are read as a token or, behind a 'j', as the claims of a JWT: what is read is
// lawful, and what is written of it is read as the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base64url.h"
#include "policy/jwt_claims.h"
#include "policy/token_layout.h"

namespace {

using namespace flashsale;  // NOLINT(google-build-using-namespace): all of it is under test

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Claims>
void CheckToken(const TokenParts& parts, std::string_view body) {
  Claims claims;
  if (!ReadTokenClaims(parts, claims)) return;
  Require(Validate(claims).ok());
  std::string again(kMaxTokenBodySize, '\0');
  again.resize(WriteTokenBody(claims, parts.key_id, reinterpret_cast<std::uint8_t*>(again.data())));
  Require(again == body);
}

void CheckText(std::string_view text) {
  if (text.size() > kMaxTokenSize) return;
  std::vector<std::uint8_t> bytes(Base64UrlByteSize(text.size()));
  const auto size = DecodeBase64Url(text, bytes.data());
  if (!size.has_value()) return;
  Require(*size == bytes.size());
  std::string again(Base64UrlTextSize(bytes.size()), '\0');
  EncodeBase64Url(bytes, again.data());
  Require(again == text);
  const auto parts = SplitToken(bytes);
  if (!parts.has_value()) return;
  Require(parts->body_size + parts->signature.size() == bytes.size());
  const std::string_view body(reinterpret_cast<const char*>(bytes.data()), parts->body_size);
  if (parts->kind == TokenKind::kAdmission) CheckToken<AdmissionClaims>(*parts, body);
  if (parts->kind == TokenKind::kTicket) CheckToken<TicketClaims>(*parts, body);
}

template <typename Claims>
void CheckClaims(std::string_view json) {
  const JwtScope scope{.sale = "drop", .issuer = {}};
  std::string text(json);
  Claims claims;
  if (ReadJwtClaims(text, scope, claims) != TokenVerdict::kAccepted) return;
  Require(claims.sale == scope.sale || !claims.sale.valid());
  claims.sale = scope.sale;
  // That it may be over before it has begun, is for others to see.
  if (!Validate(claims).ok()) return;
  std::string again = WriteJwtClaims(claims, {.issuer = "someone", .issued_at = Time{}});
  Claims read;
  Require(ReadJwtClaims(again, {.sale = "drop", .issuer = "someone"}, read) ==
          TokenVerdict::kAccepted);
  Require(read == claims);
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('j')) {
    CheckClaims<AdmissionClaims>(text.substr(1));
    CheckClaims<TicketClaims>(text.substr(1));
  } else {
    CheckText(text);
  }
  return 0;
}
