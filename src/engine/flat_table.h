#ifndef FLASHSALE_SRC_ENGINE_FLAT_TABLE_H_
#define FLASHSALE_SRC_ENGINE_FLAT_TABLE_H_

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace flashsale::inline v0::engine {

// A hash table that grows only when told to, and that an allocation which fails leaves as it was;
// absl::flat_hash_map promises neither.  Open addressing, linear probing; keys are never removed.
// Thread safety: as an int.
template <typename Key, typename Value, typename Hash>
class FlatTable {
 public:
  // Makes room for `more` keys.  False, and nothing changed, where memory ran out.
  bool EnsureRoom(std::size_t more) {
    std::size_t capacity = capacity_ == 0 ? kSmallest : capacity_;
    while (size_ + more > capacity / 4 * 3) capacity *= 2;
    return capacity == capacity_ || GrowTo(capacity);
  }

  // Null where the key was never added.
  const Value* Find(const Key& key) const {
    if (capacity_ == 0) return nullptr;
    const Slot& slot = slots_[PlaceOf(key)];
    return slot.used ? &slot.value : nullptr;
  }

  // The value of the key, added if it is new.  REQUIRES: EnsureRoom for a new one.
  Value& At(const Key& key) {
    Slot& slot = slots_[PlaceOf(key)];
    if (!slot.used) {
      slot.key = key;
      slot.used = true;
      ++size_;
    }
    return slot.value;
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::size_t i = 0; i < capacity_; ++i) {
      if (slots_[i].used) visit(slots_[i].key, slots_[i].value);
    }
  }

 private:
  static constexpr std::size_t kSmallest = 16;

  struct Slot {
    Key key{};
    Value value{};
    bool used = false;
  };

  // Where the key is, or where it belongs.
  std::size_t PlaceOf(const Key& key) const {
    std::size_t place = Hash()(key) & (capacity_ - 1);
    while (slots_[place].used && !(slots_[place].key == key)) place = (place + 1) & (capacity_ - 1);
    return place;
  }

  bool GrowTo(std::size_t capacity) {
    std::unique_ptr<Slot[]> slots(new (std::nothrow) Slot[capacity]);
    if (slots == nullptr) return false;
    std::swap(slots_, slots);
    const std::size_t old_capacity = std::exchange(capacity_, capacity);
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (slots[i].used) slots_[PlaceOf(slots[i].key)] = slots[i];
    }
    return true;
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_FLAT_TABLE_H_
