#ifndef FLASHSALE_BENCH_POSTGRES_SERVER_H_
#define FLASHSALE_BENCH_POSTGRES_SERVER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/child_process.h"
#include "bench/disk_folder.h"
#include "bench/unix_socket.h"

namespace flashsale::bench {

// A client of a PostgreSQL server, which speaks version 3 of its protocol: what an application's
// driver does, and no more.
// Thread safety: as an int.  Blocking: every call but SendCall waits for the server.
// Throws std::runtime_error where the connection broke, and with the server's words where it
// answers with an error.
class PostgresConnection {
 public:
  explicit PostgresConnection(const std::string& socket) : socket_(socket) {}
  // False where the server is not ready for clients.
  bool Connect(std::string_view user);
  int descriptor() const { return socket_.descriptor(); }

  // Statements without rows that anybody wants to see.
  void Execute(std::string_view sql);
  // The statement that SendCall is about.  It answers one row with one integer of four bytes.
  void Prepare(std::string_view sql);
  // Its arguments, in the form that the server keeps them in.
  void SendCall(std::span<const std::string_view> arguments);
  std::int32_t ReceiveAnswer();

 private:
  // Reads answers until the server waits for more; returns the last value of a row.
  std::string ReceiveUntilReady();

  UnixSocket socket_;
};

// An integer in the form that the server keeps it in.
std::string PostgresInteger(std::int32_t value);

// A PostgreSQL server of our own with an empty database, on a unix socket: its settings are those
// it comes with, so that a commit is on the disk before its answer.  It ends with this object, or
// with the program at the latest.
// Thread safety: as an int.  Blocking: every call waits for the server.
class PostgresServer {
 public:
  // Why there can be none whose files lie in this folder; empty where there can.
  static std::string WhyNot(const std::string& folder);

  // Throws std::runtime_error where it does not start.
  explicit PostgresServer(const std::string& folder);

  std::unique_ptr<PostgresConnection> Connect();

 private:
  const DiskFolder files_;
  const DiskFolder socket_;
  std::unique_ptr<ChildProcess> server_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_POSTGRES_SERVER_H_
