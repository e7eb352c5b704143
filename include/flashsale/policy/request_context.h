#ifndef FLASHSALE_POLICY_REQUEST_CONTEXT_H_
#define FLASHSALE_POLICY_REQUEST_CONTEXT_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// One header line of a request.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// What the host measured of how a visitor behaves.  Not set: not measured.
struct BehaviorFeatures {
  // From showing the page to this request.
  std::optional<Duration> time_on_page = std::nullopt;
  // Between the last inputs (clicks, keys, touches, requests), in the order in which they came.
  std::span<const Duration> intervals = {};
};

// What a host knows of the request behind a call, as far as it does.  All of it is the client's
// word but the address, if that comes from ClientAddressOf.
//
// Ownership: none; what the views show must outlive the call that is given it.
struct RequestContext {
  IpAddress address = {};
  std::span<const HeaderField> headers = {};
  // A print of the device, as the host takes it; nil: none.  DevicePrint makes one of the
  // headers and the network.  Nobody does so for the host: while it is nil, RateLimits::per_device
  // and detectors that count devices see nothing.
  LimitKey device = {};
  // What the client sent to show that it passed a challenge; empty: nothing.
  std::string_view challenge_token = {};
  BehaviorFeatures behavior = {};

  // The value of the first header by this name, in any case; nothing where there is none.
  FLASHSALE_EXPORT std::optional<std::string_view> Header(std::string_view name) const;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_REQUEST_CONTEXT_H_
