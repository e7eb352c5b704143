#include "engine/event_ring.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "engine/record.h"

namespace flashsale::inline v0::engine {
namespace {

constexpr std::size_t kWordsPerLine = 64 / sizeof(std::uint64_t);

std::uint64_t Get(const std::atomic<std::uint64_t>& word) {
  // Acquire keeps the second look at the sequence number behind this load.
  return word.load(std::memory_order_acquire);
}

template <typename Id>
Id GetId(const std::atomic<std::uint64_t>* words) {
  const std::array<std::uint64_t, 2> values = {Get(words[0]), Get(words[1])};
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), values.data(), sizeof(values));
  return Id::FromBytes(bytes);
}

}  // namespace

EventRing::EventRing(const SaleTerms& terms, std::size_t capacity,
                     std::atomic<std::uint64_t>& next_seq)
    : mask_(capacity - 1),
      keys_(terms.key_limits.size()),
      stride_((kKeys + 2 * keys_ + kWordsPerLine - 1) / kWordsPerLine * kWordsPerLine),
      next_seq_(next_seq),
      // Small pages: of a thousand rings most hold a handful of events.
      region_(PageRegion::Map(capacity * stride_ * sizeof(Word), PageRegion::Pages::kSmall)),
      edges_(terms) {}

void EventRing::FoldGathered() {
  if (!fold_mutex_.TryLock()) return;
  Fold(2 * kFoldEvery);
  fold_mutex_.Unlock();
}

EventPage EventRing::Read(std::uint64_t after, std::span<Event> events) {
  const MutexLock lock(fold_mutex_);
  Fold(mask_ + 1);
  const std::uint64_t last = folded_.load(std::memory_order_relaxed);
  EventPage page{.cursor = after};
  if (after >= last) return page;
  std::uint64_t seq = after + 1;
  while (seq <= last && page.count < events.size()) {
    // Writers may be at work one ring ahead of the last number given.
    const std::uint64_t given = last_seq();
    const std::uint64_t oldest = given > mask_ ? given - mask_ : 1;
    if (seq < oldest || !CopyOut(seq, events[page.count])) {
      if (page.count != 0) break;  // the next call reports the gap, at the front of its page
      const std::uint64_t next = std::min(std::max(oldest, seq + 1), last + 1);
      page.lost = EventPage::Lost{.from = after + 1, .to = next - 1};
      page.cursor = next - 1;
      seq = next;
      continue;
    }
    page.cursor = seq++;
    ++page.count;
  }
  return page;
}

bool EventRing::TimeEdgeIsDue(Time now) {
  const MutexLock lock(fold_mutex_);
  Fold(mask_ + 1);
  return edges_.TimeEdgeIsDue(now);
}

void EventRing::Show(EventSink* sink) {
  const MutexLock lock(fold_mutex_);
  Fold(mask_ + 1);
  sink_ = sink;
}

void EventRing::FoldThrough(std::uint64_t seq) {
  while (seq > folded_.load(std::memory_order_acquire)) {
    {
      const MutexLock lock(fold_mutex_);
      Fold(mask_ + 1);
      if (seq <= folded_.load(std::memory_order_relaxed)) return;
    }
    std::this_thread::yield();
  }
}

void EventRing::WaitForRoom(std::uint64_t seq) { FoldThrough(seq - mask_); }

void EventRing::Fold(std::uint64_t most) {
  std::uint64_t seq = folded_.load(std::memory_order_relaxed);
  for (; most != 0 && IsPublished(seq + 1); --most) {
    ++seq;
    Word* const slot = SlotOf(seq);
    const std::uint64_t type_line = slot[kTypeLineEdges].load(std::memory_order_relaxed);
    const std::uint64_t units_returned = slot[kUnitsReturned].load(std::memory_order_relaxed);
    const Edges edges = edges_.Apply({.type = static_cast<EventType>(type_line & 0xFF),
                                      .line = static_cast<std::uint16_t>(type_line >> kLineShift),
                                      .units = static_cast<Units>(units_returned >> 32),
                                      .returned = static_cast<Units>(units_returned),
                                      .at = FromMicros(slot[kAt].load(std::memory_order_relaxed))});
    if (!edges.empty()) {
      // Readers look only at what was folded, under the same mutex.
      slot[kTypeLineEdges].store(type_line | std::uint64_t{edges.bits()} << kEdgesShift,
                                 std::memory_order_relaxed);
    }
  }
  if (sink_ != nullptr) ShowThrough(seq);
  folded_.store(seq, std::memory_order_release);
}

void EventRing::ShowThrough(std::uint64_t last) {
  constexpr std::size_t kAtOnce = 16;
  std::array<LoggedEvent, kAtOnce> events;
  std::size_t count = 0;
  for (std::uint64_t seq = folded_.load(std::memory_order_relaxed) + 1; seq <= last; ++seq) {
    LoggedEvent& next = events[count++];
    CopyOut(seq, next.event);  // nobody writes it again before it was folded
    const Word* const slot = SlotOf(seq);
    next.party = {
        .place = static_cast<Place>(slot[kLimitPlace].load(std::memory_order_relaxed) >> 32),
        .record = static_cast<std::uint8_t>(slot[kTypeLineEdges].load(std::memory_order_relaxed) >>
                                            kRecordShift)};
    if (count == kAtOnce || seq == last) sink_->OnEvents(std::span(events).first(count));
    count %= kAtOnce;
  }
}

bool EventRing::CopyOut(std::uint64_t seq, Event& event) const {
  const Word* const slot = SlotOf(seq);
  if (slot[kSeq].load(std::memory_order_acquire) != seq) return false;
  const std::uint64_t type_line_edges = Get(slot[kTypeLineEdges]);
  const std::uint64_t units_returned = Get(slot[kUnitsReturned]);
  event = Event{.seq = seq,
                .at = FromMicros(Get(slot[kAt])),
                .type = static_cast<EventType>(type_line_edges & 0xFF),
                .edges = Edges(static_cast<std::uint16_t>(type_line_edges >> kEdgesShift)),
                .line = static_cast<std::uint16_t>(type_line_edges >> kLineShift),
                .units = static_cast<Units>(units_returned >> 32),
                .returned = static_cast<Units>(units_returned),
                .user = GetId<UserId>(&slot[kUser]),
                .id = GetId<ReservationId>(&slot[kId]),
                .deadline = FromMicros(Get(slot[kDeadline])),
                .quote = Get(slot[kQuote]),
                .admission = Get(slot[kAdmission]),
                .user_limit = static_cast<Units>(Get(slot[kLimitPlace]))};
  for (std::size_t i = 0; i < keys_; ++i) event.keys[i] = GetId<LimitKey>(&slot[kKeys + 2 * i]);
  return slot[kSeq].load(std::memory_order_relaxed) == seq;
}

}  // namespace flashsale::inline v0::engine
