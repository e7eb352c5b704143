#ifndef FLASHSALE_POLICY_CLIENT_ADDRESS_H_
#define FLASHSALE_POLICY_CLIENT_ADDRESS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/base/ip_address.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What a host knows of where a request came from.
struct ForwardedRequest {
  // The other end of the connection.
  IpAddress peer;
  // The values of all X-Forwarded-For header lines, in the order in which they came.
  std::span<const std::string_view> x_forwarded_for = {};
  // The values of all Forwarded header lines (RFC 7239).  Where there are any, the others are not
  // looked at.
  std::span<const std::string_view> forwarded = {};
};

// Whose request it is.  Each of our own proxies appends the address that it got the request from,
// so only the entries that they wrote, from the right, can be believed; whatever stands to the left
// of them the client may have made up.
//
// `trusted_hops` is how many proxies of ours a request passes: 0, the peer is the client; 1, the
// rightmost entry is; 2, the one before it.  Several lines count as one, joined by commas (RFC 9110
// section 5.3).  Where there are fewer entries than that, or the entry at that place is no address
// ("unknown", an obfuscated name, garbage), the answer is the last hop that could be believed: the
// nearest address to its right, in the end the peer.  Ports and brackets are dropped.
//
// Takes time in proportion to the last entries only, and looks at no more than the last 64 KiB of a
// line; allocates nothing.
//
// Thread safety: any thread.
FLASHSALE_EXPORT IpAddress ClientAddressOf(const ForwardedRequest& request,
                                           std::size_t trusted_hops);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_CLIENT_ADDRESS_H_
