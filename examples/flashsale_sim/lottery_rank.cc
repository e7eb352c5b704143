#include "examples/flashsale_sim/lottery_rank.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace flashsale::sim {
namespace {

using Hash = std::array<std::uint8_t, 32>;

Hash HashOf(const std::string& message) {
  Hash hash{};
  ::SHA256(reinterpret_cast<const unsigned char*>(message.data()), message.size(), hash.data());
  return hash;
}

Hash CodeOf(const Hash& key, const std::string& message) {
  Hash code{};
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(),
         nullptr);
  return code;
}

template <typename Bytes>
std::string TextOf(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

// RFC 6962, 2.1, as it stands there.
Hash RootOf(std::span<const UserId> entrants) {
  if (entrants.empty()) return HashOf("");
  if (entrants.size() == 1) return HashOf(std::string(1, '\0') + TextOf(entrants[0].bytes()));
  std::size_t k = 1;
  while (2 * k < entrants.size()) k *= 2;
  return HashOf(std::string(1, '\1') + TextOf(RootOf(entrants.first(k))) +
                TextOf(RootOf(entrants.subspan(k))));
}

}  // namespace

std::optional<LotteryKey> LotteryKeyOf(const DrawRecord& record, std::span<const UserId> entrants,
                                       std::span<const UserId> first) {
  const bool strictly_sorted =
      std::adjacent_find(entrants.begin(), entrants.end(),
                         [](const UserId& a, const UserId& b) { return a >= b; }) == entrants.end();
  if (!record.freeze.has_value() || !record.seed.has_value() || !strictly_sorted ||
      record.freeze->count != entrants.size() || record.freeze->root != RootOf(entrants) ||
      record.freeze->fifo_count != first.size() || record.freeze->fifo_root != RootOf(first) ||
      first.size() != (entrants.size() + first.size()) * record.fifo_per_mille / 1'000 ||
      record.commitment != HashOf(TextOf(record.seed->bytes()))) {
    return std::nullopt;
  }
  const std::string info = "flashsale/1/draw-key/" + record.draw.sale.ToString() + "/" +
                           std::to_string(record.draw.tier) + TextOf(record.freeze->root) +
                           (record.beacon.has_value() ? TextOf(*record.beacon) : "");
  const Hash extracted = CodeOf(record.freeze->fifo_root, TextOf(record.seed->bytes()));
  return CodeOf(extracted, info + '\1');
}

std::uint64_t LotteryRank(const LotteryKey& key, const UserId& user) {
  const Hash code = CodeOf(key, TextOf(user.bytes()));
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < sizeof(rank); ++i) rank = rank << 8 | code[i];
  return rank;
}

}  // namespace flashsale::sim
