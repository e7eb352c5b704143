#include "policy/flat_json.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "flashsale/base/units.h"

namespace flashsale {
namespace {

// A text with what was read of it.
struct Parsed {
  explicit Parsed(std::string_view given) : text(given), ok(json.Parse(text)) {}
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  std::string text;
  FlatJson json;
  bool ok;
};

bool Reads(std::string_view text) { return Parsed(text).ok; }

// What the value of a member "a" is as a text.
std::string StringOf(std::string_view value) {
  const Parsed parsed("{\"a\":" + std::string(value) + "}");
  const JsonValue* const read = parsed.json.Find("a");
  return read != nullptr && read->kind == JsonValue::Kind::kString ? std::string(read->view())
                                                                   : "no string";
}

ScaledNumber Scaled(std::string_view value, int power) {
  const Parsed parsed("{\"a\":" + std::string(value) + "}");
  REQUIRE(parsed.ok);
  REQUIRE(parsed.json.Find("a")->kind == JsonValue::Kind::kNumber);
  return ScaleJsonNumber(*parsed.json.Find("a"), power);
}

TEST_CASE("members are found by name, whatever their order and space") {
  using enum JsonValue::Kind;
  const Parsed parsed(
      " { \"a\" : 1 ,\t\"b\":\"x\",\r\n\"\":null,\"c\":[1, [\"]\"], {}],\"d\":{\"a\":[]} , "
      "\"e\":true,\"f\":false } \n");
  REQUIRE(parsed.ok);
  CHECK(parsed.json.members().size() == 7);
  CHECK(parsed.json.Find("a")->kind == kNumber);
  CHECK(parsed.json.Find("a")->view() == "1");
  CHECK(parsed.json.Find("b")->IsString("x"));
  CHECK_FALSE(parsed.json.Find("a")->IsString("1"));
  CHECK(parsed.json.Find("")->kind == kNull);
  CHECK(parsed.json.Find("c")->kind == kArray);
  CHECK(parsed.json.Find("c")->view() == "[1, [\"]\"], {}]");
  CHECK(parsed.json.Find("d")->kind == kObject);
  CHECK(parsed.json.Find("e")->view() == "true");
  CHECK(parsed.json.Find("f")->kind == kBool);
  CHECK(parsed.json.Find("g") == nullptr);
  CHECK(Reads("{}"));
  CHECK(Reads(" { } "));
}

TEST_CASE("what is not one object of RFC 8259 is refused") {
  for (const char* const text : {"",
                                 " ",
                                 "{",
                                 "}",
                                 "[]",
                                 "1",
                                 "\"a\"",
                                 "null",
                                 "{}{}",
                                 "{} x",
                                 "{,}",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{\"a\":1 \"b\":2}",
                                 "{a:1}",
                                 "{'a':1}",
                                 "{\"a\":'1'}",
                                 "{\"a\":1}}",
                                 "{\"a\":[1,]}",
                                 "{\"a\":[1}",
                                 "{\"a\":[,1]}",
                                 "{\"a\":{\"b\"}}",
                                 "{\"a\":{\"b\":1,}}",
                                 "{\"a\":{1:1}}",
                                 "{\"a\":tru}",
                                 "{\"a\":True}",
                                 "{\"a\":nul}",
                                 "{\"a\":NaN}",
                                 "{\"a\":/**/1}",
                                 "\xef\xbb\xbf{}",
                                 "{\"a\":\"x}",
                                 "{\"a\":\"x\\\"}",
                                 "{\"a\":[\"x\\q\"]}",
                                 "{\"a\":undefined}",
                                 "{\"a\":1;\"b\":2}",
                                 "{\f}"}) {
    CAPTURE(text);
    const Parsed parsed(text);
    CHECK_FALSE(parsed.ok);
    CHECK(parsed.json.members().empty());
  }
  CHECK_FALSE(Reads(std::string_view("{}\0", 3)));
}

TEST_CASE("numbers have the one form of RFC 8259") {
  for (const char* const value :
       {"0", "-0", "10", "1.5", "-1.50", "1e3", "1E+3", "1.0e-3", "0e0"}) {
    CAPTURE(value);
    CHECK(Reads("{\"a\":" + std::string(value) + "}"));
    CHECK(Reads("{\"a\":[" + std::string(value) + "]}"));
  }
  for (const char* const value : {"01", "-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "--1", "0x10",
                                  "1 2", "Infinity", "-01", "1e1.5", "1_0"}) {
    CAPTURE(value);
    CHECK_FALSE(Reads("{\"a\":" + std::string(value) + "}"));
    CHECK_FALSE(Reads("{\"a\":[" + std::string(value) + "]}"));
  }
}

TEST_CASE("a name that comes twice is refused, however it is written") {
  CHECK(Reads(R"({"a":1,"b":2})"));
  CHECK_FALSE(Reads(R"({"a":1,"b":2,"a":1})"));
  CHECK_FALSE(Reads(R"({"a":1,"\u0061":2})"));
  CHECK(Reads(R"({"a":1,"A":2})"));
}

TEST_CASE("escapes stand for their characters") {
  CHECK(StringOf(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(StringOf(R"("\u0041\u00e9\u20AC")") == "A\xc3\xa9\xe2\x82\xac");
  CHECK(StringOf(R"("x\ud83d\ude00y")") == "x\xf0\x9f\x98\x80y");
  CHECK(StringOf(R"("\uDBFF\uDFFF")") == "\xf4\x8f\xbf\xbf");
  CHECK(StringOf(R"("\u0000")") == std::string_view("\0", 1));
  for (const char* const value :
       {R"("\x41")", R"("\u12")", R"("\u12g4")", R"("\ud83d")", R"("\ud83dx")", R"("\ud83d\n")",
        R"("\ude00")", R"("\ud83d\ud83d")", R"("\ud83d\u0041")", R"("\U0041")", R"("\")"}) {
    CAPTURE(value);
    CHECK(StringOf(value) == "no string");
    CHECK_FALSE(Reads("{\"a\":[" + std::string(value) + "]}"));
  }
}

TEST_CASE("strings are UTF-8 without control characters") {
  for (const char* const value :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(value);
    CHECK(StringOf("\"" + std::string(value) + "\"") == value);
  }
  for (const char* const value : {"\x01",
                                  "\t",
                                  "\n",
                                  "\x1f",
                                  "\x80",
                                  "\xbf",
                                  "\xc0\x80",
                                  "\xc1\xbf",
                                  "\xc2",
                                  "\xc2\x20",
                                  "\xe0\x9f\xbf",
                                  "\xed\xa0\x80",
                                  "\xed\xbf\xbf",
                                  "\xe2\x82",
                                  "\xe2\x82\x41",
                                  "\xf0\x8f\xbf\xbf",
                                  "\xf4\x90\x80\x80",
                                  "\xf5\x80\x80\x80",
                                  "\xff",
                                  "\xf0\x9f\x98"}) {
    CAPTURE(value);
    CHECK_FALSE(Reads("{\"a\":\"" + std::string(value) + "\"}"));
    CHECK_FALSE(Reads("{\"a\":[\"" + std::string(value) + "\"]}"));
    CHECK_FALSE(Reads("{\"" + std::string(value) + "\":1}"));
  }
  CHECK_FALSE(Reads(std::string_view("{\"a\":\"\0\"}", 9)));
}

TEST_CASE("there are bounds of members and of depth") {
  const auto with_members = [](std::size_t count) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    }
    return text + "}";
  };
  CHECK(Reads(with_members(FlatJson::kMaxMembers)));
  CHECK_FALSE(Reads(with_members(FlatJson::kMaxMembers + 1)));
  const auto nested = [](int depth) {
    std::string arrays = "{\"a\":";
    std::string objects = "{\"a\":";
    for (int i = 1; i < depth; ++i) arrays += "[";
    for (int i = 1; i < depth; ++i) arrays += "]";
    for (int i = 1; i < depth; ++i) objects += "{\"b\":";
    objects += "0";
    for (int i = 1; i < depth; ++i) objects += "}";
    CHECK(Reads(arrays + "}") == Reads(objects + "}"));
    return Reads(arrays + "}");
  };
  CHECK(nested(2));
  CHECK(nested(FlatJson::kMaxDepth));
  CHECK_FALSE(nested(FlatJson::kMaxDepth + 1));
  CHECK_FALSE(nested(100'000));
}

TEST_CASE("a number is scaled exactly") {
  CHECK(Scaled("1300819380", 6).whole == 1'300'819'380'000'000);
  CHECK(Scaled("1300819380.25", 6).whole == 1'300'819'380'250'000);
  CHECK(Scaled("1300819380.25", 6).exact);
  CHECK(Scaled("1.30081938e9", 6).whole == 1'300'819'380'000'000);
  CHECK(Scaled("13008193800000e-4", 6).whole == 1'300'819'380'000'000);
  CHECK(Scaled("0.0000001", 6).whole == 0);
  CHECK_FALSE(Scaled("0.0000001", 6).exact);
  CHECK(Scaled("0.0000010", 6).whole == 1);
  CHECK(Scaled("0.0000010", 6).exact);
  CHECK(Scaled("1e-3", 0).whole == 0);
  CHECK_FALSE(Scaled("1e-3", 0).exact);
  CHECK(Scaled("0e-3", 0).exact);
  CHECK(Scaled("1500e-2", 0).whole == 15);
  CHECK(Scaled("1500e-2", 0).exact);
  CHECK(Scaled("9007199254740991", 0).whole == kMaxExactInteger);
  CHECK_FALSE(Scaled("9007199254740991", 0).beyond);
  CHECK_FALSE(Scaled("9007199254740991.5", 0).beyond);
  CHECK(Scaled("9007199254740992", 0).beyond);
  CHECK(Scaled("1e400", 0).beyond);
  CHECK(Scaled("1e99999999999999999999", 6).beyond);
  CHECK_FALSE(Scaled("0e99999999999999999999", 6).beyond);
  CHECK(Scaled("1e-99999999999999999999", 6).whole == 0);
  CHECK(Scaled("-1", 0).negative);
  CHECK(Scaled("-1", 0).whole == 1);
  CHECK(Scaled("-0.1", 0).negative);
  CHECK_FALSE(Scaled("-0", 0).negative);
  CHECK_FALSE(Scaled("-0.0e5", 0).negative);
}

TEST_CASE("a string is found in an array of strings") {
  const auto has = [](std::string_view array, std::string_view expected) {
    const Parsed parsed("{\"a\":" + std::string(array) + "}");
    REQUIRE(parsed.ok);
    return JsonArrayHas(*parsed.json.Find("a"), expected);
  };
  CHECK(has(R"([ "x" , "y" ])", "y") == true);
  CHECK(has(R"(["x","\u0079"])", "y") == true);
  CHECK(has(R"(["x","]"])", "y") == false);
  CHECK(has("[]", "y") == false);
  CHECK(has(R"(["y",1])", "y") == std::nullopt);
  CHECK(has(R"([["y"]])", "y") == std::nullopt);
}

}  // namespace
}  // namespace flashsale
