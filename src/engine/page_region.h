#ifndef FLASHSALE_SRC_ENGINE_PAGE_REGION_H_
#define FLASHSALE_SRC_ENGINE_PAGE_REGION_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace flashsale::inline v0::engine {

// Zeroed memory straight from the system, resident only where it was touched, in huge pages where
// it is large enough and the system has them. Thread safety: as an int.  Ownership: of the memory.
class PageRegion {
 public:
  PageRegion() = default;
  // A huge page becomes resident as a whole with its first byte: for memory that is used at random,
  // or soon to the last byte.
  enum class Pages : std::uint8_t { kHugeWherePossible, kSmall };
  // Empty where the system gives none.
  static PageRegion Map(std::size_t bytes, Pages pages = Pages::kHugeWherePossible);

  PageRegion(PageRegion&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PageRegion& operator=(PageRegion&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PageRegion();

  // Gives the memory of these bytes back to the system; it is zeroed when it is touched again.  A
  // wish: of a page that lies there in part nothing happens, nor where the system's are larger.
  // REQUIRES: nobody touches it meanwhile; both are multiples of 4,096.
  void Discard(std::size_t first, std::size_t bytes);

  // Makes all of it resident.  REQUIRES: nobody writes to it meanwhile.
  void Prefault();

  bool empty() const { return data_ == nullptr; }
  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_PAGE_REGION_H_
