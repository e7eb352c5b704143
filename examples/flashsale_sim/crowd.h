#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_H_

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "examples/flashsale_sim/dice.h"
#include "flashsale/base/id.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// One request for the thing on sale.
struct Visit {
  // Since the opening of the sale.
  Duration after{};
  // Index into Crowd::shoppers.
  std::uint32_t shopper = 0;
};

// How a log was turned into a crowd.
struct LogReading {
  struct MalformedLine {
    std::uint64_t number = 0;  // from 1
    std::string error;
  };

  std::uint64_t lines = 0;
  std::uint64_t malformed = 0;
  // The first few of them.
  std::vector<MalformedLine> first_malformed;
  // From the earliest to the latest line, as logged.
  Duration span{};
};

// Who comes, and when.  The first visit of a shopper is the arrival, every further one a resend.
struct Crowd {
  std::string description;
  std::vector<UserId> shoppers;
  // Where each comes from and with what: index into user_agents.
  struct Origin {
    // Unspecified where the log names a host instead.
    IpAddress address;
    std::uint32_t user_agent = 0;
  };
  std::vector<Origin> origins;
  std::vector<std::string> user_agents;
  // By time; those of one instant by shopper.
  std::vector<Visit> visits;
  // For a crowd out of a log.
  std::optional<LogReading> log;
};

// The most shoppers of one crowd.
inline constexpr std::uint64_t kMaxShoppers = 100'000'000;

// The people in an access log in Combined Log Format: each client address with its User-Agent is a
// shopper, each line a visit.  A log longer than `span` is compressed to it.  Malformed lines are
// counted and skipped.
// Errors: InvalidArgument (not one line was well-formed), Unavailable (the stream broke off),
// ResourceExhausted (more than kMaxShoppers).
Result<Crowd> CrowdFromLog(std::istream& stream, Duration span);

// A stampede of `shoppers`: half of them come within the first fiftieth of `span`, the others in an
// even stream until its end; every other visit is sent again after a moment.
// REQUIRES: 1 <= shoppers <= kMaxShoppers, span > 0.
Crowd SyntheticCrowd(std::uint64_t shoppers, Duration span, const Dice& dice);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_H_
