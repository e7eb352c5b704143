#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SHARE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SHARE_AUDIT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/domain/queue_terms.h"

namespace flashsale::audit {

// Whether tiers take turns by their weights (policy/priority_strategy.h): while all wait, any
// w_0 + ... + w_n admissions in a row have exactly w_i of tier i.
//
// Who lets people in looks first and acts then, and a journal tells the acts alone.  So an
// admission counts only where each tier had somebody waiting all the time since the turn before,
// whoever of them was meant: then whoever looked has seen them.
//
// Thread safety: as an int.
class ShareAudit {
 public:
  // The weights in the name of a queue's strategy, as "priority-3-1" or "priority-3-1-lottery";
  // none where it is another, or has not as many.
  static std::vector<std::uint32_t> WeightsIn(std::string_view strategy, std::size_t tiers);

  // REQUIRES: weights, of which no common divisor is left.
  explicit ShareAudit(std::vector<std::uint32_t> weights);

  // A plan was carried out; so many of each tier wait now whom the next one sees.
  void OnTurn(std::span<const std::uint64_t> waiting);
  // A line opens: who looked before did not see it.
  void OnOpened() { sure_.fill(0); }
  // Somebody of the tier waits no longer, and was not let in.
  void OnGone(std::size_t tier) { Take(tier); }
  // Somebody of the tier was let in.  Why that must not be; nothing where it may.
  std::optional<std::string> OnAdmitted(std::size_t tier);

  // Admissions that the shares of a whole round were counted at.
  std::uint64_t rounds() const { return rounds_; }

 private:
  void Take(std::size_t tier) {
    if (sure_[tier] != 0) --sure_[tier];
  }

  const std::vector<std::uint32_t> weights_;
  std::size_t round_ = 0;                        // w_0 + ... + w_n
  std::array<std::uint64_t, kMaxTiers> sure_{};  // who has waited since the turn before
  std::deque<std::uint8_t> last_;                // the tiers of the last admissions that count
  std::array<std::uint32_t, kMaxTiers> in_last_{};
  std::uint64_t rounds_ = 0;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SHARE_AUDIT_H_
