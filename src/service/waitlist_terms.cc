#include "service/waitlist_terms.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::string_view kStrategy = "waitlist-offer-us-";
// Nobody is let in faster than units come back.
constexpr QueuePace kPace = {.admissions_per_second = 10'000'000,
                             .max_in_flight = std::uint32_t{1} << 30};
// The longest that a queue knows.
constexpr Duration kTurn = std::chrono::hours{24};
constexpr Duration kNeverSilent = std::chrono::hours{24 * 400};
constexpr std::uint64_t kMostWaiting = std::uint64_t{1} << 31;
constexpr Duration kShortestHold = std::chrono::milliseconds{1};

}  // namespace

ReservationId OfferId(const OfferKey& key) {
  return ReservationId::FromBytes(id_internal::HashText(
      "offer", fmt::format("{}/{}/{}/{}/{}", key.sale.view(), key.line, key.user.ToString(),
                           key.epoch.time_since_epoch().count(), key.ticket)));
}

Status Waitlist::Check(const SaleTerms& terms, const WaitlistSetup& setup) {
  FieldCheck check;
  check.InRange<std::uint64_t>("max_waiting", setup.max_waiting, 1, kMostWaiting)
      .InRange("offer_hold", OfferHold(terms, setup), kShortestHold,
               std::min(terms.longest_hold.value_or(kMaxHold), kTurn));
  return check.status();
}

Duration OfferHold(const SaleTerms& terms, const WaitlistSetup& setup) {
  return setup.offer_hold.value_or(std::min(terms.hold, kTurn));
}

WaitlistSetup Completed(const SaleTerms& terms, WaitlistSetup setup) {
  setup.offer_hold = OfferHold(terms, setup);
  return setup;
}

QueueTerms ListTermsOf(const SaleTerms& terms, const WaitlistSetup& setup, std::uint16_t line) {
  return {.sale = WaitlistName(terms.id, line),
          .pace = kPace,
          .max_waiting = setup.max_waiting,
          .admission_window = kTurn,
          .grant = 1,
          .heartbeat_timeout = kNeverSilent,
          .strategy = fmt::format("{}{}", kStrategy, OfferHold(terms, setup).count())};
}

std::optional<WaitlistSetup> SetupOf(const QueueTerms& list) {
  const std::string_view name = list.strategy;
  if (!name.starts_with(kStrategy)) return std::nullopt;
  Duration::rep us = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kStrategy.size(), end, us);
  if (error != std::errc() || stop != end || us <= 0) return std::nullopt;
  return WaitlistSetup{
      .enabled = true, .max_waiting = list.max_waiting, .offer_hold = Duration(us)};
}

Status OtherWaitlist(const WaitlistSetup& asked, const WaitlistSetup& made) {
  constexpr std::string_view kMadeSo = "with which the sale's waitlists were made";
  if (asked.max_waiting != made.max_waiting) {
    return {StatusCode::kAlreadyExists, fmt::format("max_waiting: {}, expected {}, {}",
                                                    asked.max_waiting, made.max_waiting, kMadeSo)};
  }
  return {StatusCode::kAlreadyExists,
          fmt::format("offer_hold: {} us, expected {} us, {}",
                      asked.offer_hold.value_or(Duration(0)).count(),
                      made.offer_hold.value_or(Duration(0)).count(), kMadeSo)};
}

}  // namespace flashsale::inline v0
