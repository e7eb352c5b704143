#ifndef FLASHSALE_SRC_POLICY_DRAW_RANK_H_
#define FLASHSALE_SRC_POLICY_DRAW_RANK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/policy/draw_seed.h"
#include "policy/radix_sort.h"

namespace flashsale::inline v0 {

// As much of a rank as tells nearly all entrants apart: sixteen bytes are sorted instead of forty.
struct RankFront {
  std::uint64_t front;  // of the rank, big-endian
  std::uint32_t entrant;

  static RankFront Of(const DrawHash& rank, std::uint32_t entrant) {
    std::uint64_t front = 0;
    for (std::size_t i = 0; i < sizeof(front); ++i) front = front << 8 | rank[i];
    return {.front = front, .entrant = entrant};
  }
};

struct RankFrontKey {
  static constexpr std::size_t kSize = sizeof(RankFront::front);
  static std::uint8_t ByteOf(const RankFront& item, std::size_t i) {
    return static_cast<std::uint8_t>(item.front >> (8 * (kSize - 1 - i)));
  }
  static bool Less(const RankFront& a, const RankFront& b) { return a.front < b.front; }
};

// Writes who comes first, second …: by rank_of(i), then by id_of(i), i being an entrant's index.
template <typename RankOf, typename IdOf>
void OrderByRank(RankOf rank_of, IdOf id_of, std::span<std::uint32_t> order) {
  std::vector<RankFront> fronts(order.size());
  for (std::uint32_t i = 0; i < fronts.size(); ++i) fronts[i] = RankFront::Of(rank_of(i), i);
  RadixSort<RankFrontKey>(fronts);
  std::vector<std::pair<DrawHash, std::uint32_t>> alike;
  for (std::size_t first = 0; first < fronts.size();) {
    std::size_t last = first + 1;
    while (last < fronts.size() && fronts[last].front == fronts[first].front) ++last;
    if (last - first == 1) {
      order[first] = fronts[first].entrant;
    } else {
      // Those whose ranks begin alike, by all of their ranks, then by id.
      alike.clear();
      for (std::size_t i = first; i < last; ++i) {
        alike.emplace_back(rank_of(fronts[i].entrant), fronts[i].entrant);
      }
      std::sort(alike.begin(), alike.end(), [&](const auto& a, const auto& b) {
        const auto a_id = id_of(a.second);
        const auto b_id = id_of(b.second);
        return std::tie(a.first, a_id) < std::tie(b.first, b_id);
      });
      for (std::size_t i = first; i < last; ++i) order[i] = alike[i - first].second;
    }
    first = last;
  }
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_DRAW_RANK_H_
