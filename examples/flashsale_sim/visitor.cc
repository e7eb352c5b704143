#include "examples/flashsale_sim/visitor.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

namespace flashsale::sim {
namespace {

using std::chrono::milliseconds;
using Purpose = Dice::Purpose;

// How many accounts of a farm share a device, and an address.
constexpr std::uint64_t kAccountsPerDevice = 40;
constexpr std::uint64_t kAccountsPerAddress = 25;
// One in so many people comes through a mobile network, of which so many share an address.
constexpr std::uint64_t kMobileOneIn = 5;
constexpr std::uint64_t kPeoplePerMobileAddress = 16;

struct Browser {
  std::string_view user_agent;
  std::string_view platform;
};
constexpr std::array<Browser, 4> kBrowsers = {
    {{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
      "Gecko) Version/18.2 Mobile/15E148 Safari/604.1",
      "\"iOS\""},
     {"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
      "Mobile Safari/537.36",
      "\"Android\""},
     {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
      "Chrome/131.0.0.0 Safari/537.36",
      "\"Windows\""},
     {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
      "\"macOS\""}}};
constexpr std::array<std::string_view, 4> kLanguages = {"en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.6",
                                                        "fr-FR,fr;q=0.9", "ja-JP,ja;q=0.9"};

// How somebody's inputs are spaced: from `least`, and up to `spread` beyond it.
struct Rhythm {
  Duration on_page_least;
  Duration on_page_spread;
  Duration interval_least;
  Duration interval_spread;
};
constexpr std::array<Rhythm, kPersonas> kRhythms = {{
    {milliseconds(600), milliseconds(60'000), milliseconds(60), milliseconds(2'500)},
    {milliseconds(700), milliseconds(900), milliseconds(180), milliseconds(30)},
    {milliseconds(30), milliseconds(60), milliseconds(100), milliseconds(2)},
    {milliseconds(500), milliseconds(1'500), milliseconds(150), milliseconds(400)},
    {milliseconds(450), milliseconds(1'200), milliseconds(120), milliseconds(700)},
}};

// Rolls for networks are apart from those for shoppers, and devices of people from those of farms.
constexpr std::uint64_t kNetworks = std::uint64_t{1} << 62;
constexpr std::uint64_t kMobile = std::uint64_t{1} << 61;
constexpr std::uint64_t kOwnDevice = std::uint64_t{1} << 63;

std::uint64_t AtLeastOne(std::uint64_t count) { return std::max<std::uint64_t>(count, 1); }

// About how many accounts the farms have.
std::uint64_t FarmAccounts(const Visitor::Crowd& crowd) {
  return crowd.shoppers * crowd.bots_per_million / 1'000'000 / (kPersonas - 1);
}

// From 0 to `most`, more often short than long: the square of an even roll.
Duration Short(Duration most, std::uint64_t roll) {
  const auto part = static_cast<std::int64_t>(roll % 1'000);
  return most * (part * part) / 1'000'000;
}

std::uint8_t ByteOf(std::uint64_t number, int index) {
  return static_cast<std::uint8_t>(number >> (8 * index));
}

IpAddress Ipv4Of(std::uint64_t number) {
  // Neither 0.x, 10.x, 127.x nor anything above 223: an address that could be anybody's.
  constexpr std::array<std::uint8_t, 8> kFirst = {24, 46, 62, 78, 91, 108, 151, 188};
  return IpAddress::FromIpv4({kFirst[number >> 24 & 7], ByteOf(number, 2), ByteOf(number, 1),
                              static_cast<std::uint8_t>(1 + ByteOf(number, 0) % 254)});
}

IpAddress Ipv6Of(std::uint64_t network, std::uint64_t host) {
  IpAddress::Bytes bytes{0x2A, 0x02};
  for (std::size_t i = 0; i < 6; ++i) bytes[2 + i] = ByteOf(network, static_cast<int>(i));
  for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = ByteOf(host, static_cast<int>(i));
  return IpAddress::FromIpv6(bytes);
}

}  // namespace

Visitor::Visitor(const Dice& dice, const Crowd& crowd)
    : dice_(dice),
      farm_devices_(AtLeastOne(FarmAccounts(crowd) / kAccountsPerDevice)),
      farm_addresses_(AtLeastOne(FarmAccounts(crowd) / kAccountsPerAddress)),
      mobile_addresses_(AtLeastOne(crowd.shoppers / kMobileOneIn / kPeoplePerMobileAddress)) {}

IpAddress Visitor::AddressOf(Persona persona, std::uint32_t shopper) const {
  const std::uint64_t roll = dice_.Roll(Purpose::kAddress, std::uint64_t{shopper} << 1);
  if (persona == Persona::kScalperFarm) {
    // A few machines next to each other in a data centre.
    const std::uint64_t machine = roll % farm_addresses_;
    const std::uint64_t network = dice_.Roll(Purpose::kAddress, kNetworks | machine / 16);
    return Ipv4Of((network & ~0xFFULL) | (machine % 16));
  }
  if (persona == Persona::kPerson && roll % kMobileOneIn == 0) {
    return Ipv4Of(
        dice_.Roll(Purpose::kAddress, kNetworks | kMobile | roll / 8 % mobile_addresses_));
  }
  if (persona == Persona::kFastClicker || roll / 8 % 2 == 0) return Ipv4Of(roll >> 8);
  return Ipv6Of(roll >> 8, dice_.Roll(Purpose::kAddress, std::uint64_t{shopper} << 1 | 1));
}

LimitKey Visitor::DeviceOf(Persona persona, std::uint32_t shopper) const {
  const std::uint64_t roll = dice_.Roll(Purpose::kDevice, std::uint64_t{shopper} << 1);
  if (persona != Persona::kScalperFarm) return LimitKey::FromInteger(roll | kOwnDevice);
  return LimitKey::FromInteger(roll % farm_devices_);
}

const RequestContext& Visitor::Show(Persona persona, std::uint32_t shopper, std::uint32_t attempt) {
  const std::uint64_t look = dice_.Roll(Purpose::kDevice, std::uint64_t{shopper} << 1 | 1);
  // A farm's browsers are copies of one another.
  const std::size_t browser =
      persona == Persona::kScalperFarm || persona == Persona::kFastClicker ? 2 : look % 4;
  headers_ = {{{"User-Agent", kBrowsers[browser].user_agent},
               {"Accept-Language", kLanguages[persona == Persona::kScalperFarm ? 0 : look / 4 % 4]},
               {"Accept", "text/html,application/xhtml+xml"},
               {"Sec-CH-UA-Platform", kBrowsers[browser].platform}}};
  // What only clicks says no more than it has to.
  const std::size_t shown = persona == Persona::kFastClicker ? 1 : kHeaders;
  Behave(persona, shopper, attempt);
  context_.address = AddressOf(persona, shopper);
  context_.headers = std::span(headers_).first(shown);
  context_.device = DeviceOf(persona, shopper);
  context_.challenge_token = {};
  return context_;
}

const RequestContext& Visitor::ShowWithProof(Persona persona, std::uint32_t shopper,
                                             std::uint32_t attempt, std::string proof) {
  Show(persona, shopper, attempt);
  proof_ = std::move(proof);
  context_.challenge_token = proof_;
  return context_;
}

void Visitor::Behave(Persona persona, std::uint32_t shopper, std::uint32_t attempt) {
  const Rhythm& rhythm = kRhythms[static_cast<std::size_t>(persona)];
  const std::uint64_t first = std::uint64_t{shopper} << 32 | std::uint64_t{attempt % 256} << 8;
  context_.behavior.time_on_page =
      rhythm.on_page_least + Short(rhythm.on_page_spread, dice_.Roll(Purpose::kBehavior, first));
  std::uint64_t roll = 0;
  for (std::size_t i = 0; i < kIntervals; ++i) {
    // Six rolls out of one.
    roll = i % 6 == 0 ? dice_.Roll(Purpose::kBehavior, first + 1 + i) : roll / 1'000;
    intervals_[i] = rhythm.interval_least + Short(rhythm.interval_spread, roll);
  }
  context_.behavior.intervals = intervals_;
}

}  // namespace flashsale::sim
