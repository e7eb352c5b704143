#include "flashsale/policy/token_verifier.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/field_check.h"
#include "base/sharded_counters.h"
#include "policy/jws.h"
#include "policy/jwt_claims.h"
#include "policy/key_ring_state.h"
#include "policy/token_layout.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kLongestIssuer = 256;

template <typename Claims>
constexpr TokenKind kKindOf = TokenKind::kAdmission;
template <>
constexpr TokenKind kKindOf<TicketClaims> = TokenKind::kTicket;

bool HasBegun(const AdmissionClaims& claims, Time now) { return now >= claims.not_before; }
bool HasBegun(const TicketClaims& /*claims*/, Time /*now*/) { return true; }

// What signed claims are worth here and now.
template <typename Claims>
TokenVerdict Judge(const Claims& claims, const TokenExpectation& expected) {
  if (!HasBegun(claims, expected.now)) return TokenVerdict::kNotYet;
  if (expected.now >= claims.expires_at) return TokenVerdict::kExpired;
  // A sale that is no name is nobody's.
  if (!claims.sale.valid() || claims.sale != expected.sale) return TokenVerdict::kOtherSale;
  if (claims.user != expected.user) return TokenVerdict::kOtherUser;
  return TokenVerdict::kAccepted;
}

template <typename Claims>
TokenVerdict Check(std::string_view text, const TokenExpectation& expected,
                   const KeyRingState::Visit& visit, Claims& claims) {
  if (text.size() > kMaxTokenSize) return TokenVerdict::kBadShape;
  TokenBuffer token;
  const std::optional<std::size_t> size = DecodeBase64Url(text, token.body());
  if (!size.has_value()) return TokenVerdict::kBadShape;
  const std::optional<TokenParts> parts = SplitToken({token.body(), *size});
  if (!parts.has_value()) return TokenVerdict::kBadShape;

  const KeySnapshot::Key* const key = visit.keys().Find(parts->key_id);
  const bool usable = key != nullptr && key->material != nullptr;
  const KeyMaterial& material = usable ? *key->material
                                       : visit.decoy(parts->signature.size() == HmacSha256::kSize
                                                         ? TokenAlgorithm::kHmacSha256
                                                         : TokenAlgorithm::kEd25519);
  const bool signature_fits =
      material.Verify(token.Message(parts->kind, parts->body_size), parts->signature);
  if (key == nullptr) return TokenVerdict::kUnknownKey;
  if (!usable) return TokenVerdict::kRevokedKey;
  if (!signature_fits) return TokenVerdict::kBadSignature;
  if (parts->kind != kKindOf<Claims>) return TokenVerdict::kOtherKind;
  if (!ReadTokenClaims(*parts, claims)) return TokenVerdict::kBadClaims;
  return Judge(claims, expected);
}

}  // namespace

std::string_view Name(TokenVerdict verdict) {
  switch (verdict) {
    case TokenVerdict::kAccepted:
      return "ACCEPTED";
    case TokenVerdict::kBadShape:
      return "BAD_SHAPE";
    case TokenVerdict::kUnknownKey:
      return "UNKNOWN_KEY";
    case TokenVerdict::kRevokedKey:
      return "REVOKED_KEY";
    case TokenVerdict::kBadAlgorithm:
      return "BAD_ALGORITHM";
    case TokenVerdict::kBadSignature:
      return "BAD_SIGNATURE";
    case TokenVerdict::kBadClaims:
      return "BAD_CLAIMS";
    case TokenVerdict::kOtherKind:
      return "OTHER_KIND";
    case TokenVerdict::kOtherIssuer:
      return "OTHER_ISSUER";
    case TokenVerdict::kNotYet:
      return "NOT_YET";
    case TokenVerdict::kExpired:
      return "EXPIRED";
    case TokenVerdict::kOtherSale:
      return "OTHER_SALE";
    case TokenVerdict::kOtherUser:
      return "OTHER_USER";
  }
  return "?";
}

