#include "examples/flashsale_sim/notary.h"

#include <algorithm>
#include <cstddef>

#include "examples/flashsale_sim/lottery_rank.h"

namespace flashsale::sim {

Status Notary::OnFrozen(const DrawRecord& record, const DrawLists& lists) {
  Draw& draw = draws_[record.draw.tier % kMaxTiers];
  draw.first.assign(lists.fifo.begin(), lists.fifo.end());
  draw.drawn.assign(lists.drawn.begin(), lists.drawn.end());
  return {};
}

Status Notary::OnDrawn(const DrawRecord& record, const DrawnOrder& order) {
  Draw& draw = draws_[record.draw.tier % kMaxTiers];
  draw.record = record;
  std::vector<std::uint64_t> tickets;
  tickets.reserve(draw.drawn.size());
  for (std::size_t place = draw.first.size(); place < order.size(); ++place) {
    tickets.push_back(ticket_of_(order[place]));
  }
  draw.uniformity = TestUniformity(tickets);
  return {};
}

std::optional<QueueAudit::Draw> Notary::DrawOf(std::uint8_t tier) const {
  const Draw& draw = draws_[tier];
  const std::optional<LotteryKey> key = LotteryKeyOf(draw.record, draw.drawn, draw.first);
  if (!key.has_value()) return std::nullopt;
  std::uint64_t last = 0;
  for (const UserId& user : draw.first) {
    const std::uint64_t ticket = ticket_of_(user);
    if (ticket <= last) return std::nullopt;
    last = ticket;
  }
  const bool is_first = std::all_of(draw.drawn.begin(), draw.drawn.end(),
                                    [&](const UserId& user) { return ticket_of_(user) > last; });
  if (!is_first) return std::nullopt;
  return QueueAudit::Draw{.key = *key, .first_through = last};
}

}  // namespace flashsale::sim
