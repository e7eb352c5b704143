#include "backend/memory/silence_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

constexpr int kBitsPerLevel = 8;

std::uint64_t Microseconds(Time t) {
  return static_cast<std::uint64_t>(t.time_since_epoch().count());
}

}  // namespace

SilenceWheel::SilenceWheel(const WaitingBlocks& blocks) : blocks_(blocks) {
  for (Level& level : levels_) level.first.fill(kNone);
}

void SilenceWheel::File(std::uint32_t block, Time due) {
  // What is overdue is due now.
  const std::uint64_t at = std::max(Microseconds(due), time_);
  const auto differing_bits = static_cast<int>(std::bit_width(at ^ time_));
  const int number = std::max(differing_bits - 1, 0) / kBitsPerLevel;
  const std::uint32_t index = at >> (number * kBitsPerLevel) & (kLists - 1);
  Level& level = levels_[static_cast<std::size_t>(number)];
  std::uint32_t& first = level.first[index];
  WaitingBlock& filed = blocks_[block];
  filed.list = static_cast<std::uint16_t>(static_cast<std::uint32_t>(number) * kLists + index);
  filed.previous_in_list = kNone;
  filed.next_in_list = first;
  if (first != kNone) blocks_[first].previous_in_list = block;
  first = block;
  level.filled[index / 64] |= std::uint64_t{1} << (index % 64);
}

void SilenceWheel::Unfile(std::uint32_t block) {
  WaitingBlock& filed = blocks_[block];
  const std::uint32_t list = std::exchange(filed.list, WaitingBlock::kUnfiled);
  if (filed.next_in_list != kNone) {
    blocks_[filed.next_in_list].previous_in_list = filed.previous_in_list;
  }
  if (filed.previous_in_list != kNone) {
    blocks_[filed.previous_in_list].next_in_list = filed.next_in_list;
    return;
  }
  Level& level = levels_[list / kLists];
  const std::uint32_t index = list % kLists;
  level.first[index] = filed.next_in_list;
  if (filed.next_in_list == kNone) level.filled[index / 64] &= ~(std::uint64_t{1} << (index % 64));
}

std::optional<SilenceWheel::List> SilenceWheel::FirstList() const {
  std::optional<List> first;
  for (int number = 0; number < kLevels; ++number) {
    const Level& level = levels_[static_cast<std::size_t>(number)];
    for (std::uint32_t word = 0; word < level.filled.size(); ++word) {
      if (level.filled[word] == 0) continue;
      const auto index =
          word * 64 + static_cast<std::uint32_t>(std::countr_zero(level.filled[word]));
      // The bytes above the level are those of the wheel's time.
      const int shift = number * kBitsPerLevel;
      const std::uint64_t above = time_ >> shift >> kBitsPerLevel << kBitsPerLevel;
      const std::uint64_t begins = (above | index) << shift;
      if (!first.has_value() || begins < first->begins) {
        first = {.level = number, .index = index, .begins = begins};
      }
      break;
    }
  }
  return first;
}

std::optional<std::uint32_t> SilenceWheel::TakeDue(Time now) {
  const std::optional<List> list = FirstList();
  if (!list.has_value() || list->begins > Microseconds(now)) return std::nullopt;
  time_ = std::max(time_, list->begins);
  const std::uint32_t block = levels_[static_cast<std::size_t>(list->level)].first[list->index];
  Unfile(block);
  return block;
}

Time SilenceWheel::next_due() const {
  const std::optional<List> list = FirstList();
  return list.has_value() ? Time(Duration(static_cast<Duration::rep>(list->begins))) : kMaxTime;
}

}  // namespace flashsale::inline v0::memory
