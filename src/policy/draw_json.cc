#include "policy/draw_json.h"

#include <fmt/format.h>

#include <utility>

#include "base/field_check.h"
#include "policy/hex.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint64_t kHighestNumber = (std::uint64_t{1} << 53) - 1;
constexpr std::size_t kMostMembers = 16;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

DrawJsonWriter& DrawJsonWriter::Text(std::string_view name, std::string_view value) {
  json_ += fmt::format("{}  \"{}\": \"{}\"", json_.empty() ? "{\n" : ",\n", name, value);
  return *this;
}

DrawJsonWriter& DrawJsonWriter::Number(std::string_view name, std::uint64_t value) {
  json_ += fmt::format("{}  \"{}\": {}", json_.empty() ? "{\n" : ",\n", name, value);
  return *this;
}

DrawJsonWriter& DrawJsonWriter::Hex(std::string_view name, std::span<const std::uint8_t> bytes) {
  return Text(name, ToHex(bytes));
}

std::string DrawJsonWriter::Finish() && { return std::move(json_) + "\n}\n"; }

DrawJsonReader::DrawJsonReader(std::string_view text) : text_(text) {
  if (text.size() > kLongest) {
    Fail(fmt::format("JSON: {} bytes, expected at most {}", text.size(), kLongest));
    return;
  }
  Parse();
}

void DrawJsonReader::Parse() {
  SkipSpace();
  if (!Expect('{')) return;
  SkipSpace();
  if (at_ < text_.size() && text_[at_] == '}') {
    ++at_;
  } else {
    for (;;) {
      if (!ParseMember()) return;
      SkipSpace();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        SkipSpace();
        continue;
      }
      if (!Expect('}')) return;
      break;
    }
  }
  SkipSpace();
  if (at_ != text_.size()) FailAt("the end");
}

bool DrawJsonReader::ParseMember() {
  Member member{};
  if (!ParseText(member.name)) return false;
  if (Has(member.name)) {
    Fail(fmt::format("{}: given twice, expected once", Printable(member.name)));
    return false;
  }
  if (members_.size() == kMostMembers) return FailAt("no further member");
  SkipSpace();
  if (!Expect(':')) return false;
  SkipSpace();
  member.is_number = at_ < text_.size() && IsDigit(text_[at_]);
  if (member.is_number ? !ParseNumber(member.number) : !ParseText(member.text)) return false;
  members_.push_back(member);
  return true;
}

bool DrawJsonReader::ParseText(std::string_view& text) {
  if (at_ >= text_.size() || text_[at_] != '"') return FailAt("a text or a whole number");
  const std::size_t first = ++at_;
  for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] < ' ' || text_[at_] > '~' || text_[at_] == '\\') {
      return FailAt("printable ASCII without escapes");
    }
  }
  text = text_.substr(first, at_ - first);
  return Expect('"');
}

bool DrawJsonReader::ParseNumber(std::uint64_t& number) {
  if (text_[at_] == '0' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1])) {
    return FailAt("a number that does not begin with 0");
  }
  for (number = 0; at_ < text_.size() && IsDigit(text_[at_]); ++at_) {
    number = number * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
    if (number > kHighestNumber) return FailAt("a number below 2^53");
  }
  return true;
}

void DrawJsonReader::SkipSpace() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool DrawJsonReader::Expect(char c) {
  if (at_ >= text_.size() || text_[at_] != c) return FailAt(fmt::format("'{}'", c));
  ++at_;
  return true;
}

bool DrawJsonReader::FailAt(std::string_view expectation) {
  Fail(fmt::format("JSON: {} at byte {}, expected {}",
                   at_ < text_.size() ? Printable(text_.substr(at_, 1)) : "the end", at_,
                   expectation));
  return false;
}

void DrawJsonReader::Fail(std::string message) {
  if (status_.ok()) status_ = Status(StatusCode::kInvalidArgument, std::move(message));
}

const DrawJsonReader::Member* DrawJsonReader::Find(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

DrawJsonReader::Member* DrawJsonReader::Take(std::string_view name, bool is_number) {
  auto* const member = const_cast<Member*>(Find(name));
  const std::string_view kind = is_number ? "a whole number" : "a text";
  if (member == nullptr) {
    Fail(fmt::format("{}: none, expected {}", name, kind));
    return nullptr;
  }
  member->taken = true;
  if (member->is_number == is_number) return member;
  Fail(fmt::format("{}: {}, expected {}", name,
                   is_number ? Printable(member->text) : fmt::format("{}", member->number), kind));
  return nullptr;
}

std::string_view DrawJsonReader::Text(std::string_view name) {
  const Member* const member = Take(name, /*is_number=*/false);
  return member == nullptr ? std::string_view() : member->text;
}

std::uint64_t DrawJsonReader::Number(std::string_view name, std::uint64_t highest) {
  const Member* const member = Take(name, /*is_number=*/true);
  if (member == nullptr) return 0;
  if (member->number > highest) {
    Fail(fmt::format("{}: {}, expected at most {}", name, member->number, highest));
  }
  return member->number;
}

SaleId DrawJsonReader::Sale(std::string_view name) {
  const std::string_view text = Text(name);
  SaleId sale(text);
  if (!sale.valid()) {
    Fail(fmt::format("{}: {}, expected 1 to 64 of `A-Z a-z 0-9 . _ -`", name, Printable(text)));
  }
  return sale;
}

void DrawJsonReader::Hex(std::string_view name, std::span<std::uint8_t> bytes) {
  const Member* const member = Take(name, /*is_number=*/false);
  if (member == nullptr || ReadHex(member->text, bytes)) return;
  Fail(fmt::format("{}: {}, expected {} digits of `0-9 a-f`", name, Printable(member->text),
                   2 * bytes.size()));
}

DrawHash DrawJsonReader::Hash(std::string_view name) {
  DrawHash hash{};
  Hex(name, hash);
  return hash;
}

std::vector<std::uint8_t> DrawJsonReader::Bytes(std::string_view name, std::size_t most) {
  const std::string_view text = Text(name);
  std::vector<std::uint8_t> bytes(text.size() / 2);
  if (bytes.empty() || bytes.size() > most || !ReadHex(text, bytes)) {
    Fail(fmt::format("{}: {}, expected two digits of `0-9 a-f` a byte, 1 to {} bytes", name,
                     Printable(text), most));
  }
  return bytes;
}

Status DrawJsonReader::Finish() {
  for (const Member& member : members_) {
    if (!member.taken) Fail(fmt::format("{}: a member that there is not", Printable(member.name)));
  }
  return status_;
}

}  // namespace flashsale::inline v0
