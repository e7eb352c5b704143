#ifndef FLASHSALE_SRC_POLICY_FLAT_JSON_H_
#define FLASHSALE_SRC_POLICY_FLAT_JSON_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flashsale::inline v0 {

// One value of a JSON text (RFC 8259); it refers to the text.
struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  // Of a string its characters, in UTF-8 and without escapes; of anything else how it stands there.
  std::span<char> text = {};

  std::string_view view() const { return {text.data(), text.size()}; }
  bool IsString(std::string_view expected) const {
    return kind == Kind::kString && view() == expected;
  }
};

// A number times a power of ten, without its fraction.
struct ScaledNumber {
  std::uint64_t whole = 0;  // of the absolute value; at most 2^53 - 1
  bool negative = false;    // and not zero
  bool exact = true;        // there was no fraction
  bool beyond = false;      // larger than 2^53 - 1
};
// Of the value of a JSON number.  REQUIRES: `value` is one, 0 <= power <= 18.
ScaledNumber ScaleJsonNumber(const JsonValue& value, int power);

// A JSON text that is one object: its members are read, what lies deeper is checked and left as it
// is.
//
// Strict: nothing but RFC 8259, UTF-8 without overlong forms and surrogates, escaped surrogates in
// pairs alone, no name twice, at most kMaxMembers members and kMaxDepth levels.
// Thread safety: as an int.  Ownership: none, the text must outlive it.
class FlatJson {
 public:
  static constexpr std::size_t kMaxMembers = 64;
  static constexpr int kMaxDepth = 8;

  // Unescapes in place, so that the text is none any more afterwards.  False where it is no such
  // object; then there are no members.
  bool Parse(std::span<char> text);

  struct Member {
    std::string_view name;
    JsonValue value;
  };
  std::span<const Member> members() const { return std::span(members_).first(size_); }

  // Null where there is none.
  const JsonValue* Find(std::string_view name) const;

 private:
  std::array<Member, kMaxMembers> members_;
  std::size_t size_ = 0;
};

// Whether one of the elements of an array is this string; nothing where one is no string.
// Unescapes in place: once for an array.  REQUIRES: `array` is one, of a FlatJson.
std::optional<bool> JsonArrayHas(const JsonValue& array, std::string_view expected);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_FLAT_JSON_H_
