#ifndef FLASHSALE_SRC_SERVICE_SERVICE_TOKENS_H_
#define FLASHSALE_SRC_SERVICE_SERVICE_TOKENS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/queue_place.h"

namespace flashsale::inline v0 {

// The tokens of a service: issues those of places, and reads what people bring.
// Thread safety: any thread.
class ServiceTokens {
 public:
  // Null where there are no keys.  Errors: those of TokenVerifier.
  static Result<std::unique_ptr<ServiceTokens>> New(const FlashSaleServiceOptions& options);

  Result<std::string> Issue(const SaleTerms& sale, const QueuePlace& place, TokenFormat format,
                            Time now) const;

  // Where the user of such a ticket stood, among those of this and of all other earlier queues: the
  // lower was ahead; see docs/tokens.md.
  static std::uint64_t PlaceToRestore(const TicketClaims& ticket);

  // Either format.
  std::optional<TicketClaims> ReadTicket(std::string_view text,
                                         const TokenExpectation& expected) const;
  std::optional<AdmissionClaims> ReadAdmission(std::string_view text,
                                               const TokenExpectation& expected) const;

 private:
  ServiceTokens(const FlashSaleServiceOptions& options, std::unique_ptr<TokenVerifier> verifier)
      : issuer_(options.token_issuer),
        signer_(*options.token_keys),
        verifier_(std::move(verifier)) {}

  template <typename Claims>
  Result<std::string> Write(const Claims& claims, TokenFormat format, Time now) const;

  const std::string issuer_;
  const TokenSigner signer_;
  const std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVICE_TOKENS_H_
