#include "engine/page_region.h"

#include <sys/mman.h>

#include <cstdint>

namespace flashsale::inline v0::engine {
namespace {

constexpr std::size_t kPage = std::size_t{4} << 10;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::byte* MapBytes(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

}  // namespace

PageRegion PageRegion::Map(std::size_t bytes, Pages pages) {
  PageRegion region;
  const bool huge = bytes >= kHugePage && pages == Pages::kHugeWherePossible;
  bytes = (bytes + kPage - 1) & ~(kPage - 1);
  // A huge page needs its alignment: map one more, give back what lies before and behind.
  std::byte* const mapped = MapBytes(huge ? bytes + kHugePage : bytes);
  if (mapped == nullptr) return region;
  region.data_ = mapped;
  region.bytes_ = bytes;
  if (huge) {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(mapped) & (kHugePage - 1);
    const std::size_t before = past == 0 ? 0 : kHugePage - past;
    region.data_ = mapped + before;
    if (before != 0) munmap(mapped, before);
    munmap(region.data_ + bytes, kHugePage - before);
#ifdef MADV_HUGEPAGE
    madvise(region.data_, bytes, MADV_HUGEPAGE);  // a wish: without it everything works
#endif
  }
  return region;
}

PageRegion::~PageRegion() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void PageRegion::Discard(std::size_t first, std::size_t bytes) {
  madvise(data_ + first, bytes, MADV_DONTNEED);
}

void PageRegion::Prefault() {
  for (std::size_t i = 0; i < bytes_; i += kPage) {
    // A write of what is there: a read would map the shared page of zeros.
    volatile std::byte& byte = data_[i];
    byte = byte;
  }
}

}  // namespace flashsale::inline v0::engine
