#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_BYTES_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_BYTES_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace flashsale::inline v0::journal {

using Bytes = std::span<const std::uint8_t>;

// Writes numbers and bytes one behind the other.  Numbers of fixed size lie with the lowest byte
// first; a varint is LEB128: seven bits a byte, the lowest first, the top bit set in all but the
// last; a signed one is folded first so that small ones of both signs are short (zigzag).
//
// Everything throws std::bad_alloc.  Thread safety: as an int.
class ByteWriter {
 public:
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  Bytes bytes() const { return bytes_; }
  void Reserve(std::size_t size) { bytes_.reserve(size); }
  void Clear() { bytes_.clear(); }
  void Swap(ByteWriter& other) noexcept { bytes_.swap(other.bytes_); }
  // Takes back what was written beyond this size.
  void Truncate(std::size_t size) { bytes_.resize(size); }

  void U8(std::uint8_t value) { bytes_.push_back(value); }
  void U32(std::uint32_t value) { Fixed<4>(value); }
  void U64(std::uint64_t value) { Fixed<8>(value); }
  void Varint(std::uint64_t value) {
    std::array<std::uint8_t, 10> bytes;
    std::size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<std::uint8_t>(value | 0x80);
    bytes[size++] = static_cast<std::uint8_t>(value);
    Raw(Bytes(bytes).first(size));
  }
  void Signed(std::int64_t value) {
    Varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void Raw(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  // Its length as a varint before it.
  void Text(std::string_view text) {
    Varint(text.size());
    Raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }

 private:
  template <std::size_t Size>
  void Fixed(std::uint64_t value) {
    std::array<std::uint8_t, Size> bytes;
    for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    Raw(bytes);
  }

  std::vector<std::uint8_t> bytes_;
};

// Reads what a ByteWriter has written.  What goes beyond the end, or is no number, reads as zero
// and makes the reader fail for good: look at ok() once, at the end.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == bytes_.size(); }
  // Of the next byte, from the beginning.
  std::size_t position() const { return at_; }

  // The next byte, which stays the next.  REQUIRES: not AtEnd().
  std::uint8_t Peek() const { return bytes_[at_]; }
  std::uint8_t U8() {
    const Bytes byte = Raw(1);
    return byte.empty() ? std::uint8_t{0} : byte[0];
  }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Fixed<4>()); }
  std::uint64_t U64() { return Fixed<8>(); }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = U8();
      const std::uint64_t bits = byte & 0x7FU;
      // Of the tenth byte one bit is left; a last byte of zero is a longer way to write the same.
      if ((shift == 63 && bits > 1) || (byte == 0 && shift != 0)) break;
      value |= bits << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t folded = Varint();
    return static_cast<std::int64_t>(folded >> 1 ^ (~(folded & 1) + 1));
  }
  // A varint that fits; else the reader fails.
  template <typename Number>
  Number Small() {
    const std::uint64_t value = Varint();
    if (value > static_cast<std::uint64_t>(static_cast<Number>(~Number{0}))) ok_ = false;
    return ok_ ? static_cast<Number>(value) : Number{0};
  }
  // Empty where there are not so many.
  Bytes Raw(std::size_t size) {
    if (!ok_ || size > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const Bytes raw = bytes_.subspan(at_, size);
    at_ += size;
    return raw;
  }
  std::string_view Text() {
    const Bytes raw = Raw(Varint());
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  void Fail() { ok_ = false; }

 private:
  template <std::size_t Size>
  std::uint64_t Fixed() {
    std::uint64_t value = 0;
    const Bytes raw = Raw(Size);
    for (std::size_t i = 0; i < raw.size(); ++i) value |= std::uint64_t{raw[i]} << (8 * i);
    return value;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_BYTES_H_
