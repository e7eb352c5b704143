#ifndef FLASHSALE_SERVICE_REQUESTS_H_
#define FLASHSALE_SERVICE_REQUESTS_H_

#include <cstdint>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/policy/request_context.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What a host asks the service for, one struct a call.  The sale is its id, or what
// FlashSaleService::Resolve gave for it, which is quicker.

// To stand in the virtual queue.
struct JoinRequest {
  SaleRef sale;
  UserId user = {};
  // Which of the queue's lines, as the host ranks its users; from 0.
  std::uint8_t tier = 0;
  // Their referral credits, as the host counts them; see QueueSetup::credits_for.  They count when
  // the ticket is given: what a later join brings moves nobody, unless they leave and join anew,
  // behind all.
  std::uint32_t credits = 0;
  // The ticket that they were given (FlashSaleService::IssueToken).  Of a queue that was lost with
  // its store's memory it brings back their place, within QueueSetup::restore_window, also where
  // they have joined without it; of this one, or where it does not verify, it means nothing.
  std::string_view ticket = {};
  RequestContext context = {};
};

// To wait for a unit of a line whose units are gone.  Of a sale with a queue: for who was let in.
struct JoinWaitlistRequest {
  SaleRef sale;
  UserId user = {};
  // Which line of the terms, from 0.
  std::uint16_t line = 0;
  // The admission token that they were given; as ReserveRequest::admission.
  std::string_view admission = {};
  RequestContext context = {};
};

// To ask about, or to give up, a place in a waitlist.
struct WaitlistRequest {
  SaleRef sale;
  UserId user = {};
  std::uint16_t line = 0;
};

// To hold units.
struct ReserveRequest {
  SaleRef sale;
  UserId user = {};
  // The idempotency key: made and kept by the caller before it sends, the same in every resend.
  ReservationId id = {};
  // Which line of the terms, from 0.
  std::uint16_t line = 0;
  Units units = 1;
  // The limit that the host grants this user, up to the ceiling of the terms; 0: that of the terms.
  Units user_limit = 0;
  // What else the units are charged to, in the order of SaleTerms::key_limits; nil: nothing.
  LimitKeys keys = {};
  // Kept with the hold and returned by Find and in events; for example a promised price.
  std::uint64_t quote = 0;
  // The caller knows that it sends again.  On a store that is shared across processes only such a
  // request is looked up by its id where a gate would refuse it.
  bool resend = false;
  // The admission token that they were given (FlashSaleService::IssueToken).  It admits where the
  // queue that admitted them was lost, or cannot be asked; else what the queue knows counts.
  std::string_view admission = {};
  RequestContext context = {};
};

// To buy what is held, or a part of it: the rest goes back.
struct ConfirmRequest {
  SaleRef sale;
  UserId user = {};
  ReservationId id = {};
  Units units = 0;  // 0: all
};

// To give back what is held.
struct CancelRequest {
  SaleRef sale;
  UserId user = {};
  ReservationId id = {};
};

// To hold it for longer.
struct ExtendRequest {
  SaleRef sale;
  UserId user = {};
  ReservationId id = {};
};

// An operator's: to refund a purchase.
struct VoidRequest {
  SaleRef sale;
  UserId user = {};
  ReservationId id = {};
};

// An operator's: a wave of stock.
struct ReleaseRequest {
  SaleRef sale;
  std::uint16_t line = 0;
  // How many shall have been released in all, so that a resend releases nothing twice.
  Units units = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_REQUESTS_H_
