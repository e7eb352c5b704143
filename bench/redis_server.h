#ifndef FLASHSALE_BENCH_REDIS_SERVER_H_
#define FLASHSALE_BENCH_REDIS_SERVER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flashsale::bench {

// A redis-server of our own on a unix socket: nothing is written to disk, nobody else can reach it,
// and it ends with this object, or with the program at the latest.  Commands are sent in pipelines.
// Thread safety: as an int.  Blocking: every call waits for the server.
class RedisServer {
 public:
  // Whether there is a redis-server in PATH.
  static bool IsInstalled();

  // Throws std::runtime_error where it does not start.
  RedisServer();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Puts a command into the pipeline; it begins with its number of arguments, each follows by
  // itself.
  void Command(std::size_t arguments);
  void Argument(std::string_view bytes);
  // Sends the pipeline and reads an answer to each of its commands: how many were a number, and
  // the sum of these.  Throws std::runtime_error where the connection broke.
  struct Answers {
    std::uint64_t numbers = 0;
    std::uint64_t sum = 0;
  };
  Answers Run();

  // The processor time that the server has had so far; of a client it knows nothing.
  double ProcessorNanoseconds();
  // What the server has allocated, in bytes, without what its allocator holds beside.
  double AllocatedBytes();

 private:
  void Connect();
  void Stop();
  // Up to "\r\n", which is left out.
  std::string ReadLine();
  std::string ReadBytes(std::size_t count);
  void ReadMore();
  // What INFO says of `field`.
  double Info(std::string_view section, std::string_view field);

  std::string folder_;
  pid_t server_ = -1;
  int socket_ = -1;
  std::string pipeline_;
  std::uint64_t commands_ = 0;  // in the pipeline
  std::string received_;
  std::size_t read_ = 0;  // of what was received
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_REDIS_SERVER_H_
