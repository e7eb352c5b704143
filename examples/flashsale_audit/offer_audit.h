#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OFFER_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OFFER_AUDIT_H_

#include <cstdint>
#include <string>
#include <unordered_map>

#include "examples/flashsale_audit/claim.h"
#include "examples/flashsale_audit/queue_audit.h"
#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/domain/event.h"

namespace flashsale::audit {

// Which reservations are offers of a waitlist, and whether each was made in its turn.  An offer is
// told by its id, which follows from sale, line, user, ticket and the opening of the list
// (service/waitlist.h).  That turns come in the order of tickets is QueueAudit's to judge.
//
// Thread safety: as an int.  Memory: 40 bytes a ticket.
class OfferAudit {
 public:
  OfferAudit(const SaleId& sale, std::uint16_t line, Time opened_at, const std::string& label);

  void OnJoined(std::uint64_t ticket, const UserId& user);
  // Whether it is an offer of this list, and then judges it.  `list`: whose tickets they are.
  bool OnReserved(std::uint64_t commit, const Event& event, const QueueAudit& list);
  void OnBought(const Event& event) { bought_ += made_.contains(event.id) ? 1U : 0U; }

  std::uint16_t line() const { return line_; }
  std::uint64_t offers() const { return made_.size(); }
  std::uint64_t bought() const { return bought_; }
  const Claim& claim() const { return claim_; }

 private:
  struct HashOfId {
    std::size_t operator()(const ReservationId& id) const { return sim::HashId(id.bytes()); }
  };

  const SaleId sale_;
  const std::uint16_t line_;
  const Time opened_at_;
  std::unordered_map<ReservationId, std::uint64_t, HashOfId> tickets_;
  std::unordered_map<ReservationId, std::uint64_t, HashOfId> made_;
  std::uint64_t bought_ = 0;
  Claim claim_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OFFER_AUDIT_H_
