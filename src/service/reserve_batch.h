#ifndef FLASHSALE_SRC_SERVICE_RESERVE_BATCH_H_
#define FLASHSALE_SRC_SERVICE_RESERVE_BATCH_H_

#include <cstddef>
#include <span>

#include <boost/container/static_vector.hpp>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/requests.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {

// Reserves that come together, of whatever sales, each answered as if it came by itself after those
// before it.
//
// They pass the gates in stages, all of them one before the first comes to the next, and those in a
// row that are for one sale ask its queue and its store together.  What would see that an earlier
// one has reserved waits until it has: whether the store knows an id, how the store does.  (What a
// queue tells of the stock is as it was when it last let people in.)
//
// Thread safety: as an int.  Blocking: as the repositories and the detectors.
class FlashSaleService::State::ReserveBatch {
 public:
  static constexpr std::size_t kMost = 32;

  // REQUIRES: at most kMost outcomes.
  ReserveBatch(State& state, Time now, std::span<Outcome> outcomes)
      : state_(state), now_(now), outcomes_(outcomes) {}

  // To be called once.  REQUIRES: as many requests as outcomes; the visit lasts until it returns.
  Status Carry(const Sales::Visit& visit, std::span<const ReserveRequest> requests);

 private:
  template <typename T>
  using UpToMost = boost::container::static_vector<T, kMost>;

  void Probe();
  void CheckAdmissions();
  // How many in a row from `first` on stand before the gates of one sale; at least one.
  std::size_t GuardedFrom(std::size_t first) const;

  void CheckStore(std::size_t i);

  // Of these: false where the store failed, as status_ says.

  bool LookUp(std::size_t i);
  // Answers it, or lets it wait for the next Flush, which carries out all that wait.
  bool Answer(std::size_t i);
  bool Flush();

  // Tells the queue of those who waited and now hold something.
  void MarkUsed(std::span<const Outcome> outcomes);

  State& state_;
  const Time now_;
  const std::span<Outcome> outcomes_;

  // One for each request, in their order.
  UpToMost<ReserveCall> calls_;
  UpToMost<AdmissionProbe> probes_;
  // Those that wait for the store of one sale, and what they are to it.
  UpToMost<std::size_t> waiting_;
  UpToMost<Command> commands_;
  Status status_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_RESERVE_BATCH_H_
