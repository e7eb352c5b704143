#include "examples/flashsale_sim/crowd.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_sim/access_log.h"
#include "examples/flashsale_sim/id_hash.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

constexpr std::size_t kMalformedLinesNamed = 10;

struct UserIdHash {
  std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
};

void SortByTime(std::vector<Visit>& visits) {
  std::sort(visits.begin(), visits.end(), [](const Visit& a, const Visit& b) {
    return std::tie(a.after, a.shopper) < std::tie(b.after, b.shopper);
  });
}

// `value` * numerator / denominator, without overflow.  REQUIRES: 0 <= value <= denominator,
// numerator >= 0, denominator > 0.
Duration Scale(Duration value, Duration numerator, Duration denominator) {
  // A double holds the microseconds of 285 years exactly, and the same on every IEEE 754 machine.
  const double share =
      static_cast<double>(value.count()) / static_cast<double>(denominator.count());
  return Duration(static_cast<Duration::rep>(share * static_cast<double>(numerator.count())));
}

// Turns the instants of a log, given since 1970, into time since the opening.
Duration ShiftAndCompress(std::vector<Visit>& visits, Duration span) {
  const auto [first, last] =
      std::minmax_element(visits.begin(), visits.end(),
                          [](const Visit& a, const Visit& b) { return a.after < b.after; });
  const Duration origin = first->after;
  const Duration logged = last->after - origin;
  for (Visit& visit : visits) {
    visit.after -= origin;
    if (logged > span) visit.after = Scale(visit.after, span, logged);
  }
  return logged;
}

// Of its own for each of kMaxShoppers: out of 64.0.0.0/2.
IpAddress SyntheticAddress(std::uint64_t shopper) {
  return IpAddress::FromIpv4(
      {static_cast<std::uint8_t>(64 + (shopper >> 24)), static_cast<std::uint8_t>(shopper >> 16),
       static_cast<std::uint8_t>(shopper >> 8), static_cast<std::uint8_t>(shopper)});
}

}  // namespace

Result<Crowd> CrowdFromLog(std::istream& stream, Duration span) {
  Crowd crowd;
  LogReading reading;
  std::unordered_map<UserId, std::uint32_t, UserIdHash> numbers;
  std::unordered_map<std::string, std::uint32_t> user_agents;
  std::string name;
  ParsedLine line;
  for (AccessLogReader reader(stream); reader.Next(line);) {
    reading.lines = reader.line_number();
    if (!line.ok()) {
      ++reading.malformed;
      if (reading.first_malformed.size() < kMalformedLinesNamed) {
        reading.first_malformed.push_back(
            {.number = reader.line_number(), .error = std::string(line.error)});
      }
      continue;
    }
    // No address holds a space, so two shoppers never share a name.
    name.assign(line.entry.address).append(" ").append(line.entry.user_agent);
    const auto [found, is_new] = numbers.try_emplace(
        UserId::FromText(name), static_cast<std::uint32_t>(crowd.shoppers.size()));
    if (is_new) {
      if (crowd.shoppers.size() == kMaxShoppers) {
        return Status(StatusCode::kResourceExhausted,
                      fmt::format("line {}: expected at most {} shoppers", reader.line_number(),
                                  Grouped(kMaxShoppers)));
      }
      crowd.shoppers.push_back(found->first);
      const auto [agent, is_new_agent] = user_agents.try_emplace(
          std::string(line.entry.user_agent), static_cast<std::uint32_t>(crowd.user_agents.size()));
      if (is_new_agent) crowd.user_agents.push_back(agent->first);
      crowd.origins.push_back(
          {.address = IpAddress::Parse(line.entry.address).value_or(IpAddress()),
           .user_agent = agent->second});
    }
    crowd.visits.push_back({.after = line.entry.at.time_since_epoch(), .shopper = found->second});
  }
  if (stream.bad()) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("expected a file that can be read: broke off after line {}",
                              Grouped(reading.lines)));
  }
  if (crowd.visits.empty()) {
    const std::string why = reading.malformed == 0
                                ? "it is empty"
                                : fmt::format("line {}: {}", reading.first_malformed.front().number,
                                              reading.first_malformed.front().error);
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("expected lines in Combined Log Format, found none; {}", why));
  }
  reading.span = ShiftAndCompress(crowd.visits, span);
  SortByTime(crowd.visits);
  crowd.description =
      fmt::format("{} out of {} of an access log", Counted(crowd.shoppers.size(), "shopper"),
                  Counted(reading.lines, "line"));
  crowd.log = std::move(reading);
  return crowd;
}

Crowd SyntheticCrowd(std::uint64_t shoppers, Duration span, const Dice& dice) {
  using Purpose = Dice::Purpose;
  const Duration rush = std::max<Duration>(span / 50, Duration(1));

  Crowd crowd;
  crowd.description = Counted(shoppers, "synthetic shopper");
  crowd.shoppers.reserve(shoppers);
  crowd.origins.reserve(shoppers);
  crowd.user_agents = {"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"};
  crowd.visits.reserve(shoppers * 2);
  for (std::uint64_t i = 0; i < shoppers; ++i) {
    crowd.shoppers.push_back(UserId::FromInteger(i));
    crowd.origins.push_back({.address = SyntheticAddress(i)});
    const bool hurries = dice.Below(2, Purpose::kArrival, 2 * i) == 0;
    const auto width = static_cast<std::uint64_t>((hurries ? rush : span).count());
    Duration after(static_cast<Duration::rep>(dice.Below(width, Purpose::kArrival, 2 * i + 1)));
    // One visit, and with a chance of a half each a second, a third …: people press the button
    // again.
    std::uint64_t resends = dice.Roll(Purpose::kResend, i);
    while (true) {
      crowd.visits.push_back({.after = after, .shopper = static_cast<std::uint32_t>(i)});
      if ((resends & 1) == 0) break;
      resends >>= 1;
      after += rush;
      if (after >= span) break;
    }
  }
  SortByTime(crowd.visits);
  return crowd;
}

}  // namespace flashsale::sim
