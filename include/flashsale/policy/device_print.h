#ifndef FLASHSALE_POLICY_DEVICE_PRINT_H_
#define FLASHSALE_POLICY_DEVICE_PRINT_H_

#include "flashsale/base/id.h"
#include "flashsale/export.h"
#include "flashsale/policy/request_context.h"

namespace flashsale::inline v0 {

// A print of a device for hosts that take none themselves: of the headers by which browsers tell
// what they are (User-Agent, Accept, Accept-Language, Accept-Encoding and all that begin with
// Sec-CH-UA), and of the network that the request came from, if its address is known (the IPv4
// address, the /64 of an IPv6 one).  Headers alone would be one print for everybody who has the
// same phone and speaks the same language.
//
// The first 16 bytes of SHA-256("flashsale/1/device-print/" + the fields), each field a name and a
// value after their lengths.  Names in any case and fields of different names in any order give one
// print; fields of one name count in their order.  Of each value the first 1,024 bytes count, of
// the fields the first 32.  Nil where there is none of those headers.
//
// It tells a crowd of accounts on one machine from as many machines, and no more: whoever writes
// the client writes its headers.  Throws std::bad_alloc and nothing else.
//
// Thread safety: any thread.
FLASHSALE_EXPORT LimitKey DevicePrint(const RequestContext& context);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_DEVICE_PRINT_H_
