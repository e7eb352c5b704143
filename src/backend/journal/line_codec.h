#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_LINE_CODEC_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_LINE_CODEC_H_

#include <cstdint>
#include <vector>

#include "backend/journal/bytes.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_event.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0::journal {

// What happens in queues and waitlists, as records; docs/journal.md has them byte by byte.

// The records' kinds are those of the events and this.
inline constexpr std::uint8_t kFirstLineEvent = 43;
inline constexpr std::uint8_t kLastLineEvent =
    kFirstLineEvent + static_cast<std::uint8_t>(QueueEvent::Kind::kUsed) - 1;

// `at`: the time of the record before, and then of this.  A newcomer's id is the next of `names`.
// Throws std::bad_alloc.
void PutLineEvent(ByteWriter& records, ByteWriter& names, Time& at, const QueueEvent& event);

// The event whose first byte was read.  Its ticket is not told of kJoined, nor its user of another;
// its tickets are in `tickets`.  Makes a reader fail.  Throws std::bad_alloc.
QueueEvent GetLineEvent(std::uint8_t first, ByteReader& records, ByteReader& names, Time& at,
                        std::vector<std::uint64_t>& tickets);

void PutQueueTerms(ByteWriter& writer, const QueueTerms& terms);
// Terms that Validate does not take make the reader fail.  Throws std::bad_alloc.
QueueTerms GetQueueTerms(ByteReader& reader);

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_LINE_CODEC_H_
