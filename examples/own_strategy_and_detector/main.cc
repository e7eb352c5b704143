// A host's own rules in the facade: an AllocationStrategy that lets members of a loyalty programme
// go first, and a BotDetector that knows the networks of hosting providers.  Sells three units to a
// small crowd in simulated time, and tells who got what and why.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "examples/own_strategy_and_detector/hosting_detector.h"
#include "examples/own_strategy_and_detector/loyalty_strategy.h"
#include "flashsale/backend/memory.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/testing/simulated_clock.h"

namespace own_rules {
namespace {

using namespace std::chrono_literals;
using flashsale::Code;
using flashsale::IpAddress;
using flashsale::UserId;

constexpr flashsale::Time kStart = flashsale::kMinTime + std::chrono::hours{1'000};
constexpr const char* kSale = "sneaker-drop";

struct Shopper {
  std::string name;
  IpAddress address;
  bool sends_user_agent;
  // What the rules of this file should give them.
  std::string_view expected;
  // What they got.
  std::string_view got = "nothing";

  UserId user() const { return UserId::FromText(name); }
};

// In the order in which they come, all of them before the start.
std::vector<Shopper> Crowd() {
  const auto at = [](std::string_view address) { return *IpAddress::Parse(address); };
  return {
      {"zoe", at("198.51.100.1"), true, "a pair"},
      {"scraper", at("203.0.113.9"), false, "denied"},
      {"ann", at("198.51.100.2"), true, "a pair"},
      {"vera, by VPN", at("203.0.113.77"), true, "asked for a challenge"},
      {"bob", at("198.51.100.3"), true, "sold out"},
      {"cleo", at("2001:db8::5"), true, "a pair"},
      {"dan", at("198.51.100.4"), true, "sold out"},
  };
}

// Takes a ticket, or learns why not.
bool Join(flashsale::FlashSaleService& shop, Shopper& shopper) {
  const flashsale::HeaderField user_agent{.name = "User-Agent", .value = "Mozilla/5.0"};
  const auto place =
      shop.Join({.sale = kSale,
                 .user = shopper.user(),
                 .context = {.address = shopper.address,
                             .headers = {&user_agent, shopper.sends_user_agent ? 1U : 0U}}});
  if (!place.ok()) return false;
  switch (place->outcome.code) {
    case Code::kDone:
      shopper.got = "a place in the queue";
      return true;
    case Code::kDenied:
      shopper.got = "denied";
      return false;
    case Code::kChallenge:
      shopper.got = "asked for a challenge";
      return false;
    default:
      return false;
  }
}

// Looks where they stand, and buys when they are let in.  True while they go on waiting.
bool Wait(flashsale::FlashSaleService& shop, Shopper& shopper) {
  const auto place = shop.Position(kSale, shopper.user());
  if (!place.ok()) return false;
  if (place->entry.state != flashsale::TicketState::kAdmitted) {
    if (place->sold_out_for_good) shopper.got = "sold out";
    return !place->sold_out_for_good;
  }
  const auto cart = flashsale::ReservationId::FromText(shopper.name);
  const flashsale::HeaderField user_agent{.name = "User-Agent", .value = "Mozilla/5.0"};
  const auto held =
      shop.Reserve({.sale = kSale,
                    .user = shopper.user(),
                    .id = cart,
                    .context = {.address = shopper.address, .headers = {&user_agent, 1}}});
  if (!held.ok() || held->code != Code::kDone) return false;
  const auto paid = shop.Confirm({.sale = kSale, .user = shopper.user(), .id = cart});
  if (paid.ok() && paid->code == Code::kDone) {
    shopper.got = "a pair";
    std::cout << shopper.name << " was let in and bought " << (shop.clock().Now() - kStart) / 1ms
              << " ms after the start\n";
  }
  return false;
}

int Run() {
  // All three outlive the service.
  const LoyaltyStrategy strategy({UserId::FromText("cleo"), UserId::FromText("ann")});
  HostingDetector hosting({{.address = *IpAddress::Parse("203.0.113.0"), .bits = 96 + 24},
                           {.address = *IpAddress::Parse("2001:db8:ffff::"), .bits = 48}});
  const auto bots = flashsale::CompositeBotDetector::New({.detectors = {{.detector = &hosting}}});
  if (!bots.ok()) return EXIT_FAILURE;

  const auto storage = flashsale::OpenMemoryStorage();
  if (!storage.ok()) return EXIT_FAILURE;
  flashsale::SimulatedClock clock(kStart - 1min);
  const auto service = flashsale::FlashSaleService::New(
      {.storage = **storage, .clock = &clock, .bots = bots->get(), .strategies = {&strategy}});
  if (!service.ok()) return EXIT_FAILURE;
  flashsale::FlashSaleService& shop = **service;
  // One person a second is let in, so that their order shows.
  const auto created = shop.Create({.id = kSale,
                                    .lines = {{.product = "sneakers", .units = 3}},
                                    .start = kStart,
                                    .end = kStart + 30min,
                                    .requires_admission = true,
                                    .admissions_per_second = 1},
                                   {.strategy = &strategy});
  if (!created.ok()) {
    std::cerr << created.status().ToString() << '\n';
    return EXIT_FAILURE;
  }

  std::vector<Shopper> crowd = Crowd();
  std::vector<Shopper*> waiting;
  for (Shopper& shopper : crowd) {
    clock.Advance(1s);
    if (Join(shop, shopper)) waiting.push_back(&shopper);
  }
  for (clock.Set(kStart); !waiting.empty() && clock.Now() < kStart + 1min; clock.Advance(100ms)) {
    shop.Poll();
    std::erase_if(waiting, [&](Shopper* shopper) { return !Wait(shop, *shopper); });
  }

  bool as_expected = waiting.empty();
  std::cout << '\n';
  for (const Shopper& shopper : crowd) {
    std::cout << shopper.name << (strategy.IsMember(shopper.user()) ? " (member)" : "") << ": "
              << shopper.got << '\n';
    if (shopper.got == shopper.expected) continue;
    std::cout << "  expected: " << shopper.expected << '\n';
    as_expected = false;
  }
  const auto stats = shop.ReadMetrics().bots.at(0).stats;
  std::cout << "the detector was asked " << stats.asked << " times and suspected "
            << stats.suspected << '\n';
  return as_expected ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace own_rules

int main() { return own_rules::Run(); }
