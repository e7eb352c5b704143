#include "policy/flat_json.h"

#include <algorithm>

#include "flashsale/base/units.h"

namespace flashsale::inline v0 {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// How many bytes follow the first of a character in UTF-8, and in which range the next must lie
// (RFC 3629, section 4); the range is empty where nothing may follow.
struct Utf8Form {
  int more;
  unsigned char lowest;
  unsigned char highest;
};
constexpr Utf8Form kNoCharacter{.more = 1, .lowest = 1, .highest = 0};

Utf8Form FormOf(unsigned char first) {
  if (first < 0x80) return {.more = 0, .lowest = 0, .highest = 0};
  if (first < 0xc2) return kNoCharacter;  // a byte that follows, or an overlong form
  if (first < 0xe0) return {.more = 1, .lowest = 0x80, .highest = 0xbf};
  if (first == 0xe0) return {.more = 2, .lowest = 0xa0, .highest = 0xbf};
  if (first == 0xed) return {.more = 2, .lowest = 0x80, .highest = 0x9f};  // no surrogates
  if (first < 0xf0) return {.more = 2, .lowest = 0x80, .highest = 0xbf};
  if (first == 0xf0) return {.more = 3, .lowest = 0x90, .highest = 0xbf};
  if (first < 0xf4) return {.more = 3, .lowest = 0x80, .highest = 0xbf};
  if (first == 0xf4) return {.more = 3, .lowest = 0x80, .highest = 0x8f};
  return kNoCharacter;
}

// Writes a character in UTF-8; behind it.  An escape is longer than what it stands for.
char* WriteUtf8(std::uint32_t point, char* out) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
  return out;
}

// What stands at a place of a text, taken piece by piece.  False, or nothing: it is not there; then
// the reader is of no further use.
class Reader {
 public:
  explicit Reader(std::span<char> text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool AtEnd() const { return at_ == end_; }

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  // The same with space on both sides.
  bool TakeSign(char c) {
    SkipSpace();
    if (!Take(c)) return false;
    SkipSpace();
    return true;
  }

  // A string's characters, unescaped in place.
  std::optional<std::span<char>> TakeString();

  // Any value; `depth` is that of what it stands in.  Strings in arrays and objects stay as they
  // are.
  std::optional<JsonValue> TakeValue(int depth);

 private:
  // A string as it stands there, checked.
  bool SkipString(char* out);
  bool TakeHex(std::uint32_t& value);
  // Behind a backslash.
  bool TakeEscape(std::uint32_t& point);
  bool TakeWord(std::string_view word) {
    for (const char c : word) {
      if (!Take(c)) return false;
    }
    return true;
  }
  bool TakeDigits() {
    if (at_ == end_ || !IsDigit(*at_)) return false;
    while (at_ != end_ && IsDigit(*at_)) ++at_;
    return true;
  }
  bool TakeNumber();
  // Whatever stands inside an array or an object, to its end.  At most kMaxDepth calls deep.
  bool SkipInside(char opened, int depth);

  char* at_;
  char* const end_;
  char* string_end_ = nullptr;  // of the string that was read last, unescaped
};

bool Reader::TakeHex(std::uint32_t& value) {
  value = 0;
  for (int i = 0; i < 4; ++i) {
    if (at_ == end_) return false;
    const char c = *at_++;
    std::uint32_t digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      return false;
    }
    value = value << 4 | digit;
  }
  return true;
}

bool Reader::TakeEscape(std::uint32_t& point) {
  if (at_ == end_) return false;
  switch (*at_++) {
    case '"':
      point = '"';
      return true;
    case '\\':
      point = '\\';
      return true;
    case '/':
      point = '/';
      return true;
    case 'b':
      point = '\b';
      return true;
    case 'f':
      point = '\f';
      return true;
    case 'n':
      point = '\n';
      return true;
    case 'r':
      point = '\r';
      return true;
    case 't':
      point = '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  if (!TakeHex(point)) return false;
  if (point < 0xd800 || point > 0xdfff) return true;
  std::uint32_t low = 0;
  if (point > 0xdbff || !TakeWord("\\u") || !TakeHex(low) || low < 0xdc00 || low > 0xdfff) {
    return false;
  }
  point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
  return true;
}

// Writes the characters to `out`, unless that is null.
bool Reader::SkipString(char* out) {
  if (!Take('"')) return false;
  while (at_ != end_) {
    const auto first = static_cast<unsigned char>(*at_);
    if (first == '"') {
      ++at_;
      string_end_ = out;
      return true;
    }
    if (first < 0x20) return false;
    if (first == '\\') {
      ++at_;
      std::uint32_t point = 0;
      if (!TakeEscape(point)) return false;
      if (out != nullptr) out = WriteUtf8(point, out);
      continue;
    }
    const Utf8Form form = FormOf(first);
    if (end_ - at_ <= form.more) return false;
    for (int i = 1; i <= form.more; ++i) {
      const auto next = static_cast<unsigned char>(at_[i]);
      if (next < (i == 1 ? form.lowest : 0x80) || next > (i == 1 ? form.highest : 0xbf)) {
        return false;
      }
    }
    for (int i = 0; i <= form.more; ++i, ++at_) {
      if (out != nullptr) *out++ = *at_;
    }
  }
  return false;
}

std::optional<std::span<char>> Reader::TakeString() {
  if (at_ == end_) return std::nullopt;
  char* const begin = at_ + 1;
  if (!SkipString(begin)) return std::nullopt;
  return std::span<char>(begin, string_end_);
}

bool Reader::TakeNumber() {
  Take('-');
  if (!Take('0') && !TakeDigits()) return false;
  if (Take('.') && !TakeDigits()) return false;
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    return TakeDigits();
  }
  return true;
}

