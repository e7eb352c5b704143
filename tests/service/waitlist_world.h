#ifndef FLASHSALE_TESTS_SERVICE_WAITLIST_WORLD_H_
#define FLASHSALE_TESTS_SERVICE_WAITLIST_WORLD_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/service/waitlist.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {

// How a turn ended, by the number of its user.
struct Ended {
  std::uint64_t user = 0;
  OfferEnd end = OfferEnd::kLapsed;
  Code code = Code::kDone;

  friend bool operator==(const Ended&, const Ended&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Ended& ended) {
    return out << "user " << ended.user << ", end " << static_cast<int>(ended.end) << ", "
               << Name(ended.code);
  }
};

inline std::uint64_t NumberOf(const UserId& user) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | user.bytes()[i];
  return number;
}

class Recorder final : public WaitlistObserver {
 public:
  void OnOffered(Time /*now*/, std::span<const WaitlistOffer> offers) override {
    if (throws) throw std::runtime_error("no");
    offered.insert(offered.end(), offers.begin(), offers.end());
  }
  void OnEnded(Time /*now*/, const WaitlistOffer& offer, OfferEnd end,
               const Outcome& outcome) override {
    if (throws) throw std::runtime_error("no");
    ended.push_back({NumberOf(offer.user), end, outcome.code});
  }

  bool throws = false;
  std::vector<WaitlistOffer> offered;
  std::vector<Ended> ended;
};

// A shop whose sale "drop", of three units, has waitlists.  Its units are sold to users from 100
// on.
class ListShop : public Shop {
 public:
  static constexpr Duration kOfferHold = 2min;
  static constexpr std::uint64_t kBuyer = 100;

  static SaleTerms Terms() { return Shop::Terms(3); }
  static SaleTerms QueuedTerms() { return Shop::QueuedTerms(3); }
  static SaleTerms LongTerms() {
    SaleTerms terms = Terms();
    terms.end = kOpening + std::chrono::hours{24 * 25};
    terms.hold = std::chrono::hours{24 * 25};
    return terms;
  }
  static WaitlistSetup Setup() { return {.enabled = true, .offer_hold = kOfferHold}; }

  explicit ListShop(const SaleTerms& terms = Terms(), const WaitlistSetup& setup = Setup(),
                    const Change& change = {}, FaultPlan faults = {}, const QueueSetup& queue = {})
      : Shop(change, std::move(faults)) {
    const auto created = service().Create(terms, queue, setup);
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
    service().waitlist().Observe(&observer);
    At(0s);
  }

  void Poll() {
    clock().Advance(100ms);
    service().Poll();
  }

  // Holds so many units of the first line, one each for users from 100 on.
  void SellOut(std::uint64_t units = 3) {
    for (std::uint64_t i = 0; i < units; ++i) REQUIRE(Reserve(kBuyer + i) == Code::kDone);
  }
  void SellOutQueued(std::uint64_t units = 3) {
    for (std::uint64_t i = 0; i < units; ++i) Join(kBuyer + i);
    Pass(1s);
    SellOut(units);
  }
  // Lets these in, three at the most; then others are quicker and hold all of the three units.
  void LetInTooLate(std::initializer_list<std::uint64_t> users) {
    for (const std::uint64_t user : users) Join(user);
    Pass(1s);
    for (const std::uint64_t user : users) REQUIRE(IsAdmitted(user));
    for (std::uint64_t i = 0; i < 3; ++i) Steal(kBuyer + i, 1, /*admission=*/1);
  }
  // The first so many of them after `from` cancel.
  void GiveBack(std::uint64_t units, std::uint64_t from = 0) {
    for (std::uint64_t i = from; i < from + units; ++i) REQUIRE(Cancel(kBuyer + i) == Code::kDone);
  }
  // Takes a unit past the service, as a call that was under way before anybody waited.
  void Steal(std::uint64_t user, std::uint64_t id = 1, std::uint64_t admission = 0) {
    const Command command{.verb = Verb::kReserve,
                          .units = 1,
                          .admission_grant = admission == 0 ? 0U : 1U,
                          .admission_number = admission,
                          .user = UserId::FromInteger(user),
                          .id = ReservationId::FromInteger(id)};
    Outcome outcome;
    REQUIRE(storage().inventory().Apply("drop", clock().Now(), {&command, 1}, {&outcome, 1}).ok());
    REQUIRE(outcome.code == Code::kDone);
  }

  WaitlistPlace JoinList(std::uint64_t user, std::uint16_t line = 0) {
    const auto place =
        service().JoinWaitlist({.sale = "drop", .user = UserId::FromInteger(user), .line = line});
    REQUIRE_MESSAGE(place.ok(), place.status().ToString());
    return *place;
  }
  WaitlistPlace PlaceOf(std::uint64_t user, std::uint16_t line = 0) {
    const auto place = service().WaitlistPosition(
        {.sale = "drop", .user = UserId::FromInteger(user), .line = line});
    REQUIRE_MESSAGE(place.ok(), place.status().ToString());
    return *place;
  }
  Code LeaveList(std::uint64_t user, std::uint16_t line = 0) {
    const auto left =
        service().LeaveWaitlist({.sale = "drop", .user = UserId::FromInteger(user), .line = line});
    REQUIRE_MESSAGE(left.ok(), left.status().ToString());
    return left->code;
  }
  Code ConfirmOffer(std::uint64_t user, const ReservationId& id) {
    return service().Confirm({.sale = "drop", .user = UserId::FromInteger(user), .id = id})->code;
  }
  Code CancelOffer(std::uint64_t user, const ReservationId& id) {
    return service().Cancel({.sale = "drop", .user = UserId::FromInteger(user), .id = id})->code;
  }
  std::optional<Reservation> Find(std::uint64_t user, const ReservationId& id) {
    return *service().Find("drop", UserId::FromInteger(user), id);
  }
  QueueState ListState(std::uint16_t line = 0) {
    return *storage().waitlists().Read(WaitlistName("drop", line), clock().Now());
  }
  ReservationId OfferIdOf(std::uint64_t user, std::uint16_t line = 0) {
    return OfferId({.sale = "drop",
                    .line = line,
                    .user = UserId::FromInteger(user),
                    .epoch = ListState(line).opened_at,
                    .ticket = PlaceOf(user, line).entry.ticket});
  }

  Recorder observer;
};

}  // namespace flashsale::service_test

#endif  // FLASHSALE_TESTS_SERVICE_WAITLIST_WORLD_H_
