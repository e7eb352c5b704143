#include "examples/async_server/server_main.h"

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <thread>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/self_test.h"
#include "flashsale/backend/memory.h"
#include "flashsale/runtime/runner.h"

namespace flashsale::line_server {
namespace {

LineServer* stopped_by_signal = nullptr;

constexpr int kBadArgument = 2;

constexpr std::string_view kUsage =
    " [PORT | --self-test | --help]\n"
    "  PORT         listens on 127.0.0.1 there, 0 to 65535, by default 7070; 0: a free one\n"
    "  --self-test  lets a crowd of clients buy everything, and checks the books\n";

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

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
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const std::string_view argument = arguments.size() > 1 ? arguments[1] : "7070";
  if (argument == "--help" || argument == "-h") {
    std::cout << "usage: " << argv[0] << kUsage;
    return 0;
  }
  if (arguments.size() > 2) {
    std::cerr << argv[0] << ": " << arguments.size() - 1 << " arguments, expected one at most\n";
    return kBadArgument;
  }
  const bool self_test = argument == "--self-test";
  const std::optional<std::uint16_t> port = self_test ? 0 : ParsePort(argument);
  if (!port.has_value()) {
    std::cerr << argv[0] << ": port: '" << argument
              << "', expected 0 to 65535, --self-test or --help\n";
    return kBadArgument;
  }

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

  const auto server = LineServer::Listen(*port);
  if (server == nullptr) {
    std::cerr << argv[0] << ": cannot listen on port " << *port << '\n';
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
