#include "service/service_tokens.h"

#include <algorithm>
#include <utility>

namespace flashsale::inline v0 {
namespace {

// Of the two formats only JWTs have dots.
bool IsJwt(std::string_view text) { return text.find('.') != std::string_view::npos; }

// From here on the place of a ticket is one that was brought back from an earlier queue; below, one
// of the queue that issued it.
constexpr std::uint64_t kBroughtBack = std::uint64_t{1} << 52;

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
      // Who waits for a draw has a place later; who has brought one back has that until then.
      std::uint64_t shown = place.position == 0 ? 0 : entry.place;
      if (shown == 0 && entry.restored_place != 0) {
        shown = kBroughtBack + std::min(entry.restored_place, kBroughtBack - 1);
      }
      return Write(TicketClaims{.sale = sale.id,
                                .user = entry.user,
                                .tier = entry.tier,
                                .ticket = entry.ticket,
                                .place = shown,
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

std::uint64_t ServiceTokens::PlaceToRestore(const TicketClaims& ticket) {
  if (ticket.place > kBroughtBack) return ticket.place - kBroughtBack;
  // Places of a queue are fewer than the microseconds for which it lasts, so the instant at which
  // it was opened puts them before those of any queue that came after it.
  const auto epoch_us = static_cast<std::uint64_t>(ticket.epoch.time_since_epoch().count());
  const std::uint64_t place = ticket.place == 0 ? ticket.ticket : ticket.place;
  return std::min(epoch_us + place, kBroughtBack - 1);
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
