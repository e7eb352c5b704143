#include "service/service_tokens.h"

#include <utility>

namespace flashsale::inline v0 {
namespace {

// Of the two formats only JWTs have dots.
bool IsJwt(std::string_view text) { return text.find('.') != std::string_view::npos; }

}  // namespace

Result<std::unique_ptr<ServiceTokens>> ServiceTokens::New(const FlashSaleServiceOptions& options) {
  if (options.token_keys == nullptr) return std::unique_ptr<ServiceTokens>();
  Result<std::unique_ptr<TokenVerifier>> verifier =
      TokenVerifier::New(*options.token_keys, {.jwt_issuer = options.token_issuer});
  if (!verifier.ok()) return verifier.status();
  return std::unique_ptr<ServiceTokens>(new ServiceTokens(options, *std::move(verifier)));
}

template <typename Claims>
Result<std::string> ServiceTokens::Write(const Claims& claims, TokenFormat format, Time now) const {
  if (format == TokenFormat::kCompact) return signer_.Issue(claims);
  return signer_.IssueJwt(claims, {.issuer = issuer_, .issued_at = now});
}

Result<std::string> ServiceTokens::Issue(const SaleTerms& sale, const QueuePlace& place,
                                         TokenFormat format, Time now) const {
  const QueueEntry& entry = place.entry;
  switch (entry.state) {
    case TicketState::kWaiting: {
      // What was brought back, or waits for a draw, has its place later.
      const bool has_place = place.position != 0;
      return Write(TicketClaims{.sale = sale.id,
                                .user = entry.user,
                                .tier = entry.tier,
                                .ticket = entry.ticket,
                                .place = has_place ? entry.place : 0,
                                .epoch = place.epoch,
                                .joined_at = entry.joined_at,
                                .expires_at = sale.end},
                   format, now);
    }
    case TicketState::kAdmitted:
      return Write(AdmissionClaims{.sale = sale.id,
                                   .user = entry.user,
                                   .tier = entry.tier,
                                   .number = entry.admission.number,
                                   .grant = entry.admission.grant,
                                   .expires_at = entry.admission.until},
                   format, now);
    case TicketState::kNone:
      break;
  }
  return Status(StatusCode::kFailedPrecondition,
                "place: neither a ticket nor an admission, expected one of them");
}

std::optional<TicketClaims> ServiceTokens::ReadTicket(std::string_view text,
                                                      const TokenExpectation& expected) const {
  return IsJwt(text) ? verifier_->VerifyTicketJwt(text, expected)
                     : verifier_->VerifyTicket(text, expected);
}

std::optional<AdmissionClaims> ServiceTokens::ReadAdmission(
    std::string_view text, const TokenExpectation& expected) const {
  return IsJwt(text) ? verifier_->VerifyAdmissionJwt(text, expected)
                     : verifier_->VerifyAdmission(text, expected);
}

}  // namespace flashsale::inline v0
