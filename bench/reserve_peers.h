#ifndef FLASHSALE_BENCH_RESERVE_PEERS_H_
#define FLASHSALE_BENCH_RESERVE_PEERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/crowd.h"
#include "bench/disk_folder.h"
#include "bench/postgres_server.h"
#include "bench/redis_server.h"

namespace flashsale::bench {

// What a peer answers to a reserve.
enum class PeerAnswer : std::uint8_t {
  kDone = 1,
  kAlreadyDone = 2,
  kOthersId = 3,
  kLimitReached = 4,
  kSoldOut = 5,
};

// A sale in a Redis that syncs its append-only file before it answers: see peers/reserve.lua.
// Both peers: their answers to a resend, beyond the limit and without stock are looked at first,
// and throw WrongAnswer where they are not what they should be.  Thread safety: as an int.
class RedisSale {
 public:
  // `in_flight` reserves are on their way at a time, in pipelines over a few connections.
  RedisSale(const std::string& folder, std::uint64_t seed, std::uint64_t in_flight);

  // Wall time of so many reserves, each of a shopper never seen, in nanoseconds.
  double Reserve(std::uint64_t count);

 private:
  static constexpr std::uint64_t kMostConnections = 16;

  void SetStock(std::uint64_t units);
  void Put(RedisConnection& connection, std::uint64_t user, std::uint64_t id);
  void CheckOne(std::uint64_t user, std::uint64_t id, PeerAnswer expected);

  const DiskFolder folder_;
  const Crowd crowd_;
  const std::uint64_t in_flight_;
  RedisServer server_;
  std::string script_;
  std::vector<std::unique_ptr<RedisConnection>> connections_;
  std::uint64_t next_ = 1;
};

// A sale in a PostgreSQL with the settings that it comes with, one call of a function a commit: see
// peers/reserve.sql.
class PostgresSale {
 public:
  PostgresSale(const std::string& folder, std::uint64_t seed, std::uint64_t clients);

  // As of RedisSale, with one on its way for each client.
  double Reserve(std::uint64_t count);

 private:
  void Send(PostgresConnection& client, std::uint64_t user, std::uint64_t id);
  void CheckOne(std::uint64_t user, std::uint64_t id, PeerAnswer expected);

  const Crowd crowd_;
  PostgresServer server_;
  std::vector<std::unique_ptr<PostgresConnection>> clients_;
  std::uint64_t next_ = 1;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_RESERVE_PEERS_H_
