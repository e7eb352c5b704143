#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_

#include <cstdint>

namespace flashsale::line_server {

// How many shoppers come to --self-test, each from an address of its own, and for how many units.
inline constexpr std::uint32_t kShoppers = 200;
inline constexpr std::uint32_t kStock = 40;
// How often one address may ask in a minute.
inline constexpr std::uint32_t kMostPerAddress = 20;

// The shoppers: each asks for a unit, asks once more as if the answer had been lost, and pays for
// what it got.  And a machine that asks for many users from one address.  True where exactly kStock
// were told Done and paid, each resend was answered like what it repeated, all others were told
// SoldOut, and the machine RateLimited once it had asked as often as one address may.  Prints what
// was answered how often.
bool BuyEverything(std::uint16_t port);

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_
