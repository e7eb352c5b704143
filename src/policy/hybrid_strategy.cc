#include "flashsale/policy/hybrid_strategy.h"

#include <fmt/format.h>

#include "policy/draw_ceremony.h"

namespace flashsale::inline v0 {

HybridStrategy::HybridStrategy(const Rules& rules)
    : name_(fmt::format("hybrid-{}", rules.fifo_per_mille)),
      ceremony_(std::make_unique<DrawCeremony>(
          DrawCeremony::Rules{.secret = rules.secret,
                              .options = rules.options,
                              .fifo_per_mille = rules.fifo_per_mille})) {}

HybridStrategy::~HybridStrategy() = default;

Result<DrawRecord> HybridStrategy::Announce(const DrawId& draw) const {
  return ceremony_->Announce(draw);
}

Status HybridStrategy::CheckTerms(const QueueTerms& terms) const {
  return ceremony_->CheckTerms(terms);
}

Status HybridStrategy::Order(const OrderRequest& request, std::span<std::uint32_t> order) const {
  return ceremony_->Order(request, order);
}

}  // namespace flashsale::inline v0
