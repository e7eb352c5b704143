#include "examples/flashsale_sim/lottery_rank.h"

#include <cstddef>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace flashsale::sim {

std::uint64_t LotteryRank(const LotterySeed& seed, const UserId& user) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  ::HMAC(::EVP_sha256(), seed.data(), static_cast<int>(seed.size()), user.bytes().data(),
         user.bytes().size(), digest.data(), nullptr);
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < sizeof(rank); ++i) rank = rank << 8 | digest[i];
  return rank;
}

}  // namespace flashsale::sim
