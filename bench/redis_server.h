#ifndef FLASHSALE_BENCH_REDIS_SERVER_H_
#define FLASHSALE_BENCH_REDIS_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/child_process.h"
#include "bench/disk_folder.h"
#include "bench/unix_socket.h"

namespace flashsale::bench {

// A client of a redis-server, which sends commands in pipelines.
// Thread safety: as an int.  Blocking: every call but Command and Argument waits for the server.
// Throws std::runtime_error where the connection broke.
class RedisConnection {
 public:
  explicit RedisConnection(const std::string& socket) : socket_(socket) {}
  bool Connect() { return socket_.Connect(); }

  // Puts a command into the pipeline; it begins with its number of arguments, each follows by
  // itself.
  void Command(std::size_t arguments);
  void Argument(std::string_view bytes);
  // Sends the pipeline, and does not wait for its answers.
  void Send();
  // Reads an answer to each command that was sent: how many were a number, and the sum of these.
  struct Answers {
    std::uint64_t numbers = 0;
    std::uint64_t sum = 0;
  };
  Answers Receive();
  Answers Run() {
    Send();
    return Receive();
  }
  // Sends the one command in the pipeline, which is answered with a text.
  std::string Ask();

 private:
  UnixSocket socket_;
  std::string pipeline_;
  std::uint64_t commands_ = 0;  // in the pipeline
  std::uint64_t sent_ = 0;      // and not yet answered
};

// A redis-server of our own on a unix socket: nobody else can reach it, and it ends with this
// object, or with the program at the latest.
// Thread safety: as an int.  Blocking: every call waits for the server.
class RedisServer {
 public:
  // Whether there is a redis-server in PATH.
  static bool IsInstalled();

  // Nothing is written to disk; or every change is, where there is a folder for it: its
  // append-only file is synced before an answer.  Throws std::runtime_error where it does not
  // start.
  explicit RedisServer(const std::string& append_only_folder = "");

  RedisConnection& connection() { return *connection_; }
  // Another one.
  std::unique_ptr<RedisConnection> Connect();

  // The processor time that the server has had so far; of a client it knows nothing.
  double ProcessorNanoseconds();
  // What the server has allocated, in bytes, without what its allocator holds beside.
  double AllocatedBytes();

 private:
  // What INFO says of `field`.
  double Info(std::string_view section, std::string_view field);

  const DiskFolder folder_;  // for its socket
  std::unique_ptr<ChildProcess> server_;
  std::unique_ptr<RedisConnection> connection_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_REDIS_SERVER_H_
