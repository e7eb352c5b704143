#ifndef FLASHSALE_POLICY_TOKEN_CLAIMS_H_
#define FLASHSALE_POLICY_TOKEN_CLAIMS_H_

#include <cstdint>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What an admission token says: this user has been let in to this sale.  A plain value.
struct AdmissionClaims {
  SaleId sale;
  UserId user = {};
  // The line of the queue that the user waited in.
  std::uint8_t tier = 0;
  // See Admission.  1 to 2^53 - 1.
  std::uint64_t number = 0;
  // How many reserves the admission is good for; at least 1.
  std::uint32_t grant = 0;
  // When it begins; kMinTime: it has begun.
  Time not_before = kMinTime;
  // It is good before this instant, no longer at it.  After not_before.
  Time expires_at = kMinTime;

  friend bool operator==(const AdmissionClaims&, const AdmissionClaims&) = default;
};

// What a queue ticket says: this user waits here.  A plain value.
struct TicketClaims {
  SaleId sale;
  UserId user = {};
  std::uint8_t tier = 0;
  // See QueueEntry.  1 to 2^53 - 1.
  std::uint64_t ticket = 0;
  // The place in line when the ticket was issued, at most 2^53 - 1; 0: none yet, before a draw.  Above
  // 2^52: one that was brought back from an earlier queue, see docs/tokens.md.
  std::uint64_t place = 0;
  // When the queue was opened: tickets of two queues with one name differ in it.
  Time epoch = kMinTime;
  Time joined_at = kMinTime;
  // It is good before this instant, no longer at it.  After joined_at.
  Time expires_at = kMinTime;

  friend bool operator==(const TicketClaims&, const TicketClaims&) = default;
};

// InvalidArgument, which names the first field that is out of its range.
// Thread safety: any thread.  Allocates nothing where the claims are lawful.
FLASHSALE_EXPORT Status Validate(const AdmissionClaims& claims);
FLASHSALE_EXPORT Status Validate(const TicketClaims& claims);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_TOKEN_CLAIMS_H_
