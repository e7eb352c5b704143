#include "examples/async_server/server_main.h"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/self_test.h"
#include "flashsale/backend/memory.h"
#include "flashsale/runtime/runner.h"

namespace flashsale::line_server {
namespace {

LineServer* stopped_by_signal = nullptr;

bool SelfTest(LineServer& server, FlashSaleService& shop, const ServeFunction& serve) {
  bool bought = false;
  std::thread clients([&] {
    bought = BuyEverything(server.port());
    server.Stop();
  });
  const bool served = serve(server, shop);
  clients.join();
  const auto stock = shop.ReadStock(kSale);
  return served && bought && stock.ok() && stock->lines[0].sold == kStock;
}

}  // namespace

int ServerMain(int argc, char** argv, const ServeFunction& serve) {
  using std::chrono_literals::operator""min;
  const char* const argument = argc > 1 ? argv[1] : "7070";
  const bool self_test = std::string_view(argument) == "--self-test";

  // Any backend will do; over one that may block the asynchronous service wants a thread pool.
  auto storage = OpenMemoryStorage();
  if (!storage.ok()) return 1;
  // What a person does: a few attempts a minute, and so many from one address.
  auto service = FlashSaleService::New(
      {.storage = **storage,
       .rate_limits = RateLimits{
           .per_user = Quota{.permits = 5, .per = 1min, .burst = 5},
           .per_ipv4 = Quota{.permits = kMostPerAddress, .per = 1min, .burst = kMostPerAddress}}});
  if (!service.ok()) {
    std::cerr << argv[0] << ": " << service.status().ToString() << '\n';
    return 1;
  }
  FlashSaleService& shop = **service;
  const Time now = shop.clock().Now();
  const auto created = shop.Create({.id = kSale,
                                    .lines = {{.product = "console", .units = kStock}},
                                    .start = now,
                                    .end = now + 30min});
  if (!created.ok()) return 1;
  // Expires holds and forgets old rates, on a thread of its own.
  const auto runner = Runner::New(shop.clock(), {[&shop](Time) { return shop.Poll(); }});
  if (!runner.ok()) return 1;

  const int port = self_test ? 0 : std::atoi(argument);
  const auto server = LineServer::Listen(static_cast<std::uint16_t>(port));
  if (server == nullptr) {
    std::cerr << argv[0] << ": cannot listen on port " << port << '\n';
    return 1;
  }
  if (self_test) {
    const bool passed = SelfTest(*server, shop, serve);
    std::cout << (passed ? "passed" : "FAILED") << '\n';
    return passed ? 0 : 1;
  }
  stopped_by_signal = server.get();
  std::signal(SIGINT, [](int) { stopped_by_signal->Stop(); });
  std::signal(SIGTERM, [](int) { stopped_by_signal->Stop(); });
  std::cout << argv[0] << ": listens on 127.0.0.1:" << server->port() << '\n';
  return serve(*server, shop) ? 0 : 1;
}

}  // namespace flashsale::line_server
