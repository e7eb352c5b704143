#ifndef FLASHSALE_POLICY_DRAW_WITNESS_H_
#define FLASHSALE_POLICY_DRAW_WITNESS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// The order that a draw has given, over what the strategy was asked to order.
// Ownership: valid within the call that it is given to.
class DrawnOrder {
 public:
  DrawnOrder(std::span<const Entrant> entrants, std::span<const std::uint32_t> order)
      : entrants_(entrants), order_(order) {}

  std::size_t size() const { return order_.size(); }
  // Who is let in after `place` others.  REQUIRES: place < size().
  const UserId& operator[](std::size_t place) const { return entrants_[order_[place]].user; }

 private:
  std::span<const Entrant> entrants_;
  std::span<const std::uint32_t> order_;
};

// The public face of a host's draws: publishes what is known, and reads the beacon.
//
// Implementer's duty: any thread.  Every server that orders a queue tells its own witness, and
// tells it again after a failure, so the same is told several times: publish it once.  What is told
// for one draw is the same on all servers, byte for byte, as long as they have the same secret and
// options, and the queue's entrants are the same.  Where other entrants are told of than were
// published (the store has lost its memory, say) answer an error: the queue then stays frozen until
// somebody has looked.  What is thrown counts as StatusCode::kInternal.
//
// Blocking: it may, as long as the ordering of the queue may wait.
class FLASHSALE_EXPORT DrawWitness {
 public:
  virtual ~DrawWitness() = default;

  // Registration has ended: `record` has the freeze, and neither beacon nor seed.  To be published
  // before the beacon is known to anybody.  The lists are valid within the call.  Not OK: the queue
  // stays frozen, and this is called again.
  virtual Status OnFrozen(const DrawRecord& record, const DrawLists& lists) = 0;

  // The public value that `record.beacon_source` speaks of, 1 to 256 bytes, for ever the same.
  // Asked after OnFrozen, and only where there is a source.  Unavailable while it is not known yet:
  // this is called again, each second or so.
  virtual Result<std::vector<std::uint8_t>> Beacon(const DrawRecord& record);

  // People were drawn: `record` is whole, with the seed.  To be published once the queue runs; who
  // learns the seed earlier cannot change the order any more, but if the store loses the queue
  // before it runs, its people are drawn anew.  Not OK: the queue stays frozen, and this is called
  // again.
  virtual Status OnDrawn(const DrawRecord& record, const DrawnOrder& order) = 0;
};

// Thread safety: any thread, as long as nobody changes it.
struct DrawOptions {
  // Told of each draw; null: nobody.  Must outlive the strategy.
  DrawWitness* witness = nullptr;
  // DrawRecord::beacon_source of all draws.  Not empty: people are drawn when the witness knows the
  // beacon.
  std::string beacon_source = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_DRAW_WITNESS_H_
