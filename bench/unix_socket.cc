#include "bench/unix_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace flashsale::bench {

UnixSocket::UnixSocket(const std::string& path) : path_(path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw std::runtime_error(fmt::format("'{}': the path of a socket is too long", path));
  }
}

UnixSocket::~UnixSocket() {
  if (socket_ >= 0) close(socket_);
}

bool UnixSocket::Connect() {
  if (socket_ >= 0) close(socket_);
  received_.clear();
  read_ = 0;
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) throw std::runtime_error("the system has no socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  return connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

void UnixSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t some = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (some <= 0) throw std::runtime_error(fmt::format("'{}': the connection broke", path_));
    bytes.remove_prefix(static_cast<std::size_t>(some));
  }
}

void UnixSocket::ReceiveMore() {
  constexpr std::size_t kAtOnce = std::size_t{64} << 10;
  received_.erase(0, read_);
  read_ = 0;
  const std::size_t before = received_.size();
  received_.resize(before + kAtOnce);
  const ssize_t some = recv(socket_, received_.data() + before, kAtOnce, 0);
  if (some <= 0) throw std::runtime_error(fmt::format("'{}': the connection broke", path_));
  received_.resize(before + static_cast<std::size_t>(some));
}

std::string UnixSocket::ReceiveLine() {
  while (true) {
    const std::size_t end = received_.find("\r\n", read_);
    if (end == std::string::npos) {
      ReceiveMore();
      continue;
    }
    std::string line = received_.substr(read_, end - read_);
    read_ = end + 2;
    return line;
  }
}

std::string UnixSocket::Receive(std::size_t count) {
  while (received_.size() - read_ < count) ReceiveMore();
  std::string bytes = received_.substr(read_, count);
  read_ += count;
  return bytes;
}

}  // namespace flashsale::bench
