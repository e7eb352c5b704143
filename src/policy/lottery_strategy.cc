#include "flashsale/policy/lottery_strategy.h"

#include "policy/draw_ceremony.h"

namespace flashsale::inline v0 {

LotteryStrategy::LotteryStrategy(const DrawSecret& secret, const DrawOptions& options)
    : ceremony_(std::make_unique<DrawCeremony>(
          DrawCeremony::Rules{.secret = secret, .options = options})) {}

LotteryStrategy::~LotteryStrategy() = default;

Result<DrawRecord> LotteryStrategy::Announce(const DrawId& draw) const {
  return ceremony_->Announce(draw);
}

Status LotteryStrategy::CheckTerms(const QueueTerms& terms) const {
  return ceremony_->CheckTerms(terms);
}

Status LotteryStrategy::Order(const OrderRequest& request, std::span<std::uint32_t> order) const {
  return ceremony_->Order(request, order);
}

}  // namespace flashsale::inline v0
