#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_SERVER_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "flashsale/base/ip_address.h"

namespace flashsale::line_server {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

using ConnectionId = std::uint64_t;

// Lines over TCP on the loopback address: one thread, one epoll, no call that waits but the one for
// events.
// Thread safety: Wake and Stop from any thread and from signal handlers, all else on Run's thread.
class LineServer {
 public:
  struct Handlers {
    // A line, without its end, of whoever is at the other end of a connection.
    std::function<void(ConnectionId, const IpAddress& peer, std::string_view)> on_line;
    // Once a turn of the loop, before it sleeps.
    std::function<void()> on_turn;
  };

  // Port 0: any that is free.  Null, with errno, where that cannot be.
  static std::unique_ptr<LineServer> Listen(std::uint16_t port);
  std::uint16_t port() const { return port_; }

  // Returns after Stop.
  void Run(const Handlers& handlers);
  // A line for a client; nothing happens where it has gone.
  void Send(ConnectionId connection, std::string_view line);

  // The loop takes another turn.
  void Wake();
  void Stop();

 private:
  struct Connection {
    Descriptor socket;
    IpAddress peer = {};
    std::string input = {};
    std::string output = {};
    bool watches_output = false;
  };

  LineServer(Descriptor epoll, Descriptor listener, Descriptor wake)
      : epoll_(std::move(epoll)), listener_(std::move(listener)), wake_(std::move(wake)) {}
  bool Watch(int fd, std::uint64_t tag);
  void Accept();
  bool Read(ConnectionId id, const Handlers& handlers);
  bool Write(ConnectionId id, Connection& connection);

  const Descriptor epoll_;
  const Descriptor listener_;
  const Descriptor wake_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  ConnectionId next_id_ = 2;
  std::unordered_map<ConnectionId, Connection> connections_;
};

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_SERVER_H_
