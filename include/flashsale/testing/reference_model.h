#ifndef FLASHSALE_TESTING_REFERENCE_MODEL_H_
#define FLASHSALE_TESTING_REFERENCE_MODEL_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "flashsale/export.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

struct ReferenceOptions {
  // The most records (reservations and tombstones) of each sale; then new ones answer StorageFull.
  std::uint64_t max_records_per_sale = std::numeric_limits<std::uint64_t>::max();
};

// The contract as plain code: one mutex, maps, and no counter at all, because every count is summed
// up from the records when it is asked for.  Slow, and obviously right: other backends are compared
// with it.  It shares no judgement with flashsale/domain, so a mistake there shows.
//
// It expires every lapsed hold whenever a new reserve or a revival has to know what is free; other
// backends may expire fewer at a time.  It keeps all events.  When memory runs out it terminates:
// an oracle that half did something is worth nothing. Thread safety: any thread.  Blocking: on its
// mutex.  Clock: none.
FLASHSALE_EXPORT std::unique_ptr<Storage> NewReferenceStorage(const ReferenceOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_REFERENCE_MODEL_H_
