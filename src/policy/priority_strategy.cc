#include "flashsale/policy/priority_strategy.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/field_check.h"
#include "flashsale/policy/fifo_strategy.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint32_t kMostWeight = 1'000;
constexpr std::size_t kLongestName = 64;

const AllocationStrategy& Fifo() {
  static const FifoStrategy fifo;
  return fifo;
}

// Whose turn it is and how many were let in in it, as one number; 0 is the beginning.
constexpr std::uint64_t kTierBits = 3;
static_assert(kMaxTiers <= std::size_t{1} << kTierBits);

constexpr std::uint64_t StateOf(std::size_t tier, std::uint64_t served) {
  return served << kTierBits | tier;
}

}  // namespace

Result<std::unique_ptr<PriorityStrategy>> PriorityStrategy::New(const PriorityOptions& options) {
  FieldCheck check;
  check.InRange("weights", options.weights.size(), std::size_t{2}, kMaxTiers);
  std::uint32_t divisor = 0;
  for (std::size_t tier = 0; tier < options.weights.size(); ++tier) {
    check.InRange(fmt::format("weights[{}]", tier), options.weights[tier], 1U, kMostWeight);
    divisor = std::gcd(divisor, options.weights[tier]);
  }
  if (!check.ok()) return check.status();

  const AllocationStrategy& order = options.order == nullptr ? Fifo() : *options.order;
  std::string name = "priority";
  std::vector<std::uint32_t> weights = options.weights;
  for (std::uint32_t& weight : weights) {
    weight /= divisor;
    name += fmt::format("-{}", weight);
  }
  if (options.order != nullptr) name += fmt::format("-{}", order.name());
  check.That(name.size() <= kLongestName, "order", Printable(order.name()),
             fmt::format("a name so short that {} has at most 64 characters", Printable(name)));
  if (!check.ok()) return check.status();
  return std::unique_ptr<PriorityStrategy>(
      new PriorityStrategy(std::move(weights), order, std::move(name)));
}

PriorityStrategy::PriorityStrategy(std::vector<std::uint32_t> weights,
                                   const AllocationStrategy& order, std::string name)
    : weights_(std::move(weights)), order_(order), name_(std::move(name)) {}

Status PriorityStrategy::CheckTerms(const QueueTerms& terms) const {
  FieldCheck check;
  check.That(terms.tiers == weights_.size(), "tiers", fmt::format("{}", terms.tiers),
             fmt::format("{}, one for each weight of {}", weights_.size(), name_));
  return check.ok() ? order_.CheckTerms(terms) : check.status();
}

std::size_t PriorityStrategy::PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                                        std::span<TierPick> picks) const {
  const std::size_t tiers = std::min(waiting.size(), weights_.size());
  std::array<std::uint64_t, kMaxTiers> left{};
  std::copy_n(waiting.begin(), tiers, left.begin());
  std::uint64_t remaining = std::accumulate(left.begin(), left.end(), std::uint64_t{0});

  std::size_t tier = state & ((1U << kTierBits) - 1);
  std::uint64_t served = state >> kTierBits;
  if (tier >= tiers) tier = 0;
  std::size_t picked = 0;
  for (; picked < picks.size() && remaining != 0; ++picked) {
    while (left[tier] == 0 || served >= weights_[tier]) {
      tier = (tier + 1) % tiers;
      served = 0;
    }
    --left[tier];
    --remaining;
    ++served;
    picks[picked] = {.tier = static_cast<std::uint8_t>(tier), .state = StateOf(tier, served)};
  }
  return picked;
}

TierShare PriorityStrategy::ShareOf(std::uint8_t tier, std::size_t /*tiers*/) const {
  return {.weight = tier < weights_.size() ? weights_[tier] : 0,
          .total = std::accumulate(weights_.begin(), weights_.end(), 0U)};
}

}  // namespace flashsale::inline v0
