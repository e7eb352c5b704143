#ifndef FLASHSALE_SRC_BACKEND_MEMORY_ADMISSION_TABLE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_ADMISSION_TABLE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "backend/memory/queue_clock.h"
#include "base/mutex.h"
#include "engine/page_region.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"

namespace flashsale::inline v0::memory {

// Somebody who was let in.
struct LiveAdmission {
  UserId user = {};  // nil: a free record
  std::uint64_t hash = 0;
  std::uint64_t number = 0;
  Time until{};  // in the queue's time
  std::uint64_t ticket = 0;
  Time joined_at{};
  std::uint8_t tier = 0;
  bool used = false;
};
static_assert(sizeof(LiveAdmission) <= 64);

// Who is in the shop.  Every reserve of the sale asks here, so it has locks of its own, many of
// them, apart from the queue's: a record is one cache line, found where its hash points or close
// behind (linear probing at half load).
//
// Thread safety: FindLive, MarkUsed and Prefetch from any thread; the rest from one thread at a
// time. Clock: a copy of the queue's in each part, so that a pause is seen with the part's lock.
class AdmissionTable {
 public:
  // Makes sure that Insert has room.  False, and nothing changed, where memory ran out.
  bool MakeRoom(std::uint64_t hash);
  // REQUIRES: MakeRoom(admission.hash) was true since the last one; the user has none.
  void Insert(const LiveAdmission& admission);
  std::optional<LiveAdmission> Find(std::uint64_t hash, const UserId& user) const;
  std::optional<LiveAdmission> Find(std::uint64_t hash, std::uint64_t number) const;
  // REQUIRES: it is there.
  void Erase(const LiveAdmission& admission);
  void SetClock(const QueueClock& clock);

  std::uint64_t size() const { return size_; }
  // How many of them wait to be used; while others are marked, as it was in some of the parts.
  std::uint64_t unused() const;

  // The admission of that number, if the user has it, is used.  The ticket of who was let in;
  // 0 where this changed nothing.
  std::uint64_t MarkUsed(std::uint64_t hash, const UserId& user, std::uint64_t number);

  // The admission of a user, if it is live at `now`, with that grant; else one numbered 0.
  Admission FindLive(std::uint64_t hash, const UserId& user, Time now, std::uint32_t grant) const;
  // Asks for the record that a search begins with; in vain, if the table changes meanwhile.
  void Prefetch(std::uint64_t hash) const;

 private:
  // Free records: a few on the heap, many in pages of their own.
  class Records {
   public:
    Records() = default;
    // Of none where memory ran out.  REQUIRES: a power of two.
    explicit Records(std::size_t count);

    std::size_t size() const { return size_; }
    LiveAdmission* data() const {
      return few_ != nullptr ? few_.get() : reinterpret_cast<LiveAdmission*>(many_.data());
    }
    LiveAdmission& operator[](std::size_t i) const { return data()[i]; }

   private:
    std::unique_ptr<LiveAdmission[]> few_;
    engine::PageRegion many_;
    std::size_t size_ = 0;
  };
  struct alignas(64) Part {
    mutable WordMutex mutex;
    std::uint32_t taken FLASHSALE_GUARDED_BY(mutex) = 0;
    std::uint32_t unused FLASHSALE_GUARDED_BY(mutex) = 0;  // of those taken
    Records records FLASHSALE_GUARDED_BY(mutex);
    QueueClock clock FLASHSALE_GUARDED_BY(mutex);
    // Where the records are, for Prefetch, which only has to be right as a rule: hence relaxed.
    std::atomic<const LiveAdmission*> hint{nullptr};
    std::atomic<std::uint32_t> hint_mask{0};
  };
  static constexpr std::size_t kParts = 64;
  static constexpr std::size_t kFewest = 8;

  Part& PartOf(std::uint64_t hash) { return parts_[hash % kParts]; }
  const Part& PartOf(std::uint64_t hash) const { return parts_[hash % kParts]; }
  static std::size_t Home(std::uint64_t hash, std::size_t mask) { return hash / kParts & mask; }

  // The record for which is_it(record) holds, among those behind the hash's home; or null.
  template <typename IsIt>
  static LiveAdmission* Search(const Part& part, std::uint64_t hash, IsIt is_it)
      FLASHSALE_REQUIRES(part.mutex);
  static void Put(const Records& records, const LiveAdmission& admission);

  std::array<Part, kParts> parts_;
  std::uint64_t size_ = 0;  // the one thread's
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_ADMISSION_TABLE_H_
