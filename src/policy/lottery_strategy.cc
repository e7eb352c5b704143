#include "flashsale/policy/lottery_strategy.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <tuple>
#include <vector>

namespace flashsale::inline v0 {
namespace {

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Rank = std::array<std::uint8_t, 32>;

Status NoCryptography() {
  return Status(StatusCode::kResourceExhausted, "HMAC-SHA256 cannot be computed: out of memory");
}

}  // namespace

Status LotteryStrategy::Order(std::uint8_t /*tier*/, std::span<const Entrant> entrants,
                              std::span<std::uint32_t> order) const {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const std::unique_ptr<EVP_MAC_CTX, FreeMac> context(EVP_MAC_CTX_new(mac.get()));
  std::array<char, 7> digest = {"SHA256"};
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (context == nullptr ||
      EVP_MAC_init(context.get(), seed_.data(), seed_.size(), parameters.data()) != 1) {
    return NoCryptography();
  }
  std::vector<Rank> ranks(entrants.size());
  for (std::size_t i = 0; i < entrants.size(); ++i) {
    const auto& bytes = entrants[i].user.bytes();
    std::size_t written = 0;
    // Without a key the context begins anew with the one it has: a third of the cost.
    if (EVP_MAC_init(context.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_MAC_final(context.get(), ranks[i].data(), &written, ranks[i].size()) != 1) {
      return NoCryptography();
    }
  }
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(ranks[a], entrants[a].user) < std::tie(ranks[b], entrants[b].user);
  });
  return {};
}

}  // namespace flashsale::inline v0
