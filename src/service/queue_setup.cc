#include "service/queue_setup.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/field_check.h"
#include "flashsale/policy/fifo_strategy.h"
#include "service/checked_strategy.h"
#include "service/guarded_call.h"

namespace flashsale::inline v0 {
namespace {

Status CheckOpenings(const SaleTerms& terms, const QueueSetup& setup) {
  constexpr Duration kLatest = std::chrono::hours{24 * 30};
  const Duration length = terms.end - terms.start;
  FieldCheck check;
  check.InRange("tiers", setup.tiers, 1U, std::uint32_t{kMaxTiers});
  for (std::size_t tier = 0; tier < kMaxTiers; ++tier) {
    const std::string field = fmt::format("opens_after[{}]", tier);
    const Duration after = setup.opens_after[tier];
    const std::string value = fmt::format("{} us", after.count());
    if (tier < setup.tiers) {
      check.InRange(field, after, Duration(0), kLatest)
          .That(after < length, field, value,
                fmt::format("less than {} us, after which the sale ends", length.count()));
    } else {
      check.That(after == Duration(0), field, value,
                 fmt::format("0 us beyond the tiers, tiers is {}", setup.tiers));
    }
  }
  return check.status();
}

Result<std::string> NameOf(const AllocationStrategy* strategy) {
  return Guarded<Result<std::string>>([&]() -> Result<std::string> {
    return std::string(strategy == nullptr ? FifoStrategy().name() : strategy->name());
  });
}

// Who orders those who gather has nobody to order where nobody does.
Status CheckGathering(const QueueSetup& setup, const CheckedStrategy& strategy) {
  if (setup.pre_queue || strategy.keeps_arrival_order()) return {};
  FieldCheck check;
  for (std::size_t tier = 0; tier < setup.tiers; ++tier) {
    check.That(setup.opens_after[tier] > Duration(0), "pre_queue", "false",
               fmt::format("true, or opens_after[{}] above 0: strategy {} orders those who have "
                           "gathered when a line opens",
                           tier, Printable(strategy.name())));
  }
  return check.status();
}

// A host sets the pace by members of SaleTerms and QueueSetup, which are not within another.
Status WithoutPace(const Status& status) {
  constexpr std::string_view kPace = "pace.";
  if (!status.message().starts_with(kPace)) return status;
  return Status(status.code(), std::string(status.message().substr(kPace.size())));
}

}  // namespace

Result<QueueTerms> QueueTermsOf(const SaleTerms& terms, const QueueSetup& setup) {
  if (Status status = CheckOpenings(terms, setup); !status.ok()) return status;
  Result<std::string> name = NameOf(setup.strategy);
  if (!name.ok()) return name.status();
  QueueTerms queue{.sale = terms.id,
                   .pace = {.admissions_per_second = terms.admissions_per_second,
                            .max_in_flight = setup.max_in_flight},
                   .max_waiting = setup.max_waiting,
                   .admission_window = setup.admission_window,
                   .grant = setup.grant,
                   .heartbeat_timeout = setup.heartbeat_timeout,
                   .tiers = setup.tiers,
                   .credits_for = setup.credits_for,
                   .max_credits = setup.max_credits,
                   .restore_window = setup.restore_window,
                   .strategy = *std::move(name)};
  for (std::size_t tier = 0; tier < setup.tiers; ++tier) {
    const Duration after = setup.opens_after[tier];
    if (setup.pre_queue || after > Duration(0)) {
      queue.opens[tier] = SaturatingAdd(terms.start, after);
    }
  }
  if (Status status = Validate(queue); !status.ok()) return WithoutPace(status);
  if (setup.strategy == nullptr) return queue;
  const Result<CheckedStrategy> strategy = CheckedStrategy::New(*setup.strategy, queue);
  if (!strategy.ok()) return strategy.status();
  if (Status status = CheckGathering(setup, *strategy); !status.ok()) return status;
  return queue;
}

}  // namespace flashsale::inline v0
