#include "service/other_queue.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

std::string TextOf(std::uint64_t value) { return fmt::format("{}", value); }
std::string TextOf(Duration value) { return fmt::format("{} us", value.count()); }
std::string TextOf(std::string_view value) { return Printable(value); }

// Gathers the first member that differs.
class Difference {
 public:
  template <typename T>
  Difference& Member(std::string_view name, const T& asked, const T& opened) {
    if (message_.empty() && asked != opened) {
      message_ = fmt::format("{}: {}, expected {}, with which the sale's queue was opened", name,
                             TextOf(asked), TextOf(opened));
    }
    return *this;
  }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

}  // namespace

Status OtherQueue(const QueueTerms& asked, const QueueTerms& opened) {
  Difference difference;
  difference
      .Member<std::uint64_t>("admissions_per_second", asked.pace.admissions_per_second,
                             opened.pace.admissions_per_second)
      .Member<std::uint64_t>("max_in_flight", asked.pace.max_in_flight, opened.pace.max_in_flight)
      .Member("max_waiting", asked.max_waiting, opened.max_waiting)
      .Member("admission_window", asked.admission_window, opened.admission_window)
      .Member<std::uint64_t>("grant", asked.grant, opened.grant)
      .Member("heartbeat_timeout", asked.heartbeat_timeout, opened.heartbeat_timeout)
      .Member<std::uint64_t>("tiers", asked.tiers, opened.tiers)
      .Member<std::string_view>("strategy", asked.strategy, opened.strategy)
      .Member("restore_window", asked.restore_window, opened.restore_window);
  difference.Member<std::uint64_t>("max_credits", asked.max_credits, opened.max_credits);
  for (std::size_t tier = 0; tier < kMaxTiers; ++tier) {
    difference.Member<std::uint64_t>(fmt::format("credits_for[{}]", tier), asked.credits_for[tier],
                                     opened.credits_for[tier]);
    difference.Member(fmt::format("opens[{}]", tier), asked.opens[tier].time_since_epoch(),
                      opened.opens[tier].time_since_epoch());
  }
  return {StatusCode::kAlreadyExists, difference.message()};
}

}  // namespace flashsale::inline v0
