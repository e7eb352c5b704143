#include "engine/page_region.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace flashsale::engine {
namespace {

TEST_CASE("a region is zeroed, writable and at least as large as asked for") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{4097},
                                  std::size_t{2} << 20, (std::size_t{5} << 20) + 64}) {
    const PageRegion region = PageRegion::Map(bytes);
    REQUIRE_FALSE(region.empty());
    REQUIRE(region.bytes() >= bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(region.data()) % 4096 == 0);
    CHECK(std::all_of(region.data(), region.data() + region.bytes(),
                      [](std::byte b) { return b == std::byte{0}; }));
    std::fill_n(region.data(), region.bytes(), std::byte{0xA5});
  }
}

TEST_CASE("a large region is laid out for huge pages") {
  const PageRegion region = PageRegion::Map(std::size_t{3} << 20);
  REQUIRE_FALSE(region.empty());
  CHECK(reinterpret_cast<std::uintptr_t>(region.data()) % (std::size_t{2} << 20) == 0);
}

TEST_CASE("what is discarded of a region is zero, and the rest stays") {
  for (const std::size_t bytes : {std::size_t{16} << 10, std::size_t{4} << 20}) {
    PageRegion region = PageRegion::Map(bytes);
    REQUIRE_FALSE(region.empty());
    std::fill_n(region.data(), bytes, std::byte{0xA5});
    region.Discard(4096, 8192);
    const auto all_are = [&region](std::size_t first, std::size_t end, std::byte value) {
      return std::all_of(region.data() + first, region.data() + end,
                         [value](std::byte b) { return b == value; });
    };
    CHECK(all_are(0, 4096, std::byte{0xA5}));
    CHECK(all_are(4096, 12288, std::byte{0}));
    CHECK(all_are(12288, bytes, std::byte{0xA5}));
    region.data()[4096] = std::byte{1};
    CHECK(region.data()[4096] == std::byte{1});
  }
}

TEST_CASE("a region moves, and what it was moved from is empty") {
  PageRegion first = PageRegion::Map(4096);
  std::byte* const data = first.data();
  PageRegion second(std::move(first));
  CHECK(second.data() == data);
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move)
  CHECK(first.bytes() == 0);
  PageRegion third = PageRegion::Map(8192);
  third = std::move(second);
  CHECK(third.data() == data);
  CHECK(third.bytes() == 4096);
}

TEST_CASE("a region that the system cannot give is empty") {
  CHECK(PageRegion::Map(std::size_t{1} << 62).empty());
  CHECK(PageRegion().empty());
}

}  // namespace
}  // namespace flashsale::engine
