// One sale in memory: create it, let two people in, hold a unit, pay for it, look at the stock.
#include <chrono>
#include <iostream>
#include <string_view>

#include "flashsale/backend/memory.h"
#include "flashsale/service/flash_sale_service.h"

using namespace std::chrono_literals;

int main() {
  auto storage = flashsale::OpenMemoryStorage();
  if (!storage.ok()) return 1;
  auto opened = flashsale::FlashSaleService::New({.storage = **storage});
  if (!opened.ok()) return 1;
  flashsale::FlashSaleService& shop = **opened;

  const flashsale::Time now = shop.clock().Now();
  const auto created = shop.Create({.id = "ps5-drop",
                                    .lines = {{.product = "ps5", .units = 1}},
                                    .start = now,
                                    .end = now + 30min,
                                    .limit_per_user = 1,
                                    .hold = 5min});
  if (!created.ok()) return 1;  // created.status() names the field, its value, what was expected

  const auto cart = flashsale::ReservationId::FromText("a cart");  // made before it is sent, and kept
  const auto reserve = [&](std::string_view who) {
    return shop.Reserve({.sale = "ps5-drop",
                         .user = flashsale::UserId::FromText(who),
                         .id = cart,
                         .context = {.address = *flashsale::IpAddress::Parse("203.0.113.7")}});
  };
  for (const std::string_view who : {"ann", "bob", "ann"}) {  // the last is ann's, sent again
    const auto held = reserve(who);
    if (!held.ok()) return 1;  // not carried out, or perhaps: send the same call again
    switch (held->code) {
      case flashsale::Code::kDone:
      case flashsale::Code::kAlreadyDone:
        std::cout << who << ": in the cart for "
                  << std::chrono::round<std::chrono::minutes>(held->deadline() - now).count()
                  << " minutes\n";
        break;
      case flashsale::Code::kSoldOut:
        std::cout << who << ": sold out\n";
        break;
      default:  // a name, a text and an HTTP status for every code
        std::cout << who << ": " << flashsale::Text(held->code) << '\n';
    }
  }

  const auto paid = shop.Confirm(
      {.sale = "ps5-drop", .user = flashsale::UserId::FromText("ann"), .id = cart});
  if (!paid.ok()) return 1;
  const auto stock = shop.ReadStock("ps5-drop");
  if (!stock.ok()) return 1;
  std::cout << flashsale::ToString(*paid) << "\n"
            << stock->lines[0].sold << " sold, " << stock->lines[0].available() << " left\n";
}
