#ifndef FLASHSALE_POLICY_TOKEN_VERIFIER_H_
#define FLASHSALE_POLICY_TOKEN_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_claims.h"

namespace flashsale::inline v0 {

// What became of a token: for counts alone, whoever brought it is told nothing of it.  The first
// that holds counts, in this order.  The numbers are stable across versions.
enum class TokenVerdict : std::uint8_t {
  kAccepted = 0,
  kBadShape = 1,      // no token: too long, other characters, other layout, no JSON
  kUnknownKey = 2,    // no key of that name; a JWT that names none where there are several
  kRevokedKey = 3,    //
  kBadAlgorithm = 4,  // a JWT that names another algorithm than its key's, "none" for instance
  kBadSignature = 5,  //
  kBadClaims = 6,     // signed, but a claim is missing or out of its range
  kOtherKind = 7,     // a ticket for an admission, or the reverse
  kOtherIssuer = 8,   //
  kNotYet = 9,        //
  kExpired = 10,      //
  kOtherSale = 11,    //
  kOtherUser = 12,    //
};
inline constexpr std::size_t kTokenVerdicts = 13;
FLASHSALE_EXPORT std::string_view Name(TokenVerdict verdict);

// Longer JWTs are refused unread.
inline constexpr std::size_t kMaxJwtSize = 4'096;

struct TokenVerifierOptions {
  // JWTs must say that they come from here (`iss`); empty: from anywhere that has a key of the
  // ring.  At most 256 bytes.
  std::string jwt_issuer = {};
};

// Where a token is shown, by whom, when.
struct TokenExpectation {
  SaleId sale;
  UserId user = {};
  Time now = kMinTime;
};

// Tells whether a token was signed by a key of the ring and holds for this sale, this user, now.
//
// Each refusal is nothing, for whatever reason: who forges tokens learns nothing from it, nor from
// the time that it took, since a signature is computed whether or not the key is known, and
// compared in constant time.  Operators get counts.
//
// With HMAC-SHA256 nothing is allocated; with Ed25519 OpenSSL does, and a signature that it has no
// memory to check is refused.
//
// Thread safety: any thread.  Blocking: never.  Clock: none.  Ownership: the keys must outlive it.
class FLASHSALE_EXPORT TokenVerifier {
 public:
  // Errors: InvalidArgument ("jwt_issuer: …"); ResourceExhausted.
  static Result<std::unique_ptr<TokenVerifier>> New(const KeyRing& keys,
                                                    const TokenVerifierOptions& options = {});
  ~TokenVerifier();
  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  // Of what TokenSigner::Issue has issued.
  std::optional<AdmissionClaims> VerifyAdmission(std::string_view text,
                                                 const TokenExpectation& expected) const;
  std::optional<TicketClaims> VerifyTicket(std::string_view text,
                                           const TokenExpectation& expected) const;

  // Of JWTs, wherever they were made: claims in any order, those that nobody knows are ignored,
  // `aud` is a text or a list.  Times finer than a microsecond are rounded up, which changes no
  // answer.  `exp` must be there.
  std::optional<AdmissionClaims> VerifyAdmissionJwt(std::string_view text,
                                                    const TokenExpectation& expected) const;
  std::optional<TicketClaims> VerifyTicketJwt(std::string_view text,
                                              const TokenExpectation& expected) const;

  // How many tokens met this verdict.
  std::uint64_t count(TokenVerdict verdict) const;

 private:
  struct State;

  explicit TokenVerifier(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_TOKEN_VERIFIER_H_
