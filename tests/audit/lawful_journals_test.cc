// Whatever the library writes is believed: nothing is refuted that is right.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/backend/journal.h"
#include "flashsale/policy/priority_strategy.h"
#include "flashsale/testing/conformance.h"
#include "tests/audit/audited.h"
#include "tests/audit/kept_shop.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/journal/reopen.h"

namespace flashsale::audit_test {
namespace {

using journal_test::Kept;
using journal_test::MemoryMedium;

// Audits what each check of a part has left.
void AuditPart(std::string_view name) {
  std::vector<std::shared_ptr<Kept>> journals;
  const StorageFactory open = [&journals](const StorageNeeds& needs) {
    journals.push_back(std::make_shared<Kept>());
    return journal_test::Reopen(journals.back(), needs);
  };
  ConformanceOptions options;
  options.random.seeds = 20;
  options.contention_runs = 2;
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != name) continue;
    for (const CheckResult& result : part.run(open, options)) {
      CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
    }
  }
  std::uint64_t events = 0;
  std::uint64_t queue_events = 0;
  for (const auto& journal : journals) {
    MemoryMedium medium(journal);
    const AuditReport report = AuditOf(medium);
    events += report.journal.sale_events;
    queue_events += report.journal.queue_events;
    CHECK_MESSAGE(Refuted(report).empty(), Refuted(report));
  }
  CHECK(events + queue_events > 100);
  MESSAGE(std::string(name) << ": " << journals.size() << " journals, " << events << " and "
                            << queue_events << " events");
}

TEST_CASE("what the scripts of the contract leave is believed") { AuditPart("scripts, batched"); }
TEST_CASE("what queues leave is believed") { AuditPart("queues"); }
TEST_CASE("what random runs leave is believed") { AuditPart("random runs"); }
TEST_CASE("what crowds leave is believed") { AuditPart("contention"); }

