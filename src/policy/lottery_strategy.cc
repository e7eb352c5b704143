#include "flashsale/policy/lottery_strategy.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace flashsale::inline v0 {
namespace {

using Rank = std::array<std::uint8_t, 32>;

// HMAC-SHA256 under one key: the key's block is hashed once, each message begins from there.
// Thread safety: as an int.
class KeyedRanks {
 public:
  explicit KeyedRanks(const LotteryStrategy::Seed& seed)
      : mac_(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), &EVP_MAC_free),
        context_(mac_ == nullptr ? nullptr : EVP_MAC_CTX_new(mac_.get()), &EVP_MAC_CTX_free) {
    std::string digest = OSSL_DIGEST_NAME_SHA2_256;
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    ok_ = context_ != nullptr &&
          EVP_MAC_init(context_.get(), seed.data(), seed.size(), parameters.data()) == 1;
  }

  // False where the library failed, for want of memory as a rule.
  bool Of(const UserId& user, Rank& rank) {
    std::size_t size = 0;
    ok_ = ok_ && EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context_.get(), user.bytes().data(), user.bytes().size()) == 1 &&
          EVP_MAC_final(context_.get(), rank.data(), &size, rank.size()) == 1 &&
          size == rank.size();
    return ok_;
  }

 private:
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac_;
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context_;
  bool ok_ = false;
};

// As much of a rank as tells nearly all entrants apart: sixteen bytes are sorted instead of forty.
struct Draw {
  std::uint64_t front;  // of the rank, big-endian
  std::uint32_t entrant;
};

std::uint64_t FrontOf(const Rank& rank) {
  std::uint64_t front = 0;
  for (std::size_t i = 0; i < sizeof(front); ++i) front = front << 8 | rank[i];
  return front;
}

// Those whose ranks begin alike, by all of their ranks, then by id.
bool OrderAlike(std::span<Draw> alike, std::span<const Entrant> entrants, KeyedRanks& ranks) {
  std::vector<std::pair<Rank, std::uint32_t>> whole(alike.size());
  for (std::size_t i = 0; i < alike.size(); ++i) {
    whole[i].second = alike[i].entrant;
    if (!ranks.Of(entrants[alike[i].entrant].user, whole[i].first)) return false;
  }
  std::sort(whole.begin(), whole.end(), [entrants](const auto& a, const auto& b) {
    return std::tie(a.first, entrants[a.second].user) < std::tie(b.first, entrants[b.second].user);
  });
  for (std::size_t i = 0; i < alike.size(); ++i) alike[i].entrant = whole[i].second;
  return true;
}

}  // namespace

Status LotteryStrategy::Order(const OrderRequest& request, std::span<std::uint32_t> order) const {
  const std::span<const Entrant> entrants = request.entrants;
  Status failed(StatusCode::kResourceExhausted, "HMAC-SHA256 failed for want of memory");
  try {
    KeyedRanks ranks(seed_);
    std::vector<Draw> draws(entrants.size());
    Rank rank;
    for (std::uint32_t i = 0; i < draws.size(); ++i) {
      if (!ranks.Of(entrants[i].user, rank)) return failed;
      draws[i] = {.front = FrontOf(rank), .entrant = i};
    }
    std::sort(draws.begin(), draws.end(),
              [](const Draw& a, const Draw& b) { return a.front < b.front; });
    for (std::size_t first = 0; first < draws.size();) {
      std::size_t last = first + 1;
      while (last < draws.size() && draws[last].front == draws[first].front) ++last;
      const std::span<Draw> alike = std::span(draws).subspan(first, last - first);
      if (alike.size() > 1 && !OrderAlike(alike, entrants, ranks)) return failed;
      first = last;
    }
    for (std::size_t i = 0; i < draws.size(); ++i) order[i] = draws[i].entrant;
    return {};
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