struct TokenVerifier::State {
  State(KeyRingState& given, std::string issuer) : keys(given), jwt_issuer(std::move(issuer)) {}

  // The claims that `check` has read, where it accepts them.
  template <typename Claims, typename Check>
  std::optional<Claims> Answer(const Check& check) {
    Claims claims;
    TokenVerdict verdict = TokenVerdict::kAccepted;
    try {
      verdict = check(claims);
    } catch (const std::exception&) {
      verdict = TokenVerdict::kBadSignature;  // no memory to check it
    }
    counts.Add(static_cast<std::size_t>(verdict));
    if (verdict != TokenVerdict::kAccepted) return std::nullopt;
    return claims;
  }

  template <typename Claims>
  std::optional<Claims> Verify(std::string_view text, const TokenExpectation& expected) {
    return Answer<Claims>([&](Claims& claims) {
      const KeyRingState::Visit visit(keys);
      return Check(text, expected, visit, claims);
    });
  }

  template <typename Claims>
  std::optional<Claims> VerifyJwt(std::string_view text, const TokenExpectation& expected) {
    return Answer<Claims>([&](Claims& claims) { return CheckJwt(text, expected, claims); });
  }

  template <typename Claims>
  TokenVerdict CheckJwt(std::string_view text, const TokenExpectation& expected, Claims& claims) {
    CompactJws jws;
    if (!jws.Decode(text)) return TokenVerdict::kBadShape;
    {
      const KeyRingState::Visit visit(keys);
      const TokenVerdict verdict = VerifyJws(jws, visit);
      if (verdict != TokenVerdict::kAccepted) return verdict;
    }
    const TokenVerdict verdict =
        ReadJwtClaims(jws.payload(), {.sale = expected.sale, .issuer = jwt_issuer}, claims);
    return verdict == TokenVerdict::kAccepted ? Judge(claims, expected) : verdict;
  }

  KeyRingState& keys;
  const std::string jwt_issuer;
  ShardedCounters<kTokenVerdicts> counts;
};

Result<std::unique_ptr<TokenVerifier>> TokenVerifier::New(const KeyRing& keys,
                                                          const TokenVerifierOptions& options) {
  try {
    if (options.jwt_issuer.size() > kLongestIssuer) {
      return FieldCheck()
          .That(false, "jwt_issuer", fmt::format("{} bytes", options.jwt_issuer.size()),
                fmt::format("at most {} bytes", kLongestIssuer))
          .status();
    }
    return std::unique_ptr<TokenVerifier>(
        new TokenVerifier(std::make_unique<State>(*keys.state_, options.jwt_issuer)));
  } catch (const std::exception&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

TokenVerifier::TokenVerifier(std::unique_ptr<State> state) : state_(std::move(state)) {}

TokenVerifier::~TokenVerifier() = default;

std::optional<AdmissionClaims> TokenVerifier::VerifyAdmission(
    std::string_view text, const TokenExpectation& expected) const {
  return state_->Verify<AdmissionClaims>(text, expected);
}

std::optional<TicketClaims> TokenVerifier::VerifyTicket(std::string_view text,
                                                        const TokenExpectation& expected) const {
  return state_->Verify<TicketClaims>(text, expected);
}

std::optional<AdmissionClaims> TokenVerifier::VerifyAdmissionJwt(
    std::string_view text, const TokenExpectation& expected) const {
  return state_->VerifyJwt<AdmissionClaims>(text, expected);
}

std::optional<TicketClaims> TokenVerifier::VerifyTicketJwt(std::string_view text,
                                                           const TokenExpectation& expected) const {
  return state_->VerifyJwt<TicketClaims>(text, expected);
}

std::uint64_t TokenVerifier::count(TokenVerdict verdict) const {
  const auto index = static_cast<std::size_t>(verdict);
  return index < kTokenVerdicts ? state_->counts.Sum(index) : 0;
}

}  // namespace flashsale::inline v0