// A sale by chance: restarts, pauses, a wave, a waitlist, and perhaps a queue of two tiers that
// take turns.
AuditReport Play(std::uint64_t seed, bool queued) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  const auto kept = std::make_shared<Kept>();
  const auto strategy = PriorityStrategy::New({.weights = {2, 1}});
  REQUIRE(strategy.ok());
  KeptShop shop([&kept] { return journal_test::Reopen(kept); },
                [&](FlashSaleServiceOptions& options) { options.strategies = {strategy->get()}; });
  SaleTerms terms = KeptShop::Terms(9);
  terms.lines[0].released_at_first = 3;
  terms.waves = {{.at = KeptShop::kOpening + 3min, .line = 0, .released = 9}};
  terms.admissions_per_second = 20;
  terms.limit_per_user = 3;
  terms.hold = 60s;
  terms.late_confirm = LateConfirm::kRevive;
  terms.requires_admission = queued;
  QueueSetup queue;
  if (queued) {
    queue = {.strategy = strategy->get(),
             .max_in_flight = static_cast<std::uint32_t>(5 + below(40)),
             .admission_window = 1min,
             .grant = 2,
             .heartbeat_timeout = 90s,
             .tiers = 2,
             .opens_after = {0s, Duration(static_cast<Duration::rep>(below(2) * 20'000'000))}};
  }
  shop.Create(terms, queue, {.enabled = true, .offer_hold = 30s});
  bool paused = false;
  for (int step = 0; step < 4'000; ++step) {
    shop.clock().Advance(Duration(static_cast<Duration::rep>(below(400'000))));
    const std::uint64_t user = below(60);
    const auto id = ReservationId::FromInteger(below(4));
    const auto who = UserId::FromInteger(user);
    switch (below(15)) {
      case 0:
      case 1:
      case 2:
        (void)shop.service().Join(
            {.sale = "drop", .user = who, .tier = static_cast<std::uint8_t>(user % 2)});
        break;
      case 3:
      case 4:
      case 5:
        (void)shop.service().Reserve({.sale = "drop", .user = who, .id = id});
        break;
      case 6:
        (void)shop.Confirm(user, id);
        break;
      case 7:
        (void)shop.Cancel(user, id);
        break;
      case 8:
      case 12:
      case 13:
      case 14:
        (void)shop.service().JoinWaitlist({.sale = "drop", .user = who});
        break;
      case 9: {
        const auto place = shop.service().WaitlistPosition({.sale = "drop", .user = who});
        if (place.ok() && !place->offer.is_nil()) (void)shop.Confirm(user, place->offer);
        break;
      }
      case 10:
        (void)shop.Leave(user);
        break;
      default:
        if (below(20) == 0) {
          paused = !paused;
          (void)(paused ? shop.service().Pause("drop") : shop.service().Resume("drop"));
        } else if (below(40) == 0) {
          shop.Restart();
        } else if (below(20) == 0) {
          (void)shop.service().Void({.sale = "drop", .user = who, .id = id});
        }
    }
    shop.service().Poll();
  }
  (void)shop.service().Close("drop");
  shop.Pass(3min, 1s);
  shop.Close();
  MemoryMedium medium(kept);
  const AuditReport report = AuditOf(medium);
  CHECK_MESSAGE(Refuted(report).empty(), Refuted(report));
  return report;
}

TEST_CASE("what threads do at once is believed") {
  const auto kept = std::make_shared<Kept>();
  KeptShop shop([&kept] { return journal_test::Reopen(kept); });
  SaleTerms terms = KeptShop::Terms(40);
  terms.limit_per_user = 2;
  terms.hold = 2s;
  terms.admissions_per_second = 1'000;
  shop.Create(terms, {.max_in_flight = 30, .admission_window = 5s, .grant = 2},
              {.enabled = true, .offer_hold = 2s});
  shop.At(0s);
  constexpr std::size_t kShoppers = 3;
  std::atomic<std::size_t> shopping{kShoppers};
  AtOnce(kShoppers + 1, [&](std::size_t thread) {
    if (thread == kShoppers) {
      // Once more, so that whoever came last is looked at, too.
      do {
        shop.clock().Advance(5ms);
        shop.service().Poll();
      } while (shopping.load() != 0);
      return;
    }
    std::mt19937_64 random(thread + 1);
    for (int call = 0; call < 8'000; ++call) {
      const std::uint64_t user = random() % 120;
      const auto who = UserId::FromInteger(user);
      const auto id = ReservationId::FromInteger(random() % 3);
      switch (random() % 8) {
        case 0:
        case 1:
          (void)shop.Join(user);
          break;
        case 2:
        case 3:
        case 4:
          (void)shop.service().Reserve({.sale = "drop", .user = who, .id = id});
          break;
        case 5:
          (void)shop.Cancel(user, id);
          break;
        case 6:
          (void)shop.service().JoinWaitlist({.sale = "drop", .user = who});
          break;
        default:
          if (random() % 4 == 0) (void)shop.Leave(user);
          if (random() % 8 == 0) (void)shop.Confirm(user, id);
      }
    }
    --shopping;
  });
  shop.Close();
  MemoryMedium medium(kept);
  const AuditReport report = AuditOf(medium);
  CHECK_MESSAGE(Refuted(report).empty(), Refuted(report));
  CHECK(LookedAt(report, "queue: tickets") > 20);
}

TEST_CASE("whatever happens in a sale by chance is believed") {
  std::map<std::string, std::uint64_t> looked_at;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (const Claim& claim : ClaimsOf(Play(seed, seed % 2 == 0))) {
      looked_at[std::string(claim.name())] += claim.looked_at();
    }
  }
  for (const auto& [name, count] : looked_at) CHECK_MESSAGE(count > 5, name);
  CHECK(looked_at.size() > 25);
}

}  // namespace
}  // namespace flashsale::audit_test
