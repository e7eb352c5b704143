#ifndef FLASHSALE_SRC_BASE_DOOR_H_
#define FLASHSALE_SRC_BASE_DOOR_H_

#include <atomic>
#include <cstdint>

namespace flashsale::inline v0 {

// Lets callers in until it is closed, and knows when the last of them has left.
//
// Thread safety: any thread; Enter and Leave are wait-free.  Blocking: WaitUntilEmpty alone.
class Door {
 public:
  // Inside from construction to destruction, unless it came too late.
  class Visit {
   public:
    explicit Visit(Door& door) : door_(door), inside_(door.Enter()) {}
    ~Visit() {
      if (inside_) door_.Leave();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    bool inside() const { return inside_; }

   private:
    Door& door_;
    const bool inside_;
  };

  // False once it is closed; else Leave is due.
  bool Enter() {
    // Acquire: what was prepared for visitors comes before.
    if ((word_.fetch_add(1, std::memory_order_acquire) & kClosed) == 0) return true;
    Leave();
    return false;
  }
  void Leave() {
    // Release pairs with WaitUntilEmpty: what the visitor did comes before.
    if (word_.fetch_sub(1, std::memory_order_release) == (kClosed | 1)) word_.notify_all();
  }

  void Close() { word_.fetch_or(kClosed, std::memory_order_relaxed); }

  // Returns when everybody has left who was let in.  REQUIRES: closed; the caller is not inside.
  void WaitUntilEmpty() const {
    for (;;) {
      // Whoever is turned away counts in for an instant, too.
      const std::uint32_t word = word_.load(std::memory_order_acquire);
      if (word == kClosed) return;
      word_.wait(word, std::memory_order_acquire);
    }
  }

 private:
  static constexpr std::uint32_t kClosed = 0x8000'0000;

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_DOOR_H_