bool Reader::SkipInside(char opened, int depth) {
  const bool object = opened == '{';
  const char closed = object ? '}' : ']';
  SkipSpace();
  if (Take(closed)) return true;
  do {
    SkipSpace();
    if (object && (!SkipString(nullptr) || !TakeSign(':'))) return false;
    const bool string = at_ != end_ && *at_ == '"';
    if (string ? !SkipString(nullptr) : !TakeValue(depth).has_value()) return false;
    SkipSpace();
  } while (Take(','));
  return Take(closed);
}

std::optional<JsonValue> Reader::TakeValue(int depth) {
  using enum JsonValue::Kind;
  if (at_ == end_) return std::nullopt;
  char* const begin = at_;
  JsonValue::Kind kind = kNumber;
  bool taken = false;
  switch (*at_) {
    case '"': {
      const std::optional<std::span<char>> text = TakeString();
      if (!text.has_value()) return std::nullopt;
      return JsonValue{.kind = kString, .text = *text};
    }
    case '{':
    case '[':
      kind = *at_ == '{' ? kObject : kArray;
      ++at_;
      taken = depth < FlatJson::kMaxDepth && SkipInside(*begin, depth + 1);
      break;
    case 't':
      kind = kBool;
      taken = TakeWord("true");
      break;
    case 'f':
      kind = kBool;
      taken = TakeWord("false");
      break;
    case 'n':
      kind = kNull;
      taken = TakeWord("null");
      break;
    default:
      taken = TakeNumber();
  }
  if (!taken) return std::nullopt;
  return JsonValue{.kind = kind, .text = {begin, at_}};
}

}  // namespace

ScaledNumber ScaleJsonNumber(const JsonValue& value, int power) {
  std::string_view text = value.view();
  ScaledNumber number;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t mantissa_size = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, mantissa_size);
  std::string_view exponent = text.substr(std::min(mantissa_size + 1, text.size()));

  constexpr std::int64_t kLargeExponent = 1'000'000;  // no text has so many digits
  std::int64_t shift = 0;
  const bool down = exponent.starts_with('-');
  if (down || exponent.starts_with('+')) exponent.remove_prefix(1);
  for (const char c : exponent) shift = std::min(shift * 10 + (c - '0'), kLargeExponent);
  if (down) shift = -shift;

  // The digits before the point, which `shift` moves to the right.
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::int64_t whole_digits = static_cast<std::int64_t>(point) + shift + power;
  const auto take = [&number](std::uint64_t digit) {
    number.whole = number.whole * 10 + digit;
    if (number.whole <= kMaxExactInteger) return;
    number.whole = kMaxExactInteger;
    number.beyond = true;
  };
  bool zero = true;
  for (const char c : mantissa) {
    if (c == '.') continue;
    if (c != '0') zero = false;
    if (whole_digits > 0) {
      if (!number.beyond) take(static_cast<std::uint64_t>(c - '0'));
    } else if (c != '0') {
      number.exact = false;
    }
    --whole_digits;
  }
  for (; whole_digits > 0 && number.whole != 0 && !number.beyond; --whole_digits) take(0);
  number.negative = negative && !zero;
  return number;
}

bool FlatJson::Parse(std::span<char> text) {
  size_ = 0;
  Reader reader(text);
  const auto parse = [this, &reader] {
    if (!reader.TakeSign('{')) return false;
    if (reader.TakeSign('}')) return reader.AtEnd();
    do {
      const std::optional<std::span<char>> name = reader.TakeString();
      if (!name.has_value() || size_ == kMaxMembers || !reader.TakeSign(':')) return false;
      const std::string_view view(name->data(), name->size());
      const std::optional<JsonValue> value = reader.TakeValue(1);
      if (!value.has_value() || Find(view) != nullptr) return false;
      members_[size_++] = {.name = view, .value = *value};
    } while (reader.TakeSign(','));
    return reader.TakeSign('}') && reader.AtEnd();
  };
  if (parse()) return true;
  size_ = 0;
  return false;
}

const JsonValue* FlatJson::Find(std::string_view name) const {
  for (const Member& member : members()) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

std::optional<bool> JsonArrayHas(const JsonValue& array, std::string_view expected) {
  Reader reader(array.text);
  if (!reader.TakeSign('[')) return std::nullopt;
  bool has = false;
  if (reader.TakeSign(']')) return has;
  do {
    const std::optional<std::span<char>> element = reader.TakeString();
    if (!element.has_value()) return std::nullopt;
    if (std::string_view(element->data(), element->size()) == expected) has = true;
  } while (reader.TakeSign(','));
  return has;
}

}  // namespace flashsale::inline v0
