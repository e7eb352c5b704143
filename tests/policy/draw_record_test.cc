#include "flashsale/policy/draw_record.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

DrawRecord Announced() {
  return {.draw = {.sale = "ps5-drop", .tier = 2},
          .commitment = DrawSeed::FromBytes(CountingBytes()).Commitment(),
          .beacon_source = "drand quicknet, round 1234567",
          .fifo_per_mille = 250};
}

DrawRecord Whole() {
  DrawRecord record = Announced();
  record.freeze =
      DrawFreeze{.fifo_count = 1, .fifo_root = DrawHash{1}, .count = 3, .root = DrawHash{2, 3}};
  record.beacon = std::vector<std::uint8_t>{0xBE, 0xAC};
  record.seed = DrawSeed::FromBytes(CountingBytes());
  return record;
}

std::string Replaced(std::string text, std::string_view old, std::string_view by) {
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), by);
}

std::string ErrorOf(std::string_view json) {
  const Result<DrawRecord> record = DrawRecord::FromJson(json);
  if (record.ok()) return "none";
  CHECK(record.status().code() == StatusCode::kInvalidArgument);
  return record.status().message();
}

bool Says(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST_CASE("a record is written member by member") {
  CHECK(Whole().ToJson() == R"({
  "version": 1,
  "sale": "ps5-drop",
  "tier": 2,
  "commitment": "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd",
  "beacon_source": "drand quicknet, round 1234567",
  "fifo_per_mille": 250,
  "fifo_count": 1,
  "fifo_root": "0100000000000000000000000000000000000000000000000000000000000000",
  "count": 3,
  "root": "0203000000000000000000000000000000000000000000000000000000000000",
  "beacon": "beac",
  "seed": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
}
)");
}

TEST_CASE("a record is read as it was written, at each stage") {
  DrawRecord record = Announced();
  const DrawRecord whole = Whole();
  for (int stage = 0; stage < 4; ++stage) {
    if (stage == 1) record.freeze = whole.freeze;
    if (stage == 2) record.beacon = whole.beacon;
    if (stage == 3) record.seed = whole.seed;
    REQUIRE(Validate(record).ok());
    const Result<DrawRecord> read = DrawRecord::FromJson(record.ToJson());
    REQUIRE(read.ok());
    CHECK(*read == record);
  }
}

TEST_CASE("members come in any order, with any space between them") {
  const Result<DrawRecord> read = DrawRecord::FromJson(
      "\r\n{\"fifo_per_mille\":0,\t\"beacon_source\" : \"\",\"sale\":\"a\",\"tier\":7,"
      "\"commitment\":\"" +
      std::string(64, '0') + "\",\"version\":1} \n");
  REQUIRE(read.ok());
  CHECK(read->draw == DrawId{.sale = "a", .tier = 7});
  CHECK_FALSE(read->freeze.has_value());
}

