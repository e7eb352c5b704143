#include "examples/async_server/line_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <utility>

namespace flashsale::line_server {
namespace {

// What epoll gives back beside the ids of connections, which begin at 2.
constexpr std::uint64_t kListenerTag = 0;
constexpr std::uint64_t kWakeTag = 1;

// A client that sends no line end, or does not read what it asked for, is sent away.
constexpr std::size_t kLongestLine = 512;
constexpr std::size_t kMostUnread = std::size_t{1} << 20;

bool WouldWait() { return errno == EAGAIN || errno == EINTR; }

IpAddress AddressOf(const sockaddr_in& address) {
  // In network order both here and there.
  return IpAddress::FromIpv4(std::bit_cast<std::array<std::uint8_t, 4>>(address.sin_addr.s_addr));
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}
Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

std::unique_ptr<LineServer> LineServer::Listen(std::uint16_t port) {
  std::unique_ptr<LineServer> server(
      new LineServer(Descriptor(epoll_create1(EPOLL_CLOEXEC)),
                     Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
                     Descriptor(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))));
  const int listener = server->listener_.get();
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, size) != 0 || listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, generic, &size) != 0 || !server->Watch(listener, kListenerTag) ||
      !server->Watch(server->wake_.get(), kWakeTag)) {
    return nullptr;
  }
  server->port_ = ntohs(address.sin_port);
  return server;
}

bool LineServer::Watch(int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void LineServer::Run(const Handlers& handlers) {
  std::array<epoll_event, 64> events;
  while (!stopping_.load()) {
    handlers.on_turn();
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kListenerTag) {
        Accept();
        continue;
      }
      if (event.data.u64 == kWakeTag) {
        std::uint64_t wakes = 0;
        static_cast<void>(!read(wake_.get(), &wakes, sizeof(wakes)));
        continue;
      }
      const ConnectionId id = event.data.u64;
      const auto found = connections_.find(id);
      if (found == connections_.end()) continue;
      bool alive = (event.events & (EPOLLERR | EPOLLHUP)) == 0;
      if (alive && (event.events & EPOLLOUT) != 0) alive = Write(id, found->second);
      if (alive && (event.events & EPOLLIN) != 0) alive = Read(id, handlers);
      if (!alive) connections_.erase(id);
    }
  }
}

void LineServer::Accept() {
  for (;;) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    const int fd = accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    Descriptor socket(fd);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!Watch(fd, next_id_)) return;
    connections_.emplace(next_id_++,
                         Connection{.socket = std::move(socket), .peer = AddressOf(peer)});
  }
}

// False where the connection is over.
bool LineServer::Read(ConnectionId id, const Handlers& handlers) {
  std::array<char, 4'096> bytes;
  Connection& connection = connections_.at(id);
  const ssize_t size = read(connection.socket.get(), bytes.data(), bytes.size());
  if (size <= 0) return size < 0 && WouldWait();
  std::string& input = connection.input;
  input.append(bytes.data(), static_cast<std::size_t>(size));
  std::size_t begin = 0;
  for (std::size_t end = input.find('\n'); end != std::string::npos;
       end = input.find('\n', begin)) {
    std::string_view line = std::string_view(input).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    handlers.on_line(id, connection.peer, line);
    begin = end + 1;
  }
  input.erase(0, begin);
  return input.size() <= kLongestLine;
}

void LineServer::Send(ConnectionId connection, std::string_view line) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  found->second.output.append(line).append("\n");
  if (found->second.output.size() > kMostUnread) {
    // Ends the connection: the next event is its hang-up.
    shutdown(found->second.socket.get(), SHUT_RDWR);
    return;
  }
  // What goes wrong here is an event too.
  static_cast<void>(Write(connection, found->second));
}

// False where the connection is over.
bool LineServer::Write(ConnectionId id, Connection& connection) {
  const ssize_t size = send(connection.socket.get(), connection.output.data(),
                            connection.output.size(), MSG_NOSIGNAL);
  if (size < 0 && !WouldWait()) return false;
  if (size > 0) connection.output.erase(0, static_cast<std::size_t>(size));
  const bool watch = !connection.output.empty();
  if (watch == connection.watches_output) return true;
  connection.watches_output = watch;
  epoll_event event{};
  event.events = watch ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = id;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event) == 0;
}

void LineServer::Wake() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_.get(), &one, sizeof(one)));
}

void LineServer::Stop() {
  stopping_.store(true);
  Wake();
}

}  // namespace flashsale::line_server
