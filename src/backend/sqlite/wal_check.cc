#include "backend/sqlite/wal_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

namespace flashsale::inline v0::sqlite {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::uint32_t kMagicLittle = 0x377F'0682;
constexpr std::uint32_t kMagicBig = 0x377F'0683;
constexpr std::uint32_t kSmallestPage = 512;
constexpr std::uint32_t kLargestPage = 65'536;

std::uint32_t BigEndian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}
std::uint32_t LittleEndian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[3]} << 24 | std::uint32_t{bytes[2]} << 16 |
         std::uint32_t{bytes[1]} << 8 | bytes[0];
}

// The checksum of all so far: two words, each of which goes into the other.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  // REQUIRES: a multiple of eight bytes.
  void Add(std::span<const std::uint8_t> bytes, bool big) {
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      const std::uint8_t* const pair = &bytes[i];
      first += (big ? BigEndian(pair) : LittleEndian(pair)) + second;
      second += (big ? BigEndian(pair + 4) : LittleEndian(pair + 4)) + first;
    }
  }
  static Checksum At(const std::uint8_t* bytes) {
    return {.first = BigEndian(bytes), .second = BigEndian(bytes + 4)};
  }
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

bool IsPageSize(std::uint32_t size) {
  return size >= kSmallestPage && size <= kLargestPage && (size & (size - 1)) == 0;
}

}  // namespace

Result<WalExtent> CheckWal(VfsFile& wal) {
  std::array<std::uint8_t, kHeaderSize> header;
  const Result<std::size_t> read = wal.Read(0, header);
  if (!read.ok()) return read.status();
  if (*read < header.size()) return WalExtent{};
  const std::uint32_t magic = BigEndian(&header[0]);
  const std::uint32_t page_size = BigEndian(&header[8]);
  const bool big = magic == kMagicBig;
  Checksum checksum;
  checksum.Add(std::span(header).first(24), big);
  // What is no log to SQLite is none: so it is after a restart of the log was cut short, when all
  // that was in it is in the database.  SQLite goes on with the marks that it finds there all the
  // same, and they may be those of the frames behind it.
  if ((magic != kMagicLittle && !big) || !IsPageSize(page_size) ||
      checksum != Checksum::At(&header[24])) {
    return WalExtent{.size = 0, .has_rest = true};
  }
  std::vector<std::uint8_t> frame;
  try {
    frame.resize(kFrameHeaderSize + page_size);
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
  WalExtent extent{.size = kHeaderSize};
  std::uint64_t damaged = 0;      // the first frame that is not whole; 0: none
  bool transaction_over = false;  // a transaction has ended at that frame or behind it
  for (std::uint64_t number = 1;; ++number) {
    const std::uint64_t offset = kHeaderSize + (number - 1) * frame.size();
    const Result<std::size_t> size = wal.Read(offset, frame);
    if (!size.ok()) return size.status();
    if (*size < frame.size()) return extent;
    const bool same_log = std::equal(&header[16], &header[24], &frame[8]);
    // On from what the frame before says of itself, whole or not.
    checksum.Add(std::span(frame).first(8), big);
    checksum.Add(std::span(frame).subspan(kFrameHeaderSize), big);
    const Checksum told = Checksum::At(&frame[16]);
    const bool whole = same_log && checksum == told;
    const bool ends_transaction = BigEndian(&frame[4]) != 0;
    if (damaged == 0) {
      if (!whole) damaged = number;
      if (whole && ends_transaction) extent = {.size = offset + frame.size()};
    } else if (whole && transaction_over) {
      return Status(
          StatusCode::kDataLoss,
          fmt::format("frame {} of the write-ahead log is damaged, and others follow on it",
                      damaged));
    }
    if (damaged != 0 && same_log && ends_transaction) transaction_over = true;
    if (same_log && offset >= extent.size) extent.has_rest = true;
    checksum = told;
  }
}

}  // namespace flashsale::inline v0::sqlite
