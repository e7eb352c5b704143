#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_

#include <cstdint>

namespace flashsale::line_server {

// How many shoppers come to --self-test, each over a connection of its own, and for how many units.
inline constexpr std::uint32_t kShoppers = 200;
inline constexpr std::uint32_t kStock = 40;

// The shoppers: each asks for a unit, asks once more as if the answer had been lost, and pays for
// what it got.  True where exactly kStock were told Done and paid, each resend was answered like
// what it repeated, and all others were told SoldOut.  Says what was wrong.
bool BuyEverything(std::uint16_t port);

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_SELF_TEST_H_
