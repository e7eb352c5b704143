#ifndef FLASHSALE_SRC_POLICY_DRAW_JSON_H_
#define FLASHSALE_SRC_POLICY_DRAW_JSON_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// Writes a flat JSON object, one member a line.
// REQUIRES: names and texts are printable ASCII without `"` and `\`.
class DrawJsonWriter {
 public:
  DrawJsonWriter& Text(std::string_view name, std::string_view value);
  DrawJsonWriter& Number(std::string_view name, std::uint64_t value);
  DrawJsonWriter& Hex(std::string_view name, std::span<const std::uint8_t> bytes);
  // The object; nothing more may be written.
  std::string Finish() &&;

 private:
  std::string json_;
};

// Reads a flat JSON object (RFC 8259) of texts and whole numbers, more strictly than JSON is: texts
// of printable ASCII without escapes, numbers from 0 to 2^53 - 1 without sign, fraction or
// exponent, each member once, at most 8,192 bytes.  Members are taken by name; the first thing that
// is wrong is kept, and what is taken after it means nothing.
//
// Thread safety: as an int.
class DrawJsonReader {
 public:
  static constexpr std::size_t kLongest = 8'192;

  // `text` must outlive it.
  explicit DrawJsonReader(std::string_view text);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  std::string_view Text(std::string_view name);
  std::uint64_t Number(std::string_view name, std::uint64_t highest);
  SaleId Sale(std::string_view name);
  // As many bytes as `bytes` has.
  void Hex(std::string_view name, std::span<std::uint8_t> bytes);
  DrawHash Hash(std::string_view name);
  // Bytes of any number from 1 to `most`.
  std::vector<std::uint8_t> Bytes(std::string_view name, std::size_t most);

  // OK if all was right, and every member was taken.
  Status Finish();

 private:
  struct Member {
    std::string_view name;
    std::string_view text;
    std::uint64_t number;
    bool is_number;
    bool taken;
  };

  const Member* Find(std::string_view name) const;
  Member* Take(std::string_view name, bool is_number);
  void Parse();
  bool ParseMember();
  bool ParseText(std::string_view& text);
  bool ParseNumber(std::uint64_t& number);
  void SkipSpace();
  // Takes `c`; false, with the failure noted, where it is not next.
  bool Expect(char c);
  bool FailAt(std::string_view expectation);
  void Fail(std::string message);

  const std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Member> members_;
  Status status_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_DRAW_JSON_H_