TEST_CASE("what is no record is refused, and the member named") {
  const std::string json = Whole().ToJson();
  const auto error = [&](std::string_view old, std::string_view by) {
    return ErrorOf(Replaced(json, old, by));
  };
  CHECK(error("\"version\": 1", "\"version\": 0") == "version: 0, expected 1 to 1");
  CHECK(error("\"version\": 1", "\"version\": 2") == "version: 2, expected at most 1");
  CHECK(Says(error("ps5-drop", "ps5 drop"), "sale: 'ps5 drop', expected 1 to 64"));
  CHECK(error("\"tier\": 2", "\"tier\": 8") == "tier: 8, expected at most 7");
  CHECK(Says(error("\"tier\": 2", "\"tier\": \"2\""), "tier: '2', expected a whole number"));
  CHECK(Says(error("\"sale\": \"ps5-drop\"", "\"sale\": 7"), "sale: 7, expected a text"));
  CHECK(Says(error("\"tier\": 2", "\"tier\": 02"), "does not begin with 0"));
  CHECK(Says(error("\"tier\": 2", "\"tier\": -2"), "'-' at byte"));
  CHECK(Says(error("\"tier\": 2", "\"tier\": 2.0"), "'.' at byte"));
  CHECK(Says(error("\"count\": 3", "\"count\": 9007199254740992"), "below 2^53"));
  CHECK(error("\"fifo_per_mille\": 250", "\"fifo_per_mille\": 1001") ==
        "fifo_per_mille: 1001, expected at most 1000");
  CHECK(Says(error("630d", "630D"), "commitment: '630Dcd"));
  CHECK(Says(error("630d", "630"), "expected 64 digits of `0-9 a-f`"));
  CHECK(Says(error("  \"count\": 3,\n", ""), "count: none, expected a whole number"));
  CHECK(Says(error("\"seed\"", "\"sead\""), "'sead': a member that there is not"));
  CHECK(Says(error("\"seed\"", "\"root\""), "'root': given twice"));
  CHECK(Says(error("\"beac\"", "\"bea\""), "beacon: 'bea'"));
  CHECK(Says(error("\"beac\"", "\"\""), "1 to 256 bytes"));
  CHECK(Says(error("drand", "dr\\u0061nd"), "without escapes"));
  CHECK(Says(error("drand", "dr\nand"), "printable ASCII"));
  CHECK(Says(error("drand", "dr\xC3\xA4nd"), "printable ASCII"));
  CHECK(Says(error("drand quicknet, round 1234567", ""), "beacon: without a source"));
  CHECK(Says(error("  \"beacon\": \"beac\",\n", ""), "seed: before the beacon"));
  CHECK(Says(error("drand", std::string(200, 'd')), "beacon_source"));
  CHECK(Says(ErrorOf(json + "x"), "'x' at byte"));
  CHECK(Says(ErrorOf(std::string(8'193, ' ')), "8193 bytes, expected at most 8192"));
  CHECK(Says(ErrorOf(""), "the end at byte 0, expected '{'"));
  CHECK(Says(ErrorOf("[]"), "'[' at byte 0, expected '{'"));
  CHECK(Says(ErrorOf("{}"), "version: none"));
  CHECK(Says(ErrorOf("{\"a\":1,}"), "'}' at byte 7, expected a text"));
  CHECK(Says(ErrorOf("{\"a\":{}}"), "'{' at byte 5"));
}

TEST_CASE("no text that is cut short is a record") {
  const std::string json = Whole().ToJson();
  for (std::size_t size = 0; size + 2 < json.size(); ++size) {
    REQUIRE_FALSE(DrawRecord::FromJson(json.substr(0, size)).ok());
  }
}

TEST_CASE("beacon and seed have their time") {
  DrawRecord record = Announced();
  record.seed = DrawSeed::FromBytes(CountingBytes());
  CHECK(Says(Validate(record).message(), "seed: before the freeze"));
  record = Announced();
  record.beacon = std::vector<std::uint8_t>{1};
  CHECK(Says(Validate(record).message(), "beacon: before the freeze"));
  record = Whole();
  record.beacon = std::vector<std::uint8_t>(257, 1);
  CHECK(Says(Validate(record).message(), "beacon: 257, expected 1 to 256"));
}

TEST_CASE("what was published may be added to, and not be changed") {
  const DrawRecord whole = Whole();
  DrawRecord frozen = Announced();
  frozen.freeze = whole.freeze;
  CHECK(CheckContinues(Announced(), whole).ok());
  CHECK(CheckContinues(frozen, whole).ok());
  CHECK(CheckContinues(whole, whole).ok());
  CHECK(Says(CheckContinues(whole, frozen).message(), "beacon: none, expected beac"));

  const auto changed = [&](auto change) {
    DrawRecord other = whole;
    change(other);
    const Status status = CheckContinues(whole, other);
    CHECK(status.code() == StatusCode::kInvalidArgument);
    return status.message().substr(0, status.message().find(':'));
  };
  CHECK(changed([](DrawRecord& r) { r.draw.sale = "other"; }) == "sale");
  CHECK(changed([](DrawRecord& r) { r.draw.tier = 1; }) == "tier");
  CHECK(changed([](DrawRecord& r) { r.commitment[31] ^= 1; }) == "commitment");
  CHECK(changed([](DrawRecord& r) { r.beacon_source += "0"; }) == "beacon_source");
  CHECK(changed([](DrawRecord& r) { r.fifo_per_mille = 0; }) == "fifo_per_mille");
  CHECK(changed([](DrawRecord& r) { ++r.freeze->fifo_count; }) == "fifo_count");
  CHECK(changed([](DrawRecord& r) { r.freeze->fifo_root[0] ^= 1; }) == "fifo_root");
  CHECK(changed([](DrawRecord& r) { --r.freeze->count; }) == "count");
  CHECK(changed([](DrawRecord& r) { r.freeze->root[5] ^= 1; }) == "root");
  CHECK(changed([](DrawRecord& r) { r.beacon->push_back(0); }) == "beacon");
  CHECK(changed([](DrawRecord& r) { r.seed = DrawSeed::FromBytes({1}); }) == "seed");
}

}  // namespace
}  // namespace flashsale
