#ifndef FLASHSALE_BENCH_UNIX_SOCKET_H_
#define FLASHSALE_BENCH_UNIX_SOCKET_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace flashsale::bench {

// A connection to a server on this machine, over a socket with a path.
// Thread safety: as an int.  Blocking: every call waits for the server.
class UnixSocket {
 public:
  // Not connected.  Throws std::runtime_error where the path is too long, or for want of a socket.
  explicit UnixSocket(const std::string& path);
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  // False where nobody listens.  Throws as the constructor; where it is called again, what was
  // received is gone.
  bool Connect();
  int descriptor() const { return socket_; }

  // The rest throws std::runtime_error where the connection broke.
  void Send(std::string_view bytes);
  // Up to "\r\n", which is left out.
  std::string ReceiveLine();
  std::string Receive(std::size_t count);

 private:
  void ReceiveMore();

  const std::string path_;
  int socket_ = -1;
  std::string received_;
  std::size_t read_ = 0;  // of what was received
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_UNIX_SOCKET_H_
