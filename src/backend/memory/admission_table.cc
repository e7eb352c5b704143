#include "backend/memory/admission_table.h"

#include <new>

namespace flashsale::inline v0::memory {

namespace {

// From here on a table is worth pages of its own.
constexpr std::size_t kManyBytes = std::size_t{256} * 1024;

}  // namespace

AdmissionTable::Records::Records(std::size_t count) {
  // A record of zeros is a free one.
  if (count * sizeof(LiveAdmission) < kManyBytes) {
    few_.reset(new (std::nothrow) LiveAdmission[count]());
  } else {
    many_ = engine::PageRegion::Map(count * sizeof(LiveAdmission));
  }
  if (data() != nullptr) size_ = count;
}

template <typename IsIt>
LiveAdmission* AdmissionTable::Search(const Part& part, std::uint64_t hash, IsIt is_it) {
  if (part.taken == 0) return nullptr;
  LiveAdmission* const records = part.records.data();
  const std::size_t mask = part.records.size() - 1;
  for (std::size_t i = Home(hash, mask);; i = (i + 1) & mask) {
    LiveAdmission& record = records[i];
    if (record.user.is_nil()) return nullptr;
    if (record.hash == hash && is_it(record)) return &record;
  }
}

void AdmissionTable::Put(const Records& records, const LiveAdmission& admission) {
  const std::size_t mask = records.size() - 1;
  std::size_t i = Home(admission.hash, mask);
  while (!records[i].user.is_nil()) i = (i + 1) & mask;
  records[i] = admission;
}

bool AdmissionTable::MakeRoom(std::uint64_t hash) {
  Part& part = PartOf(hash);
  const MutexLock lock(part.mutex);
  // Half full at most, so that a search meets a free record soon.
  if (2 * (std::size_t{part.taken} + 1) <= part.records.size()) return true;
  Records larger(part.records.size() == 0 ? kFewest : 2 * part.records.size());
  if (larger.size() == 0) return false;
  for (std::size_t i = 0; i < part.records.size(); ++i) {
    if (!part.records[i].user.is_nil()) Put(larger, part.records[i]);
  }
  part.hint.store(larger.data(), std::memory_order_relaxed);
  part.hint_mask.store(static_cast<std::uint32_t>(larger.size() - 1), std::memory_order_relaxed);
  part.records = std::move(larger);
  return true;
}

void AdmissionTable::Insert(const LiveAdmission& admission) {
  Part& part = PartOf(admission.hash);
  const MutexLock lock(part.mutex);
  Put(part.records, admission);
  ++part.taken;
  if (!admission.used) ++part.unused;
  ++size_;
}

std::optional<LiveAdmission> AdmissionTable::Find(std::uint64_t hash, const UserId& user) const {
  if (size_ == 0) return std::nullopt;
  const Part& part = PartOf(hash);
  const MutexLock lock(part.mutex);
  const LiveAdmission* const found =
      Search(part, hash, [&user](const LiveAdmission& record) { return record.user == user; });
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<LiveAdmission> AdmissionTable::Find(std::uint64_t hash, std::uint64_t number) const {
  if (size_ == 0) return std::nullopt;
  const Part& part = PartOf(hash);
  const MutexLock lock(part.mutex);
  const LiveAdmission* const found =
      Search(part, hash, [number](const LiveAdmission& record) { return record.number == number; });
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::uint64_t AdmissionTable::MarkUsed(std::uint64_t hash, const UserId& user,
                                       std::uint64_t number) {
  Part& part = PartOf(hash);
  const MutexLock lock(part.mutex);
  LiveAdmission* const found =
      Search(part, hash, [&user](const LiveAdmission& record) { return record.user == user; });
  if (found == nullptr || found->number != number || found->used) return 0;
  found->used = true;
  --part.unused;
  return found->ticket;
}

std::uint64_t AdmissionTable::unused() const {
  std::uint64_t sum = 0;
  for (const Part& part : parts_) {
    const MutexLock lock(part.mutex);
    sum += part.unused;
  }
  return sum;
}

void AdmissionTable::Erase(const LiveAdmission& admission) {
  Part& part = PartOf(admission.hash);
  const MutexLock lock(part.mutex);
  const LiveAdmission* const found = Search(
      part, admission.hash,
      [&admission](const LiveAdmission& record) { return record.number == admission.number; });
  if (!found->used) --part.unused;
  const std::size_t mask = part.records.size() - 1;
  auto hole = static_cast<std::size_t>(found - part.records.data());
  // Whoever stands behind the hole and belongs no later than in it moves up (Knuth, The Art of
  // Computer Programming, volume 3, 6.4, algorithm R): a search must meet no gap on its way.
  for (std::size_t i = (hole + 1) & mask; !part.records[i].user.is_nil(); i = (i + 1) & mask) {
    const std::size_t home = Home(part.records[i].hash, mask);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    part.records[hole] = part.records[i];
    hole = i;
  }
  part.records[hole] = LiveAdmission{};
  --part.taken;
  --size_;
}

void AdmissionTable::SetClock(const QueueClock& clock) {
  for (Part& part : parts_) {
    const MutexLock lock(part.mutex);
    part.clock = clock;
  }
}

Admission AdmissionTable::FindLive(std::uint64_t hash, const UserId& user, Time now,
                                   std::uint32_t grant) const {
  const Part& part = PartOf(hash);
  const MutexLock lock(part.mutex);
  const LiveAdmission* const found =
      Search(part, hash, [&user](const LiveAdmission& record) { return record.user == user; });
  if (found == nullptr || part.clock.At(now) >= found->until) return Admission{};
  return {.number = found->number, .grant = grant, .until = part.clock.Host(found->until, now)};
}

void AdmissionTable::Prefetch(std::uint64_t hash) const {
  const Part& part = PartOf(hash);
  const LiveAdmission* const records = part.hint.load(std::memory_order_relaxed);
  const std::size_t mask = part.hint_mask.load(std::memory_order_relaxed);
  // An address that is no more is not looked at, only asked for; so it is computed as a number.
  const auto address =
      reinterpret_cast<std::uintptr_t>(records) + Home(hash, mask) * sizeof(LiveAdmission);
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (records != nullptr) __builtin_prefetch(reinterpret_cast<const void*>(address));
}

}  // namespace flashsale::inline v0::memory
