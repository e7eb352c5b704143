#ifndef FLASHSALE_SRC_POLICY_JWT_CLAIMS_H_
#define FLASHSALE_SRC_POLICY_JWT_CLAIMS_H_

#include <span>
#include <string>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/policy/token_claims.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"

namespace flashsale::inline v0 {

// Claims as a JSON object (RFC 7519), as docs/tokens.md lists them.

// InvalidArgument where a detail is none.
Status Validate(const JwtDetails& details);

// REQUIRES: Validate of both is OK.  Throws std::bad_alloc.
std::string WriteJwtClaims(const AdmissionClaims& claims, const JwtDetails& details);
std::string WriteJwtClaims(const TicketClaims& claims, const JwtDetails& details);

// What a payload is expected to say.
struct JwtScope {
  // Where this is not among those that the token is for, `claims.sale` is not valid.
  SaleId sale;
  // Empty: any.
  std::string_view issuer;
};
// kAccepted, kBadClaims, kOtherKind or kOtherIssuer.  Unescapes in place.
TokenVerdict ReadJwtClaims(std::span<char> payload, const JwtScope& scope, AdmissionClaims& claims);
TokenVerdict ReadJwtClaims(std::span<char> payload, const JwtScope& scope, TicketClaims& claims);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_JWT_CLAIMS_H_
