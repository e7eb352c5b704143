#ifndef FLASHSALE_SRC_SERVICE_WAITLIST_TERMS_H_
#define FLASHSALE_SRC_SERVICE_WAITLIST_TERMS_H_

#include <cstdint>
#include <optional>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// A waitlist is a line of a QueueRepository: nobody gathers or falls silent in it, and as many are
// let in as there are units for.  How long its offers are held stands in the name of its strategy,
// so that every server knows it; there is no strategy of that name.

// REQUIRES: Waitlist::Check(terms, setup) is OK.
QueueTerms ListTermsOf(const SaleTerms& terms, const WaitlistSetup& setup, std::uint16_t line);

// What the list was made with.  Nothing where these are no terms of a waitlist.
std::optional<WaitlistSetup> SetupOf(const QueueTerms& list);

// AlreadyExists, naming the first member that was asked for and is another in what is there.
// REQUIRES: they differ.
Status OtherWaitlist(const WaitlistSetup& asked, const WaitlistSetup& made);

// How long offers are held.
Duration OfferHold(const SaleTerms& terms, const WaitlistSetup& setup);

// The same setup with its optional members set.
WaitlistSetup Completed(const SaleTerms& terms, WaitlistSetup setup);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_WAITLIST_TERMS_H_
