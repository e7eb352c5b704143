#ifndef FLASHSALE_POLICY_TOKEN_SIGNER_H_
#define FLASHSALE_POLICY_TOKEN_SIGNER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_claims.h"

namespace flashsale::inline v0 {

// No token of ours has more characters; JWTs are longer.
inline constexpr std::size_t kMaxTokenSize = 295;

// What a JWT can say besides the claims.
struct JwtDetails {
  // `iss`: at most 256 printable ASCII characters without quote and backslash; empty: left out.
  std::string_view issuer = {};
  // `iat`; nothing: left out.
  std::optional<Time> issued_at = {};
};

// Signs claims with the key that signs at the moment.  The same claims under the same key are the
// same token.  The formats are in docs/tokens.md.
//
// Errors of each call: InvalidArgument, which names the field ("grant: 0, expected …");
// FailedPrecondition where no key signs; ResourceExhausted.
// Thread safety: any thread.  Blocking: never.  Clock: none.  Ownership: the keys must outlive it.
class FLASHSALE_EXPORT TokenSigner {
 public:
  explicit TokenSigner(const KeyRing& keys) : keys_(keys) {}

  // URL-safe text of at most kMaxTokenSize characters.
  Result<std::string> Issue(const AdmissionClaims& claims) const;
  Result<std::string> Issue(const TicketClaims& claims) const;

  // The same text, at the front of the buffer; kMaxTokenSize characters are always enough.
  // With HMAC-SHA256 nothing is allocated; with Ed25519 OpenSSL does.
  Result<std::string_view> IssueTo(std::span<char> buffer, const AdmissionClaims& claims) const;
  Result<std::string_view> IssueTo(std::span<char> buffer, const TicketClaims& claims) const;

  // The same claims as a JSON Web Token (RFC 7519) in compact form.
  Result<std::string> IssueJwt(const AdmissionClaims& claims, const JwtDetails& details = {}) const;
  Result<std::string> IssueJwt(const TicketClaims& claims, const JwtDetails& details = {}) const;

 private:
  template <typename Claims>
  Result<std::string> IssueText(const Claims& claims) const;
  template <typename Claims>
  Result<std::string_view> Write(std::span<char> buffer, const Claims& claims) const;
  template <typename Claims>
  Result<std::string> WriteJwt(const Claims& claims, const JwtDetails& details) const;

  const KeyRing& keys_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_TOKEN_SIGNER_H_
