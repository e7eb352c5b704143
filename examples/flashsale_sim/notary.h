#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_NOTARY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_NOTARY_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/chi_square.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_witness.h"

namespace flashsale::sim {

// Keeps what is published of the draws of a sale, one for each tier.
// Thread safety: one thread.  Blocking: never.  Ownership: none.  Clock: none.
class Notary final : public DrawWitness {
 public:
  // `ticket_of`: the ticket of somebody who takes part.
  explicit Notary(std::function<std::uint64_t(const UserId&)> ticket_of)
      : ticket_of_(std::move(ticket_of)) {}

  Status OnFrozen(const DrawRecord& record, const DrawLists& lists) override;
  Status OnDrawn(const DrawRecord& record, const DrawnOrder& order) override;

  // Worked out from what was published alone; nothing where it does not hold, or where those who go
  // first are not those who came first.
  std::optional<QueueAudit::Draw> DrawOf(std::uint8_t tier) const;
  // Of those who were drawn.
  const ChiSquare& uniformity(std::uint8_t tier) const { return draws_[tier].uniformity; }

 private:
  struct Draw {
    DrawRecord record;
    std::vector<UserId> first;
    std::vector<UserId> drawn;
    ChiSquare uniformity;
  };

  const std::function<std::uint64_t(const UserId&)> ticket_of_;
  std::array<Draw, kMaxTiers> draws_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_NOTARY_H_
