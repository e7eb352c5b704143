#include "examples/async_server/self_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "examples/async_server/line_server.h"

namespace flashsale::line_server {
namespace {

// One connection that waits for its answers, though not for ever.
class Client {
 public:
  // From 127.1.x.y, where x.y is `number`.
  Client(std::uint16_t port, std::uint32_t number)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval longest{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7F01'0000U + number);
    static_cast<void>(
        !bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Where this fails no answer comes, which is noticed.
    static_cast<void>(
        !connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  }

  void Send(const std::string& line) {
    static_cast<void>(!send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL));
  }

  // The second word of the next line, "Done" say; empty where none comes.
  std::string Code() {
    while (received_.find('\n') == std::string::npos) {
      char bytes[512];
      const ssize_t size = recv(socket_.get(), bytes, sizeof(bytes), 0);
      if (size <= 0) return {};
      received_.append(bytes, static_cast<std::size_t>(size));
    }
    const std::string line = received_.substr(0, received_.find('\n'));
    received_.erase(0, line.size() + 1);
    const std::size_t begin = line.find(' ') + 1;
    return line.substr(begin, line.find(' ', begin) - begin);
  }

 private:
  Descriptor socket_;
  std::string received_;
};

// "user-7 cart-7": the words that name shopper 7's reservation.
std::string NamesOf(std::size_t shopper) {
  const std::string number = std::to_string(shopper);
  return std::string("user-").append(number).append(" cart-").append(number);
}

}  // namespace

bool BuyEverything(std::uint16_t port) {
  std::vector<Client> clients;
  clients.reserve(kShoppers);
  for (std::uint32_t i = 0; i < kShoppers; ++i) clients.emplace_back(port, i + 1);

  // All have asked, twice, before the first looks at its answer.
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string line = "RESERVE " + NamesOf(i) + " 1\n";
    clients[i].Send(line);
    clients[i].Send(line);
  }
  std::map<std::string, std::uint32_t> answers;
  std::vector<std::size_t> buyers;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string first = clients[i].Code();
    std::string both = first;
    both.append(", ").append(clients[i].Code());
    ++answers[both];
    if (first != "Done") continue;
    buyers.push_back(i);
    clients[i].Send("CONFIRM " + NamesOf(i) + "\n");
  }
  std::uint32_t paid = 0;
  for (const std::size_t buyer : buyers) paid += clients[buyer].Code() == "Done" ? 1U : 0U;
  clients.front().Send("BUY everything\n");
  ++answers[clients.front().Code()];

  // One at a time, so that the order of its answers is known.
  Client machine(port, kShoppers + 1);
  std::uint32_t stopped_after = 0;
  for (std::size_t user = kShoppers; user < kShoppers + 2 * kMostPerAddress; ++user) {
    machine.Send("RESERVE " + NamesOf(user) + " 1\n");
    if (machine.Code() == "RateLimited") break;
    ++stopped_after;
  }
  std::cout << "the machine was stopped after: " << stopped_after << '\n';
  for (const auto& [answer, count] : answers) std::cout << answer << ": " << count << '\n';
  std::cout << "paid: " << paid << '\n';
  return stopped_after == kMostPerAddress && answers["Done, AlreadyDone"] == kStock &&
         answers["SoldOut, SoldOut"] == kShoppers - kStock && answers["BadRequest"] == 1 &&
         paid == kStock;
}

}  // namespace flashsale::line_server
