// Any bytes at all are read as a JSON object: what is read, and whether it is, is what another
// parser says, within the bounds of ours.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/flat_json.h"

namespace {

using flashsale::FlatJson;
using flashsale::JsonValue;

void Require(bool holds) {
  if (!holds) std::abort();
}

// What the other parser has seen on its way through a text.
class Witness final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Value("null"); }
  bool boolean(bool value) override { return Value(value ? "true" : "false"); }
  bool number_integer(number_integer_t) override { return Value("number"); }
  bool number_unsigned(number_unsigned_t) override { return Value("number"); }
  bool number_float(number_float_t, const string_t&) override { return Value("number"); }
  bool string(string_t& value) override { return Value("string:" + value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open("object"); }
  bool start_array(std::size_t) override { return Open("array"); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    if (depth_ == 1) names_.push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& error) override {
    constexpr int kNumberOutOfRange = 406;
    undecided_ = error.id == kNumberOutOfRange;
    return false;
  }

  // It cannot tell: a number is larger than it knows.
  bool undecided() const { return undecided_; }
  bool is_object() const { return is_object_; }
  bool within_bounds() const {
    return deepest_ <= FlatJson::kMaxDepth && names_.size() <= FlatJson::kMaxMembers &&
           std::set<std::string>(names_.begin(), names_.end()).size() == names_.size();
  }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::string>& values() const { return values_; }

 private:
  bool Value(const std::string& what) {
    if (depth_ == 1) values_.push_back(what);
    return true;
  }
  bool Open(const std::string& what) {
    if (depth_ == 0) is_object_ = what == "object";
    Value(what);
    deepest_ = std::max(deepest_, ++depth_);
    return true;
  }
  bool Close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  int deepest_ = 0;
  bool is_object_ = false;
  bool undecided_ = false;
  std::vector<std::string> names_;
  std::vector<std::string> values_;
};

std::string Described(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
    case JsonValue::Kind::kBool:
      return std::string(value.view());
    case JsonValue::Kind::kNumber:
      return "number";
    case JsonValue::Kind::kString:
      return "string:" + std::string(value.view());
    case JsonValue::Kind::kArray:
      return "array";
    case JsonValue::Kind::kObject:
      return "object";
  }
  return "";
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string unescaped(text);
  FlatJson json;
  const bool read = json.Parse(unescaped);
  Require(read || json.members().empty());
  // It overlooks a byte order mark, and takes a zero for the end.
  if (text.starts_with("\xef") || text.find('\0') != std::string_view::npos) {
    Require(!read);
    return 0;
  }
  Witness witness;
  const bool lawful = nlohmann::json::sax_parse(text, &witness);
  if (!witness.undecided()) {
    Require(read == (lawful && witness.is_object() && witness.within_bounds()));
  }
  for (std::size_t i = 0; i < json.members().size(); ++i) {
    const FlatJson::Member& member = json.members()[i];
    if (!witness.undecided()) {
      Require(witness.names().at(i) == member.name);
      Require(witness.values().at(i) == Described(member.value));
    }
    Require(json.Find(member.name) == &json.members()[i].value);
    if (member.value.kind == JsonValue::Kind::kArray) JsonArrayHas(member.value, "a");
    if (member.value.kind == JsonValue::Kind::kNumber) {
      // A larger unit has no more of them.
      const flashsale::ScaledNumber whole = ScaleJsonNumber(member.value, 0);
      const flashsale::ScaledNumber finer = ScaleJsonNumber(member.value, 6);
      Require(whole.negative == finer.negative);
      Require(finer.beyond || finer.whole / 1'000'000 == whole.whole);
      Require(!whole.exact || finer.exact);
    }
  }
  return 0;
}
