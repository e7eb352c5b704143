#include "flashsale/policy/token_signer.h"

#include <fmt/format.h>

#include <exception>

#include "base/field_check.h"
#include "policy/jws.h"
#include "policy/jwt_claims.h"
#include "policy/key_ring_state.h"
#include "policy/token_layout.h"

namespace flashsale::inline v0 {
namespace {

TokenKind KindOf(const AdmissionClaims& /*claims*/) { return TokenKind::kAdmission; }
TokenKind KindOf(const TicketClaims& /*claims*/) { return TokenKind::kTicket; }

Status NobodySigns() {
  return Status(StatusCode::kFailedPrecondition, "keys: none signs, expected one; see SignWith");
}

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

}  // namespace

template <typename Claims>
Result<std::string_view> TokenSigner::Write(std::span<char> buffer, const Claims& claims) const {
  try {
    Status status = Validate(claims);
    if (!status.ok()) return status;
    const KeyRingState::Visit visit(*keys_.state_);
    const KeySnapshot::Key* const key = visit.keys().Signing();
    if (key == nullptr) return NobodySigns();
    TokenBuffer token;
    std::uint8_t* const body = token.body();
    const std::size_t body_size = WriteTokenBody(claims, key->id, body);
    const std::size_t size = body_size + key->material->signature_size();
    const std::size_t text_size = Base64UrlTextSize(size);
    if (buffer.size() < text_size) {
      return Status(
          StatusCode::kInvalidArgument,
          fmt::format("buffer: {} characters, expected at least {}", buffer.size(), text_size));
    }
    if (!key->material->Sign(token.Message(KindOf(claims), body_size), body + body_size)) {
      return OutOfMemory();
    }
    EncodeBase64Url({body, size}, buffer.data());
    return std::string_view(buffer.data(), text_size);
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

template <typename Claims>
Result<std::string> TokenSigner::IssueText(const Claims& claims) const {
  try {
    std::array<char, kMaxTokenSize> buffer;
    const Result<std::string_view> text = Write(buffer, claims);
    if (!text.ok()) return text.status();
    return std::string(*text);
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

template <typename Claims>
Result<std::string> TokenSigner::WriteJwt(const Claims& claims, const JwtDetails& details) const {
  try {
    Status status = Validate(claims);
    if (status.ok()) status = Validate(details);
    if (!status.ok()) return status;
    const KeyRingState::Visit visit(*keys_.state_);
    const KeySnapshot::Key* const key = visit.keys().Signing();
    if (key == nullptr) return NobodySigns();
    std::string text = SignJws(*key, WriteJwtClaims(claims, details));
    if (text.empty()) return OutOfMemory();
    return text;
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

Result<std::string> TokenSigner::Issue(const AdmissionClaims& claims) const {
  return IssueText(claims);
}

Result<std::string> TokenSigner::Issue(const TicketClaims& claims) const {
  return IssueText(claims);
}

Result<std::string_view> TokenSigner::IssueTo(std::span<char> buffer,
                                              const AdmissionClaims& claims) const {
  return Write(buffer, claims);
}

Result<std::string_view> TokenSigner::IssueTo(std::span<char> buffer,
                                              const TicketClaims& claims) const {
  return Write(buffer, claims);
}

Result<std::string> TokenSigner::IssueJwt(const AdmissionClaims& claims,
                                          const JwtDetails& details) const {
  return WriteJwt(claims, details);
}

Result<std::string> TokenSigner::IssueJwt(const TicketClaims& claims,
                                          const JwtDetails& details) const {
  return WriteJwt(claims, details);
}

}  // namespace flashsale::inline v0
