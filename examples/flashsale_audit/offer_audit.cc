#include "examples/flashsale_audit/offer_audit.h"

#include <fmt/format.h>

#include "flashsale/service/waitlist.h"

namespace flashsale::audit {

OfferAudit::OfferAudit(const SaleId& sale, std::uint16_t line, Time opened_at,
                       const std::string& label)
    : sale_(sale),
      line_(line),
      opened_at_(opened_at),
      claim_(label + ": offers",
             "an offer is one unit of the list's line, made once for a ticket, in its turn",
             "offer") {}

void OfferAudit::OnJoined(std::uint64_t ticket, const UserId& user) {
  tickets_.emplace(
      OfferId({.sale = sale_, .line = line_, .user = user, .epoch = opened_at_, .ticket = ticket}),
      ticket);
}

bool OfferAudit::OnReserved(std::uint64_t commit, const Event& event, const QueueAudit& list) {
  const auto found = tickets_.find(event.id);
  if (found == tickets_.end()) return false;
  const std::uint64_t ticket = found->second;
  if (list.UserOf(ticket) != event.user) return false;  // the same id, and another reservation
  claim_.Look();
  const auto refute = [&](std::string_view what) {
    claim_.Refute(fmt::format("commit {}, seq {}: the offer of ticket {} {}", commit, event.seq,
                              ticket, what));
  };
  if (!list.HadTurn(ticket)) refute("was made before its turn");
  if (event.line != line_ || event.units != 1) refute("is not one unit of the list's line");
  if (!made_.emplace(event.id, ticket).second) refute("was made twice");
  return true;
}

}  // namespace flashsale::audit
