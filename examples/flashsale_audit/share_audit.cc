#include "examples/flashsale_audit/share_audit.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace flashsale::audit {

std::vector<std::uint32_t> ShareAudit::WeightsIn(std::string_view strategy, std::size_t tiers) {
  constexpr std::string_view kName = "priority";
  if (!strategy.starts_with(kName)) return {};
  strategy.remove_prefix(kName.size());
  std::vector<std::uint32_t> weights;
  while (weights.size() < tiers && strategy.starts_with('-')) {
    std::uint32_t weight = 0;
    const char* const begin = strategy.data() + 1;
    const char* const end = strategy.data() + strategy.size();
    const auto [stop, error] = std::from_chars(begin, end, weight);
    if (error != std::errc() || weight == 0) return {};
    weights.push_back(weight);
    strategy.remove_prefix(static_cast<std::size_t>(stop - strategy.data()));
  }
  return weights.size() == tiers ? weights : std::vector<std::uint32_t>();
}

ShareAudit::ShareAudit(std::vector<std::uint32_t> weights) : weights_(std::move(weights)) {
  for (const std::uint32_t weight : weights_) round_ += weight;
}

void ShareAudit::OnTurn(std::span<const std::uint64_t> waiting) {
  std::copy(waiting.begin(), waiting.end(), sure_.begin());
}

std::optional<std::string> ShareAudit::OnAdmitted(std::size_t tier) {
  const bool counts =
      std::all_of(sure_.begin(), sure_.begin() + static_cast<std::ptrdiff_t>(weights_.size()),
                  [](std::uint64_t sure) { return sure != 0; });
  Take(tier);
  if (!counts) {
    last_.clear();
    in_last_.fill(0);
    return std::nullopt;
  }
  last_.push_back(static_cast<std::uint8_t>(tier));
  ++in_last_[tier];
  if (last_.size() > round_) {
    --in_last_[last_.front()];
    last_.pop_front();
  }
  if (last_.size() < round_) return std::nullopt;
  ++rounds_;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (in_last_[i] == weights_[i]) continue;
    return fmt::format(
        "of the last {} admissions, while all tiers waited, {} were of tier {}, "
        "whose share is {}",
        round_, in_last_[i], i, weights_[i]);
  }
  return std::nullopt;
}

}  // namespace flashsale::audit
