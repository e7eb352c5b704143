#include "examples/flashsale_audit/draw_check.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "flashsale/base/status.h"
#include "flashsale/policy/draw.h"

namespace flashsale::audit {

std::string CheckDraw(const DrawRecord& record, std::span<const Entrant> entrants,
                      std::span<const UserId> arranged) {
  // Who brought back an earlier ticket came first, in the order of those.
  std::vector<Entrant> arrived(entrants.begin(), entrants.end());
  std::sort(arrived.begin(), arrived.end(), [](const Entrant& a, const Entrant& b) {
    const auto rank = [](const Entrant& who) {
      return std::tuple(who.restored_place == 0, who.restored_place, who.ticket);
    };
    return rank(a) < rank(b);
  });
  std::vector<UserId> users;
  users.reserve(arrived.size());
  for (const Entrant& entrant : arrived) users.push_back(entrant.user);
  const auto rest =
      users.begin() + static_cast<std::ptrdiff_t>(FifoCount(users.size(), record.fifo_per_mille));
  std::sort(rest, users.end());
  const Result<std::vector<UserId>> order =
      ReplayDraw(record, {.fifo = {users.begin(), rest}, .drawn = {rest, users.end()}});
  if (!order.ok()) {
    return fmt::format("the record is not of this queue's {} entrants: {}", users.size(),
                       order.status().message());
  }
  if (arranged.size() != order->size()) {
    return fmt::format("{} of {} entrants were given a place", arranged.size(), order->size());
  }
  const auto [got, drawn] = std::mismatch(arranged.begin(), arranged.end(), order->begin());
  if (got == arranged.end()) return {};
  return fmt::format("place {} was given to somebody else than the draw gives it to",
                     got - arranged.begin() + 1);
}

}  // namespace flashsale::audit
