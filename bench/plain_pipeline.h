#ifndef FLASHSALE_BENCH_PLAIN_PIPELINE_H_
#define FLASHSALE_BENCH_PLAIN_PIPELINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "bench/plain_engine.h"
#include "flashsale/base/id.h"
#include "flashsale/base/ip_address.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"

namespace flashsale::bench {

// The peer of the whole service: what a server does today before it reserves, well made.  A rate
// for each user and each address, the users seen with each device, who was let in, the sale,
// counters: hash maps of the standard library with room for everybody, under one mutex. Thread
// safety: any thread.  Blocking: the mutex.
class PlainPipeline {
 public:
  struct Request {
    UserId user;
    IpAddress address;
    LimitKey device;
    ReservationId id;
    Units units = 1;
  };

  PlainPipeline(const SaleTerms& terms, const Quota& per_user, const Quota& per_address);

  // Lets somebody in, for one reserve.
  void Admit(const UserId& user, Time until);
  Outcome Reserve(Time now, const Request& request);

 private:
  static constexpr std::size_t kMostUsersPerDevice = 4;

  struct HashBytes {
    template <typename Id>
    std::size_t operator()(const Id& id) const {
      // The ids are random: their bytes are a hash.  Addresses differ in the last.
      std::array<std::size_t, 2> words;
      std::memcpy(words.data(), id.bytes().data(), sizeof(words));
      return words[0] ^ (words[1] * 0x9E3779B97F4A7C15);
    }
  };
  struct Admission {
    Time until{};
    std::uint32_t used = 0;
  };

  Outcome Count(const Outcome& outcome);

  const CellRate per_user_;
  const CellRate per_address_;
  std::mutex mutex_;
  std::unordered_map<UserId, std::int64_t, HashBytes> user_tats_;
  std::unordered_map<IpAddress, std::int64_t, HashBytes> address_tats_;
  std::unordered_map<LimitKey, std::unordered_set<UserId, HashBytes>, HashBytes> users_of_device_;
  std::unordered_map<UserId, Admission, HashBytes> admissions_;
  std::unordered_map<Code, std::uint64_t> outcomes_;
  PlainEngine engine_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_PLAIN_PIPELINE_H_
