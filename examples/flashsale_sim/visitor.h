#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_VISITOR_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_VISITOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/persona.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/base/time.h"
#include "flashsale/policy/request_context.h"

namespace flashsale::sim {

// What a web server sees of a made-up shopper's request: where it comes from, on which device, with
// which headers, and how its sender behaved on the page.  People come from households and mobile
// networks, a farm's accounts share devices and networks, and so on; see Persona.
// Thread safety: one thread.
class Visitor {
 public:
  // Of a crowd of so many, so many of a million bots among them.
  struct Crowd {
    std::uint64_t shoppers = 1;
    std::uint32_t bots_per_million = 0;
  };
  Visitor(const Dice& dice, const Crowd& crowd);

  // A context that lives until the next call.  `attempt` is that of the request among its sender's.
  const RequestContext& Show(Persona persona, std::uint32_t shopper, std::uint32_t attempt);

  // The same with what shows that a challenge was passed.
  const RequestContext& ShowWithProof(Persona persona, std::uint32_t shopper, std::uint32_t attempt,
                                      std::string proof);

 private:
  static constexpr std::size_t kIntervals = 12;
  static constexpr std::size_t kHeaders = 4;

  void Behave(Persona persona, std::uint32_t shopper, std::uint32_t attempt);
  IpAddress AddressOf(Persona persona, std::uint32_t shopper) const;
  LimitKey DeviceOf(Persona persona, std::uint32_t shopper) const;

  const Dice dice_;
  // How many devices and addresses the farms have, and how many addresses mobile networks do.
  const std::uint64_t farm_devices_;
  const std::uint64_t farm_addresses_;
  const std::uint64_t mobile_addresses_;
  RequestContext context_;
  std::array<HeaderField, kHeaders> headers_;
  std::array<Duration, kIntervals> intervals_;
  std::string proof_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_VISITOR_H_
