// Waitlists in random runs: whatever is cancelled, lapses, is refunded or comes in waves goes to
// those who wait, in order, and no unit is left where somebody waits for it.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "tests/service/waitlist_world.h"

namespace flashsale::service_test {
namespace {

constexpr std::uint64_t kUsers = 14;
constexpr std::uint16_t kLines = 2;
constexpr int kSteps = 400;

struct Plan {
  std::uint64_t seed = 1;
  bool queued = false;
  std::size_t servers = 1;
  // Of calls to Apply, in a thousand.
  std::uint32_t refused = 0;
};

SaleTerms TermsFor(const Plan& plan) {
  SaleTerms terms = plan.queued ? Shop::QueuedTerms() : Shop::Terms();
  terms.lines = {{.product = "a", .units = 6, .released_at_first = 2},
                 {.product = "b", .units = 3}};
  // Of the last there is enough that people are let in although the others are gone.
  if (plan.queued) terms.lines.push_back({.product = "c", .units = 1'000});
  terms.waves = {{.at = Shop::kOpening + 5min, .line = 0, .released = 4},
                 {.at = Shop::kOpening + 9min, .line = 0, .released = 6}};
  terms.limit_per_user = 2;
  terms.max_open_holds = 4;
  terms.hold = 1min;
  return terms;
}

// An offer by what it is made for.
using Ticket = std::pair<std::uint16_t, std::uint64_t>;  // line, ticket

class RandomSale {
 public:
  explicit RandomSale(const Plan& plan)
      : plan_(plan),
        random_(plan.seed),
        shop_(TermsFor(plan), {.enabled = true, .offer_hold = 90s}, {},
              {.decide = [this](StorageCall call) { return Decide(call); }}) {
    for (std::size_t i = 1; i < plan.servers; ++i) others_.push_back(shop_.Open());
    for (const auto& other : others_) other->waitlist().Observe(&shop_.observer);
  }

  void Run() {
    for (int step = 0; step < kSteps; ++step) {
      Step();
      CheckConservation();
      if (plan_.servers == 1 && plan_.refused == 0) CheckClaims();
    }
    faulty_ = false;
    Drain();
    Audit();
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  Fault Decide(StorageCall call) {
    const bool applies = call == StorageCall::kApply || call == StorageCall::kMarkUsed ||
                         call == StorageCall::kAdmit;
    if (!faulty_ || !applies || plan_.refused == 0 || Below(1'000) >= plan_.refused) {
      return Fault::kNone;
    }
    return OneIn(2) && call == StorageCall::kApply ? Fault::kLostReply : Fault::kRefused;
  }

  FlashSaleService& Server() {
    const std::size_t which = Below(plan_.servers);
    return which == 0 ? shop_.service() : *others_[which - 1];
  }

  void Step() {
    const UserId user = UserId::FromInteger(Below(kUsers));
    const auto line = static_cast<std::uint16_t>(Below(kLines));
    FlashSaleService& server = Server();
    switch (Below(12)) {
      case 0:
      case 1:
        Join(server, user, line);
        break;
      case 2:
        (void)server.WaitlistPosition({.sale = "drop", .user = user, .line = line});
        break;
      case 3:
        if (OneIn(2)) (void)server.LeaveWaitlist({.sale = "drop", .user = user, .line = line});
        break;
      case 4:
      case 5:
        Reserve(server, user, line);
        break;
      case 6:
      case 7:
        EndSome(server);
        break;
      case 8:
        if (plan_.queued) (void)server.Join({.sale = "drop", .user = user});
        break;
      default:
        shop_.clock().Advance(std::chrono::milliseconds{Below(OneIn(8) ? 60'000 : 3'000)});
        server.Poll();
        break;
    }
  }

  void Join(FlashSaleService& server, const UserId& user, std::uint16_t line) {
    // Only who was let in may join.
    if (plan_.queued) (void)server.Join({.sale = "drop", .user = user});
    const auto place = server.JoinWaitlist({.sale = "drop", .user = user, .line = line});
    if (!place.ok() || place->outcome.code != Code::kDone) return;
    CHECK(place->position == shop_.ListState(line).waiting.front());
  }

  void Reserve(FlashSaleService& server, const UserId& user, std::uint16_t line) {
    const ReservationId id = ReservationId::FromInteger(++last_id_);
    const bool waits = shop_.ListState(line).waiting.front() != 0;
    const auto held = server.Reserve({.sale = "drop",
                                      .user = user,
                                      .id = id,
                                      .line = line,
                                      .units = static_cast<Units>(1 + Below(2))});
    if (!held.ok() || held->code != Code::kDone) return;
    // Where one server knows of all who wait, nobody comes before them.
    if (plan_.servers == 1) CHECK_FALSE(waits);
    holds_.emplace_back(user, id);
  }

  // A hold, or an offer, is confirmed (perhaps in part), cancelled or refunded.
  void EndSome(FlashSaleService& server) {
    std::vector<std::pair<UserId, ReservationId>> all = holds_;
    for (const WaitlistOffer& offer : shop_.observer.offered)
      all.emplace_back(offer.user, offer.id);
    if (all.empty()) return;
    const auto& [user, id] = all[Below(all.size())];
    switch (Below(4)) {
      case 0:
        (void)server.Confirm({.sale = "drop", .user = user, .id = id, .units = Units{OneIn(2)}});
        break;
      case 1:
        (void)server.Void({.sale = "drop", .user = user, .id = id});
        break;
      default:
        (void)server.Cancel({.sale = "drop", .user = user, .id = id});
        break;
    }
  }

  std::vector<Event> Log() {
    std::vector<Event> events(100'000);
    const auto page = shop_.storage().inventory().ReadEvents("drop", 0, events);
    REQUIRE(page.ok());
    events.resize(page->count);
    return events;
  }

  void CheckConservation() {
    const auto stock = shop_.service().ReadStock("drop");
    REQUIRE(stock.ok());
    for (const Stock& line : stock->lines) {
      REQUIRE(std::uint64_t{line.reserved} + line.sold + line.available() == line.released);
      REQUIRE(line.released <= line.limit);
    }
  }

  // Right after a Poll nothing is available of what somebody waits for.
  void CheckClaims() {
    const Time now = shop_.clock().Now();
    while (shop_.service().waitlist().Poll(SaleId("drop"), now) <= now) {
    }
    const auto stock = shop_.service().ReadStock("drop");
    REQUIRE(stock.ok());
    if (stock->phase != Phase::kOpen) return;
    for (std::uint16_t line = 0; line < kLines; ++line) {
      if (stock->lines[line].available() != 0) {
        REQUIRE(shop_.ListState(line).waiting.front() == 0);
      }
    }
  }

  // Time passes and nobody does anything: what is there goes to those who wait.
  void Drain() {
    for (int i = 0; i < 200; ++i) {
      shop_.Pass(1s, 500ms);
      for (const auto& other : others_) other->Poll();
    }
    const auto stock = shop_.service().ReadStock("drop");
    for (std::uint16_t line = 0; line < kLines; ++line) {
      const QueueState state = shop_.ListState(line);
      CAPTURE(line);
      CAPTURE(stock->lines[line].available());
      CAPTURE(state.unused);
      CHECK((stock->lines[line].available() == 0 || state.waiting.front() == 0));
    }
  }

  // From the log and what observers were told: each offer was made once, in the order of tickets,
  // and nobody had two of a line at once.
  void Audit() {
    std::map<ReservationId, WaitlistOffer> offers;
    for (const WaitlistOffer& offer : shop_.observer.offered) offers[offer.id] = offer;
    std::set<ReservationId> made;
    std::map<std::uint16_t, std::uint64_t> last_ticket;
    std::map<std::pair<std::uint16_t, UserId>, ReservationId> live;
    std::uint64_t made_count = 0;
    for (const Event& event : Log()) {
      const auto offer = offers.find(event.id);
      if (offer == offers.end()) continue;
      const std::pair key(event.line, event.user);
      if (event.type == EventType::kReserved) {
        ++made_count;
        CHECK(event.units == 1);
        CHECK(event.user == offer->second.user);
        CHECK(made.insert(event.id).second);
        CHECK_FALSE(live.contains(key));
        live[key] = event.id;
        if (plan_.refused == 0) CHECK(offer->second.ticket > last_ticket[event.line]);
        last_ticket[event.line] = std::max(last_ticket[event.line], offer->second.ticket);
      } else if (live.contains(key) && live[key] == event.id) {
        live.erase(key);
      }
    }
    CHECK(made_count == offers.size());
    offers_made += made_count;
  }

 public:
  static inline std::uint64_t offers_made = 0;

 private:
  const Plan plan_;
  std::mt19937_64 random_;
  bool faulty_ = true;
  ListShop shop_;
  std::vector<std::unique_ptr<FlashSaleService>> others_;
  std::vector<std::pair<UserId, ReservationId>> holds_;
  std::uint64_t last_id_ = 0;
};

void RunSeeds(Plan plan, std::uint64_t seeds) {
  RandomSale::offers_made = 0;
  for (; plan.seed <= seeds; ++plan.seed) {
    CAPTURE(plan.seed);
    RandomSale(plan).Run();
  }
  CHECK(RandomSale::offers_made > 10 * seeds);
}

TEST_CASE("returned units go to those who wait, in order, and none is stuck") { RunSeeds({}, 20); }
TEST_CASE("returned units go to those who wait, beside a queue") { RunSeeds({.queued = true}, 12); }
TEST_CASE("returned units go to those who wait, on two servers") {
  RunSeeds({.servers = 2}, 12);
  RunSeeds({.queued = true, .servers = 2}, 6);
}
TEST_CASE("returned units go to those who wait, through failures") {
  RunSeeds({.refused = 100}, 10);
  RunSeeds({.servers = 2, .refused = 100}, 10);
}

}  // namespace
}  // namespace flashsale::service_test
